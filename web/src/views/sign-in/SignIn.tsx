import { Paper, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';

import { sessionQuery } from '@/api/session';

import { SignInForm } from './SignInForm';

export function SignInView() {
  const router = useRouter();
  const queries = useQueryClient();
  const { next } = useSearch({ from: '/sign-in' });
  return (
    <main className="sign-in" id="main">
      <Paper withBorder p="xl" className="sign-in-card">
        <div className="sign-in-brand">
          <img src="/icon.svg" alt="" width={34} height={34} />
          <Title order={1}>Sheaf</Title>
        </div>
        <SignInForm
          onDone={(session) => {
            queries.setQueryData(sessionQuery.queryKey, session);
            router.history.push(next ?? '/studies');
          }}
        />
      </Paper>
    </main>
  );
}
