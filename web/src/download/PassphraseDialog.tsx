import { Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { ErrorNote } from '@/ui/notes';

interface Props {
  /** What is done with it, and for how long it is kept. */
  children: string;
  action: string;
  /** A refusal is shown and what was typed stays. */
  onGiven: (passphrase: string) => Promise<void>;
  onClose: () => void;
}

export function PassphraseDialog({ children, action, onGiven, onClose }: Props) {
  const [passphrase, setPassphrase] = useState('');
  const open = useMutation({ mutationFn: () => onGiven(passphrase), onSuccess: onClose });
  return (
    <Modal opened onClose={onClose} title="This study is locked">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          open.mutate();
        }}
      >
        <Stack gap="sm">
          <Text size="sm">Its files open with the owner’s passphrase only. {children}</Text>
          <PasswordInput label="Passphrase of the study" required data-autofocus autoComplete="off" value={passphrase} onChange={(event) => setPassphrase(event.currentTarget.value)} />
          <ErrorNote error={open.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={open.isPending}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
