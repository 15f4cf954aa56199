import { ActionIcon, Button, Group, Tooltip } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { deleteGrant, grantsQuery, putGrant, type Grant } from '@/api/access';
import type { Column } from '@/table/columns';
import { ListTable } from '@/table/ListTable';
import { Time } from '@/time/zone';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { Empty } from '@/ui/notes';
import { Status } from '@/ui/Status';
import { useToast } from '@/ui/toast';

import { GrantEditor, rightsOf } from './GrantEditor';
import { HandOver } from './HandOver';

const nameOf = (grant: Grant) => grant.account.name ?? grant.account.email ?? grant.account.id;

export function PeopleView() {
  const { study } = useParams({ strict: false }) as { study: string };
  const query = useQuery(grantsQuery(study));
  const [editing, setEditing] = useState<Grant | 'new' | null>(null);
  const [handing, setHanding] = useState(false);
  const queries = useQueryClient();
  const toast = useToast();
  const refresh = () => queries.invalidateQueries({ queryKey: ['study', study, 'grants'] });
  const remove = useMutation({
    mutationFn: (grant: Grant) => deleteGrant(study, grant.account.id),
    onSuccess: async (_, grant) => {
      await refresh();
      toast.say(`${nameOf(grant)} is no longer let in.`, () => void putGrant(study, grant.account.id, rightsOf(grant)).then(refresh).catch(toast.fail));
    },
    onError: toast.fail,
  });
  const { mutate } = remove;
  const columns = useMemo<Column<Grant>[]>(
    () => [
      { id: 'name', title: 'Who', size: 200, value: nameOf, cell: (grant) => nameOf(grant) },
      { id: 'email', title: 'E-mail address', size: 220, value: (grant) => grant.account.email, cell: (grant) => grant.account.email },
      { id: 'rights', title: 'May', size: 200, value: (grant) => grant.rights.join(' '), cell: (grant) => grant.rights.join(', ') },
      { id: 'datasets', title: 'Datasets', size: 150, value: (grant) => grant.datasets?.join(' ') ?? 'all', cell: (grant) => grant.datasets?.join(', ') ?? <span className="quiet">all</span> },
      { id: 'sites', title: 'Sites', size: 110, value: (grant) => grant.sites?.join(' ') ?? 'all', cell: (grant) => grant.sites?.join(', ') ?? <span className="quiet">all</span> },
      { id: 'identifiers', title: 'Identifiers', size: 110, value: (grant) => (grant.identifiers ? 'seen' : 'hidden'), cell: (grant) => (grant.identifiers ? 'seen' : 'hidden') },
      { id: 'expires', title: 'Until', size: 150, value: (grant) => grant.expires_at, cell: (grant) => (grant.expired ? <Status of="expired" /> : <Time at={grant.expires_at} digits="min" none="open" />) },
      {
        id: 'actions', title: 'Actions', size: 90, fixed: true,
        cell: (grant) => (
          <Group gap={2} wrap="nowrap">
            <Tooltip label="Change"><ActionIcon size="sm" aria-label={`Change the rights of ${nameOf(grant)}`} onClick={() => setEditing(grant)}><Icon name="gear" size={14} /></ActionIcon></Tooltip>
            <Tooltip label="Take away"><ActionIcon size="sm" aria-label={`Take the rights of ${nameOf(grant)} away`} onClick={() => mutate(grant)}><Icon name="trash" size={14} /></ActionIcon></Tooltip>
          </Group>
        ),
      },
    ],
    [mutate],
  );
  const grants = query.data?.grants ?? [];
  return (
    <>
      <Heading title="People" about={query.data ? <>Owned by {query.data.owner.name ?? query.data.owner.id} {query.data.owner.email && `(${query.data.owner.email})`}</> : undefined}>
        <Button variant="default" onClick={() => setHanding(true)}>
          Hand the study over
        </Button>
        <Button leftSection={<Icon name="plus" />} onClick={() => setEditing('new')}>
          Let somebody in
        </Button>
      </Heading>
      <ListTable
        label="People"
        searchLabel="Search people"
        columns={columns}
        query={{ ...query, data: query.data ? { items: grants, total: grants.length, complete: true } : undefined }}
        rowKey={(grant) => grant.account.id}
        onOpen={setEditing}
        empty={<Empty icon="people" title="Only the owner may see this study" action={<Button onClick={() => setEditing('new')}>Let somebody in</Button>}>Let colleagues in for the whole study or some datasets, with or without identifiers, for as long as they need.</Empty>}
      />
      {editing && <GrantEditor study={study} grant={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
      {handing && <HandOver study={study} onClose={() => setHanding(false)} />}
    </>
  );
}
