import { Button, Group, Modal, Stack } from '@mantine/core';
import type { ReactNode } from 'react';

import { ErrorNote } from './notes';

interface Props {
  opened?: boolean;
  title: string;
  /** What the button says: the deed, not "OK". */
  action: string;
  /** The deed: what it is doing, and what came of it when it was refused. */
  deed: { mutate: () => void; isPending: boolean; error: unknown };
  disabled?: boolean;
  onClose: () => void;
  children: ReactNode;
}

/** A dialog that makes or changes something: its fields, what was refused and why, and the two ways out. What was typed stays when it
 *  was refused. */
export function FormDialog({ opened = true, title, action, deed, disabled, onClose, children }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          deed.mutate();
        }}
      >
        <Stack gap="sm">
          {children}
          <ErrorNote error={deed.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={deed.isPending} disabled={disabled ?? false}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
