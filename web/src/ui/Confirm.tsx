import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useEffect, useState, type ReactNode } from 'react';

import { ErrorNote } from './notes';

interface Props {
  opened: boolean;
  title: string;
  /** What the button says: the deed, not "OK". */
  action: string;
  children: ReactNode;
  /** To be typed, for what cannot be undone. */
  typed?: string | undefined;
  busy?: boolean;
  error?: unknown;
  onClose: () => void;
  onConfirm: () => void;
}

export function Confirm({ opened, title, action, children, typed, busy, error, onClose, onConfirm }: Props) {
  const [text, setText] = useState('');
  useEffect(() => {
    if (opened) setText('');
  }, [opened]);
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!typed || text === typed) onConfirm();
        }}
      >
        <Stack gap="sm">
          <Text size="sm" component="div">
            {children}
          </Text>
          {typed && <TextInput label={<>Type <b>{typed}</b> to go on</>} autoComplete="off" data-autofocus value={text} onChange={(event) => setText(event.currentTarget.value)} />}
          <ErrorNote error={error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" color="red" loading={busy ?? false} disabled={typed !== undefined && text !== typed}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
