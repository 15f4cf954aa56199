import { Button, Group, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { beginSecondFactor, confirmSecondFactor, putPassword, removeSecondFactor } from '@/api/access';
import { sessionQuery } from '@/api/session';
import { CodeBlock } from '@/code/CodeBlock';
import { Time } from '@/time/zone';
import { Heading } from '@/ui/Heading';
import { ErrorNote, Note } from '@/ui/notes';
import { Tag } from '@/ui/Status';
import { useToast } from '@/ui/toast';

import { QrCode } from './QrCode';

export function AccountView() {
  const { data: session } = useQuery(sessionQuery);
  if (!session) return null;
  const { account } = session;
  return (
    <main className="view" id="main" tabIndex={-1}>
      <Heading title="Account" about={`${account.name} · ${account.email}`} />
      <dl className="strip">
        <div><dt>Id</dt><dd className="mono">{account.id}</dd></div>
        <div><dt>Rights on this server</dt><dd>{account.admin ? 'administrator' : 'own studies, and those let into'}</dd></div>
        <div><dt>Since</dt><dd><Time at={account.created_at} digits="day" /></dd></div>
        <div><dt>This session ends</dt><dd><Time at={session.expires_at} digits="min" /></dd></div>
      </dl>
      <h2 className="section">
        Second factor <Tag tone={account.second_factor ? 'good' : 'fair'}>{account.second_factor ? 'on' : 'off'}</Tag>
      </h2>
      {account.second_factor ? <RemoveFactor /> : <AddFactor />}
      <h2 className="section">Password</h2>
      <Password />
    </main>
  );
}

function AddFactor() {
  const [code, setCode] = useState('');
  const queries = useQueryClient();
  const begin = useMutation({ mutationFn: beginSecondFactor });
  const confirm = useMutation({ mutationFn: () => confirmSecondFactor(code.replaceAll(' ', '')) });
  if (confirm.data) {
    return (
      <div className="form">
        <Note tone="fair" icon="key" title="Your recovery codes, shown this once">
          <Text size="sm" mb={6}>
            Each signs you in once when the authenticator is lost. Keep them where you keep passwords.
          </Text>
          <CodeBlock text={confirm.data.recovery_codes.join('\n')} label="Recovery codes" />
        </Note>
        <Button onClick={() => void queries.invalidateQueries({ queryKey: ['session'] })}>I have them</Button>
      </div>
    );
  }
  return (
    <div className="form">
      <Text size="sm" c="dimmed" mb="xs">
        With a second factor, signing in also asks for a code of an authenticator app: a stolen password is then not enough.
      </Text>
      {!begin.data && (
        <Button loading={begin.isPending} onClick={() => begin.mutate()}>
          Set it up
        </Button>
      )}
      <ErrorNote error={begin.error} />
      {begin.data && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            confirm.mutate();
          }}
        >
          <Stack gap="sm">
            <Text size="sm">
              Let the authenticator on your phone read this code, <a href={begin.data.uri}>open the one on this device</a>, or type the secret into it.
            </Text>
            <div className="factor">
              <QrCode text={begin.data.uri} label="QR code of the secret for an authenticator. The secret stands beside it as text." />
              <CodeBlock text={begin.data.secret.replace(/(.{4})/g, '$1 ').trim()} label="The secret" />
            </div>
            <TextInput label="The code it shows" inputMode="numeric" autoComplete="one-time-code" required value={code} onChange={(event) => setCode(event.currentTarget.value)} w={160} />
            <ErrorNote error={confirm.error} />
            <Group>
              <Button type="submit" loading={confirm.isPending}>
                Turn it on
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </div>
  );
}

function RemoveFactor() {
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const queries = useQueryClient();
  const remove = useMutation({ mutationFn: () => removeSecondFactor({ password, code: code.replaceAll(' ', '') }), onSuccess: () => queries.invalidateQueries({ queryKey: ['session'] }) });
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        remove.mutate();
      }}
    >
      <Stack gap="sm">
        <PasswordInput label="Your password" required value={password} onChange={(event) => setPassword(event.currentTarget.value)} autoComplete="current-password" />
        <TextInput label="A code of your authenticator, or a recovery code" required value={code} onChange={(event) => setCode(event.currentTarget.value)} autoComplete="one-time-code" />
        <ErrorNote error={remove.error} />
        <Group>
          <Button type="submit" color="red" variant="light" loading={remove.isPending}>
            Turn it off
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Password() {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const toast = useToast();
  const put = useMutation({
    mutationFn: () => putPassword({ current, new: next }),
    onSuccess: () => {
      setCurrent('');
      setNext('');
      toast.say('The password is changed; your other sessions have ended. Keys go on.');
    },
  });
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        put.mutate();
      }}
    >
      <Stack gap="sm">
        <PasswordInput label="Current password" required autoComplete="current-password" value={current} onChange={(event) => setCurrent(event.currentTarget.value)} />
        <PasswordInput label="New password" description="At least 8 characters." required minLength={8} autoComplete="new-password" value={next} onChange={(event) => setNext(event.currentTarget.value)} />
        <ErrorNote error={put.error} />
        <Group>
          <Button type="submit" loading={put.isPending}>
            Change it
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
