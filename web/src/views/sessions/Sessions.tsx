import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';

import { sessionsQuery, type Session } from '@/api/people';
import { useDownload } from '@/download/context';
import type { Column } from '@/table/columns';
import { ListTable } from '@/table/ListTable';
import { Time } from '@/time/zone';
import { duration, plural } from '@/ui/format';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { Empty } from '@/ui/notes';
import { Status } from '@/ui/Status';
import { countColumns, useRecordCounts } from '@/views/data/record-counts';
import { Attribute } from '@/views/participants/Attribute';
import { attributeNames, attributeText } from '@/views/participants/attributes';

export const lengthOf = (session: Session) => (session.start && session.end ? Date.parse(session.end) - Date.parse(session.start) : null);

export function SessionsView() {
  const { study } = useParams({ strict: false }) as { study: string };
  const query = useQuery(sessionsQuery(study));
  const navigate = useNavigate();
  const { open } = useDownload();
  const counts = useRecordCounts(study, 'session');
  const names = useMemo(() => attributeNames(query.data?.items ?? []), [query.data]);
  const columns = useMemo<Column<Session>[]>(
    () => [
      { id: 'id', title: 'Session', size: 190, value: (row) => `${row.name} ${row.id}`, cell: (row) => <Link to="/studies/$study/sessions/$session" params={{ study, session: row.id }}>{row.name || row.id}</Link> },
      { id: 'key', title: 'Id', size: 150, value: (row) => row.id, cell: (row) => <span className="mono quiet">{row.id}</span> },
      { id: 'status', title: 'Status', size: 120, value: (row) => row.status, cell: (row) => <Status of={row.status} /> },
      { id: 'participants', title: 'Participants', size: 110, align: 'right', value: (row) => row.attendance.length, cell: (row) => row.attendance.length },
      { id: 'start', title: 'Start', size: 170, value: (row) => row.start, cell: (row) => <Time at={row.start} /> },
      { id: 'duration', title: 'Duration', size: 120, align: 'right', unit: 'ms', value: lengthOf, cell: (row) => duration(lengthOf(row)) },
      { id: 'roles', title: 'Roles', size: 170, value: (row) => rolesOf(row), cell: (row) => rolesOf(row) || <span className="quiet">–</span> },
      ...countColumns<Session>(counts),
      ...names.map((name, index): Column<Session> => ({
        id: `attribute.${name}`, title: name, size: 130, hidden: index >= 4,
        value: (row) => attributeText(row.attributes[name as never]), cell: (row) => <Attribute value={row.attributes[name as never]} />,
      })),
      {
        id: 'actions', title: 'Actions', size: 80, fixed: true,
        cell: (row) => (
          <Tooltip label="Download the session">
            <ActionIcon size="sm" aria-label={`Download session ${row.name || row.id}`} onClick={() => open({ study, selection: { sessions: [row.id] }, what: `Session ${row.id}` })}>
              <Icon name="download" size={14} />
            </ActionIcon>
          </Tooltip>
        ),
      },
    ],
    [study, counts, names, open],
  );
  return (
    <>
      <Heading title="Sessions" about="Meetings of participants, such as the rooms of an experiment." />
      <ListTable
        label="Sessions"
        searchLabel="Search sessions"
        columns={columns}
        query={query}
        rowKey={(row) => row.id}
        state={(row) => row.status}
        usualSort="start"
        tools={(rows, narrowed) => (
          <Button
            leftSection={<Icon name="download" />}
            disabled={rows.length === 0}
            onClick={() => open({ study, selection: narrowed ? { sessions: rows.map((row) => row.id) } : {}, what: narrowed ? `${plural(rows.length, 'session')} of ${study}` : 'The whole study' })}
          >
            {narrowed ? 'Download these' : 'Download all'}
          </Button>
        )}
        onOpen={(row) => void navigate({ to: '/studies/$study/sessions/$session', params: { study, session: row.id } })}
        empty={
          <Empty
            icon="calendar"
            title="This study has no sessions"
            action={
              <Button component={Link} to={`/studies/${study}/participants` as '/'} variant="light">
                See the participants
              </Button>
            }
          >
            Not every study has them. Records that name a session make it appear here.
          </Empty>
        }
      />
    </>
  );
}

function rolesOf(session: Session): string {
  const roles = new Map<string, number>();
  for (const { role } of session.attendance) if (role) roles.set(role, (roles.get(role) ?? 0) + 1);
  return [...roles].map(([role, number]) => (number > 1 ? `${number} ${role}s` : role)).join(', ');
}
