import { Modal, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { onSessionEnd } from '@/api/client';
import { sessionQuery } from '@/api/session';
import { SignInForm } from '@/views/sign-in/SignInForm';

/** A session that ends in the middle of work: sign in over the view, which keeps what was typed. */
export function SessionEnded() {
  const [ended, setEnded] = useState(false);
  const { data: session } = useQuery(sessionQuery);
  const queries = useQueryClient();
  useEffect(() => onSessionEnd(() => setEnded(true)), []);
  return (
    <Modal opened={ended} onClose={() => setEnded(false)} title="Your session has ended" closeOnClickOutside={false} size="sm">
      <Text size="sm" mb="sm">
        Sign in again to go on. What you typed is still there.
      </Text>
      <SignInForm
        email={session?.account.email ?? ''}
        onDone={(next) => {
          queries.setQueryData(sessionQuery.queryKey, next);
          setEnded(false);
          void queries.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
        }}
      />
    </Modal>
  );
}
