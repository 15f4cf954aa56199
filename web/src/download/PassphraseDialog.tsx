import { PasswordInput, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { FormDialog } from '@/ui/FormDialog';

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
    <FormDialog title="This study is locked" action={action} deed={open} onClose={onClose}>
      <Text size="sm">Its files open with the owner’s passphrase only. {children}</Text>
      <PasswordInput label="Passphrase of the study" required data-autofocus autoComplete="off" value={passphrase} onChange={(event) => setPassphrase(event.currentTarget.value)} />
    </FormDialog>
  );
}
