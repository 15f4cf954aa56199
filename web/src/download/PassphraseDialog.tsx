import { Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import type { Export } from '@/api/exports';
import { ErrorNote } from '@/ui/notes';

import { saveLocked } from './save';

export function PassphraseDialog({ job, onClose }: { job: Export; onClose: () => void }) {
  const [passphrase, setPassphrase] = useState('');
  const open = useMutation({ mutationFn: () => saveLocked(job, passphrase), onSuccess: onClose });
  return (
    <Modal opened onClose={onClose} title="This study is locked">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          open.mutate();
        }}
      >
        <Stack gap="sm">
          <Text size="sm">Its files open with the owner’s passphrase only. It is sent to this server for this one download and not kept.</Text>
          <PasswordInput label="Passphrase of the study" required data-autofocus value={passphrase} onChange={(event) => setPassphrase(event.currentTarget.value)} />
          <ErrorNote error={open.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={open.isPending}>
              Download
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
