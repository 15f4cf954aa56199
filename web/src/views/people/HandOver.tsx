import { TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { putOwner } from '@/api/access';
import { Confirm } from '@/ui/Confirm';

export function HandOver({ study, onClose }: { study: string; onClose: () => void }) {
  const [account, setAccount] = useState('');
  const queries = useQueryClient();
  const navigate = useNavigate();
  const put = useMutation({
    mutationFn: () => putOwner(study, account.trim()),
    onSuccess: async () => {
      onClose();
      await queries.invalidateQueries();
      await navigate({ to: '/studies' });
    },
  });
  return (
    <Confirm opened title="Hand the study over?" action="Hand over" typed={study} busy={put.isPending} error={put.error} onClose={onClose} onConfirm={() => put.mutate()}>
      Whoever owns it now keeps nothing in it unless the new owner lets them in.
      <TextInput mt="sm" label="E-mail address of the new owner" required value={account} onChange={(event) => setAccount(event.currentTarget.value)} />
    </Confirm>
  );
}
