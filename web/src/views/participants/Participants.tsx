import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';

import { participantsQuery, sessionsQuery, type Participant } from '@/api/people';
import { useDownload } from '@/download/context';
import { countColumns, useRecordCounts } from '@/views/data/record-counts';
import { Attribute } from '@/views/participants/Attribute';
import { attributeNames, attributeText } from '@/views/participants/attributes';
import type { Column } from '@/table/columns';
import { ListTable } from '@/table/ListTable';
import { Time } from '@/time/zone';
import { plural } from '@/ui/format';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { Empty } from '@/ui/notes';
import { Status } from '@/ui/Status';

export function ParticipantsView() {
  const { study } = useParams({ strict: false }) as { study: string };
  const query = useQuery(participantsQuery(study));
  const { data: sessions } = useQuery(sessionsQuery(study));
  const navigate = useNavigate();
  const download = useDownload();
  const attended = useMemo(() => {
    const all = new Map<string, { sessions: number; roles: Set<string> }>();
    for (const session of sessions?.items ?? []) {
      for (const { participant, role } of session.attendance) {
        const entry = all.get(participant) ?? { sessions: 0, roles: new Set<string>() };
        entry.sessions += 1;
        if (role) entry.roles.add(role);
        all.set(participant, entry);
      }
    }
    return all;
  }, [sessions]);
  const counts = useRecordCounts(study, 'participant');
  const names = useMemo(() => attributeNames(query.data?.items ?? []), [query.data]);
  const hasSessions = (sessions?.total ?? 0) > 0;
  const columns = useMemo<Column<Participant>[]>(
    () => [
      { id: 'id', title: 'Participant', size: 260, value: (row) => row.id, cell: (row) => <Link to="/studies/$study/participants/$participant" params={{ study, participant: row.id }} className="mono">{row.id}</Link> },
      { id: 'code', title: 'Code', size: 140, value: (row) => row.code, cell: (row) => row.code || <span className="quiet">–</span> },
      { id: 'status', title: 'Status', size: 120, value: (row) => row.status, cell: (row) => <Status of={row.status} /> },
      ...(hasSessions
        ? ([
            { id: 'sessions', title: 'Sessions', size: 90, align: 'right', value: (row) => attended.get(row.id)?.sessions ?? 0, cell: (row) => attended.get(row.id)?.sessions ?? 0 },
            { id: 'role', title: 'Role', size: 120, value: (row) => [...(attended.get(row.id)?.roles ?? [])].join(', '), cell: (row) => [...(attended.get(row.id)?.roles ?? [])].join(', ') || <span className="quiet">–</span> },
          ] satisfies Column<Participant>[])
        : []),
      ...countColumns<Participant>(counts),
      ...names.map((name, index): Column<Participant> => ({
        id: `attribute.${name}`, title: name, size: 140, hidden: index >= 4,
        value: (row) => attributeText(row.attributes[name as never]), cell: (row) => <Attribute value={row.attributes[name as never]} />,
      })),
      { id: 'created', title: 'First known', size: 160, value: (row) => row.created_at, cell: (row) => <Time at={row.created_at} digits="min" /> },
    ],
    [study, hasSessions, attended, counts, names],
  );
  return (
    <>
      <Heading title="Participants" about="Everybody of the study, whatever session they were in." />
      <ListTable
        label="Participants"
        searchLabel="Search participants"
        columns={columns}
        query={query}
        rowKey={(row) => row.id}
        state={(row) => row.status}
        tools={(rows, narrowed) => (
          <Button
            leftSection={<Icon name="download" />}
            disabled={rows.length === 0}
            onClick={() => download.open({ study, selection: narrowed ? { participants: rows.map((row) => row.id) } : {}, what: narrowed ? `${plural(rows.length, 'participant')} of ${study}` : 'The whole study' })}
          >
            {narrowed ? 'Download these' : 'Download all'}
          </Button>
        )}
        onOpen={(row) => void navigate({ to: '/studies/$study/participants/$participant', params: { study, participant: row.id } })}
        empty={
          <Empty
            icon="people"
            title="Nobody has taken part yet"
            action={
              <Button component={Link} to={`/studies/${study}/import` as '/'} variant="light">
                Import data
              </Button>
            }
          >
            Participants appear with the first record that names them.
          </Empty>
        }
      />
    </>
  );
}
