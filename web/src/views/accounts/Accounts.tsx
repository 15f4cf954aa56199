import { Button, PasswordInput, Switch, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import { accountsQuery, changeAccount, createAccount, type Account } from '@/api/access';
import type { Column } from '@/table/columns';
import { ListTable } from '@/table/ListTable';
import { Time } from '@/time/zone';
import { FormDialog } from '@/ui/FormDialog';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { Empty } from '@/ui/notes';
import { Status } from '@/ui/Status';

const stateOf = (account: Account) => (account.disabled ? 'disabled' : 'active');

/** Who may sign in to this server; for administrators. */
export function AccountsView() {
  const query = useQuery(accountsQuery);
  const [editing, setEditing] = useState<Account | 'new' | null>(null);
  const columns = useMemo<Column<Account>[]>(
    () => [
      { id: 'name', title: 'Name', size: 200, value: (row) => row.name, cell: (row) => row.name },
      { id: 'email', title: 'E-mail address', size: 250, value: (row) => row.email, cell: (row) => row.email },
      { id: 'state', title: 'State', size: 110, value: stateOf, cell: (row) => <Status of={stateOf(row)} /> },
      { id: 'admin', title: 'Administrator', size: 120, value: (row) => (row.admin ? 'yes' : 'no'), cell: (row) => (row.admin ? 'yes' : '') },
      { id: 'factor', title: 'Second factor', size: 120, value: (row) => (row.second_factor ? 'on' : 'off'), cell: (row) => (row.second_factor ? 'on' : 'off') },
      { id: 'created', title: 'Since', size: 130, value: (row) => row.created_at, cell: (row) => <Time at={row.created_at} digits="day" /> },
      { id: 'id', title: 'Id', size: 220, value: (row) => row.id, cell: (row) => <span className="mono quiet">{row.id}</span> },
    ],
    [],
  );
  return (
    <main className="view" id="main" tabIndex={-1}>
      <Heading title="Accounts" about="Who may sign in to this server.">
        <Button leftSection={<Icon name="plus" />} onClick={() => setEditing('new')}>
          New account
        </Button>
      </Heading>
      <ListTable label="Accounts" searchLabel="Search accounts" columns={columns} query={query} rowKey={(row) => row.id} state={stateOf} usualSort="name" onOpen={setEditing} empty={<Empty icon="people" title="No account" />} />
      {editing === 'new' && <NewAccount onClose={() => setEditing(null)} />}
      {editing && editing !== 'new' && <Change account={editing} onClose={() => setEditing(null)} />}
    </main>
  );
}

function NewAccount({ onClose }: { onClose: () => void }) {
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [admin, setAdmin] = useState(false);
  const queries = useQueryClient();
  const make = useMutation({ mutationFn: () => createAccount({ email: email.trim(), name, password, admin }), onSuccess: async () => { await queries.invalidateQueries({ queryKey: ['accounts'] }); onClose(); } });
  return (
    <FormDialog title="New account" action="Make the account" deed={make} onClose={onClose}>
      <TextInput label="E-mail address" type="email" required data-autofocus value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
      <TextInput label="Name" required value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <PasswordInput label="First password" description="At least 8 characters. Tell them in person; they change it under Account." required minLength={8} autoComplete="new-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
      <Switch size="sm" label="Administrator" description="Sees every study and account of this server." checked={admin} onChange={(event) => setAdmin(event.currentTarget.checked)} />
    </FormDialog>
  );
}

function Change({ account, onClose }: { account: Account; onClose: () => void }) {
  const [name, setName] = useState(account.name);
  const [admin, setAdmin] = useState(account.admin);
  const [disabled, setDisabled] = useState(account.disabled);
  const [dropFactor, setDropFactor] = useState(false);
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: () => changeAccount(account.id, { name, ...(admin !== account.admin ? { admin } : {}), ...(disabled !== account.disabled ? { disabled } : {}), ...(dropFactor ? { second_factor: false as const } : {}) }),
    onSuccess: async () => { await queries.invalidateQueries({ queryKey: ['accounts'] }); onClose(); },
  });
  return (
    <FormDialog title={account.email} action="Save" deed={change} onClose={onClose}>
      <TextInput label="Name" required value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <Switch size="sm" label="Administrator" checked={admin} onChange={(event) => setAdmin(event.currentTarget.checked)} />
      <Switch size="sm" label="Disabled" description="Sessions end and keys stop at once." checked={disabled} onChange={(event) => setDisabled(event.currentTarget.checked)} />
      {account.second_factor && <Switch size="sm" label="Take the second factor away" description="For somebody who lost it." checked={dropFactor} onChange={(event) => setDropFactor(event.currentTarget.checked)} />}
    </FormDialog>
  );
}
