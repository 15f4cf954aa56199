import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import { deleteKey, keysQuery, type Key, type KeyMade } from '@/api/keys';
import type { Column } from '@/table/columns';
import { ListTable } from '@/table/ListTable';
import { Time } from '@/time/zone';
import { count } from '@/ui/format';
import { Confirm } from '@/ui/Confirm';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { Empty } from '@/ui/notes';
import { Status } from '@/ui/Status';
import { useToast } from '@/ui/toast';

import { MadeKey } from './MadeKey';
import { NewKey } from './NewKey';

const stateOf = (key: Key) => (key.revoked_at ? 'revoked' : key.expires_at && Date.parse(key.expires_at) < Date.now() ? 'expired' : 'active');

export function KeysView() {
  const query = useQuery(keysQuery);
  const queries = useQueryClient();
  const toast = useToast();
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<KeyMade | null>(null);
  const [revoking, setRevoking] = useState<Key | null>(null);
  const revoke = useMutation({
    mutationFn: (key: Key) => deleteKey(key.id),
    onSuccess: () => {
      setRevoking(null);
      toast.say('The key is revoked; the next request with it is refused.');
      return queries.invalidateQueries({ queryKey: ['keys'] });
    },
  });
  const columns = useMemo<Column<Key>[]>(
    () => [
      { id: 'name', title: 'Name', size: 200, value: (key) => key.name, cell: (key) => key.name },
      { id: 'state', title: 'State', size: 100, value: stateOf, cell: (key) => <Status of={stateOf(key)} /> },
      { id: 'scopes', title: 'May', size: 240, value: (key) => key.scopes.join(' '), cell: (key) => <span className="mono">{key.scopes.join(' ')}</span> },
      { id: 'studies', title: 'In', size: 180, value: (key) => key.studies?.join(' ') ?? 'all studies', cell: (key) => key.studies?.join(', ') ?? <span className="quiet">all studies of the account</span> },
      { id: 'expires', title: 'Expires', size: 130, value: (key) => key.expires_at, cell: (key) => <Time at={key.expires_at} digits="day" none="never" /> },
      { id: 'used', title: 'Last used', size: 150, value: (key) => key.last_used_at, cell: (key) => <Time at={key.last_used_at} digits="min" none="never" /> },
      { id: 'uses', title: 'Uses', size: 80, align: 'right', value: (key) => key.uses, cell: (key) => count(key.uses) },
      { id: 'created', title: 'Made', size: 130, value: (key) => key.created_at, cell: (key) => <Time at={key.created_at} digits="day" /> },
      {
        id: 'actions', title: 'Actions', size: 80, fixed: true,
        cell: (key) =>
          stateOf(key) === 'active' && (
            <Tooltip label="Revoke">
              <ActionIcon size="sm" aria-label={`Revoke ${key.name}`} onClick={() => setRevoking(key)}>
                <Icon name="trash" size={14} />
              </ActionIcon>
            </Tooltip>
          ),
      },
    ],
    [],
  );
  return (
    <main className="view" id="main" tabIndex={-1}>
      <Heading title="Keys" about="What scripts sign in with. A key can do no more than your account.">
        <Button leftSection={<Icon name="plus" />} onClick={() => setMaking(true)}>
          New key
        </Button>
      </Heading>
      <ListTable
        label="Keys"
        searchLabel="Search keys"
        columns={columns}
        query={query}
        rowKey={(key) => key.id}
        state={stateOf}
        usualSort="-created"
        empty={
          <Empty icon="key" title="No key yet" action={<Button onClick={() => setMaking(true)}>New key</Button>}>
            With a key, a script reads and sends data without your password.
          </Empty>
        }
      />
      {making && (
        <NewKey
          onClose={() => setMaking(false)}
          onMade={(key) => {
            setMaking(false);
            setMade(key);
          }}
        />
      )}
      {made && <MadeKey made={made} onClose={() => setMade(null)} />}
      <Confirm opened={revoking !== null} title={`Revoke ${revoking?.name ?? ''}?`} action="Revoke the key" busy={revoke.isPending} error={revoke.error} onClose={() => setRevoking(null)} onConfirm={() => revoking && revoke.mutate(revoking)}>
        Scripts that use it stop working with their next request. This cannot be undone; a new key can be made at any time.
      </Confirm>
    </main>
  );
}
