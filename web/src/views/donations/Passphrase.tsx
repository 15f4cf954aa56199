import { Button, Group, PasswordInput, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { lockStudy, unlockStudy } from '@/api/donations';
import { ErrorNote, Note } from '@/ui/notes';
import { useToast } from '@/ui/toast';

/** Super-secret: what was donated opens with a passphrase that the server does not keep. */
export function Passphrase({ study, locked }: { study: string; locked: boolean }) {
  const [passphrase, setPassphrase] = useState('');
  const [again, setAgain] = useState('');
  const queries = useQueryClient();
  const toast = useToast();
  const change = useMutation({
    mutationFn: () => (locked ? unlockStudy(study, passphrase) : lockStudy(study, passphrase)),
    onSuccess: async () => {
      setPassphrase('');
      setAgain('');
      await queries.invalidateQueries({ queryKey: ['study', study] });
      toast.say(locked ? 'The project is unlocked.' : 'The project is super-secret now.');
    },
  });
  const differs = !locked && again !== '' && again !== passphrase;
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate();
      }}
    >
      <Stack gap="sm" mt="md">
        {locked ? (
          <Note tone="own" icon="lock" title="This project is super-secret">
            <Text size="sm">Donations, recordings and export files open with its passphrase only. Unlocking lets the server open them again.</Text>
          </Note>
        ) : (
          <Note tone="fair" icon="warning" title="Who loses the passphrase loses the donations">
            <Text size="sm">The server does not keep it. From then on donations, recordings and export files open with it alone; data still comes in, and the API of DDM hands out no donations and no responses.</Text>
          </Note>
        )}
        <PasswordInput label="Passphrase" description={locked ? undefined : 'At least 12 characters.'} minLength={12} maxLength={1024} required autoComplete="off" value={passphrase} onChange={(event) => setPassphrase(event.currentTarget.value)} />
        {!locked && <PasswordInput label="The same again" required autoComplete="off" value={again} onChange={(event) => setAgain(event.currentTarget.value)} error={differs ? 'The two differ.' : undefined} />}
        <ErrorNote error={change.error} />
        <Group>
          <Button type="submit" color={locked ? undefined : 'red'} loading={change.isPending} disabled={!locked && passphrase !== again}>
            {locked ? 'Unlock the project' : 'Make it super-secret'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
