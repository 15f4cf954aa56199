import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';

import { ApiProblem } from '@/api/problem';
import { signIn, type Session } from '@/api/session';
import { ErrorNote } from '@/ui/notes';

export function SignInForm({ email: known = '', onDone }: { email?: string; onDone: (session: Session) => void }) {
  const [email, setEmail] = useState(known);
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [needsCode, setNeedsCode] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      onDone(await signIn({ email: email.trim(), password, ...(needsCode ? { code: code.replaceAll(' ', '') } : {}) }));
    } catch (error) {
      if (error instanceof ApiProblem && error.slug === 'second-factor-required') setNeedsCode(true);
      else setProblem(error);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <TextInput label="E-mail address" type="email" autoComplete="username" size="sm" required value={email} onChange={(event) => setEmail(event.currentTarget.value)} data-autofocus={!known} autoFocus={!known} />
        <PasswordInput label="Password" autoComplete="current-password" size="sm" required value={password} onChange={(event) => setPassword(event.currentTarget.value)} data-autofocus={!!known} />
        {needsCode && (
          <>
            <TextInput
              label="Code of your second factor"
              description="Six digits from your authenticator app, or one of your recovery codes."
              inputMode="text"
              autoComplete="one-time-code"
              size="sm"
              required
              autoFocus
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
            />
          </>
        )}
        <ErrorNote error={problem} />
        <Button type="submit" size="sm" loading={busy} fullWidth>
          Sign in
        </Button>
        <Text size="xs" c="dimmed">
          No account? An administrator of this server makes one, on the page or with <code>sheaf user add</code>.
        </Text>
      </Stack>
    </form>
  );
}
