import { Button } from '@mantine/core';
import { useQueries, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';

import { datasetsQuery } from '@/api/datasets';
import { participantsQuery, sessionOfStudyQuery, type Session } from '@/api/people';
import { qualityQuery, type StudyQuality } from '@/api/quality';
import { useDownload } from '@/download/context';
import type { Column } from '@/table/columns';
import { ListTable } from '@/table/ListTable';
import { Time } from '@/time/zone';
import { count, duration } from '@/ui/format';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { Busy, Empty, ErrorNote } from '@/ui/notes';
import { Status } from '@/ui/Status';
import { DataCards } from '@/views/data/DataCards';
import { qualityPath } from '@/views/data/scope';
import { Attribute } from '@/views/participants/Attribute';

import { lengthOf } from './Sessions';

type Attendance = Session['attendance'][number];
/** Of so many it is counted what each has of the session. */
const COUNTED = 200;
type Had = StudyQuality['datasets'] | 'hidden' | undefined;

export function SessionPage() {
  const { study, session: id } = useParams({ strict: false }) as { study: string; session: string };
  const { data: session, error, isPending, refetch } = useQuery(sessionOfStudyQuery(study, id));
  const download = useDownload();
  const navigate = useNavigate();
  const { data: people } = useQuery(participantsQuery(study));
  const { data: datasets } = useQuery(datasetsQuery(study));
  const there = useMemo(() => [...new Set(session?.attendance.map((one) => one.participant))].slice(0, COUNTED), [session]);
  const combine = useCallback((all: UseQueryResult<StudyQuality>[]) => new Map<string, Had>(all.map((one, index) => [there[index] ?? '', one.isError ? 'hidden' : one.data?.datasets])), [there]);
  const had = useQueries({ queries: there.map((participant) => qualityQuery(study, { session: id, participant })), combine });
  const statuses = useMemo(() => new Map(people?.items.map((one) => [one.id, one.status])), [people]);
  const names = useMemo(() => new Map(datasets?.map((one) => [one.id, one.name])), [datasets]);
  const columns = useMemo<Column<Attendance>[]>(
    () => [
      { id: 'participant', title: 'Participant', size: 270, value: (row) => row.participant, cell: (row) => <Link to="/studies/$study/sessions/$session/participants/$participant" params={{ study, session: id, participant: row.participant }} className="mono">{row.participant}</Link> },
      { id: 'role', title: 'Role', size: 120, value: (row) => row.role, cell: (row) => row.role || <span className="quiet">–</span> },
      { id: 'status', title: 'Status', size: 120, value: (row) => statuses.get(row.participant), cell: (row) => <Status of={statuses.get(row.participant) ?? ''} /> },
      { id: 'records', title: 'Records', size: 100, align: 'right', value: (row) => recordsOf(had.get(row.participant)), cell: (row) => <Records of={had.get(row.participant)} known={had.has(row.participant)} /> },
      { id: 'available', title: 'Data available', size: 260, hint: 'Datasets with records of them in this session', value: (row) => namesOf(had.get(row.participant), names), cell: (row) => <Available of={had.get(row.participant)} known={had.has(row.participant)} names={names} /> },
      { id: 'joined', title: 'Joined', size: 180, value: (row) => row.joined_at, cell: (row) => <Time at={row.joined_at} /> },
      { id: 'left', title: 'Left', size: 180, value: (row) => row.left_at, cell: (row) => <Time at={row.left_at} /> },
      { id: 'stayed', title: 'Stayed', size: 130, align: 'right', unit: 'ms', value: stayed, cell: (row) => duration(stayed(row)) },
    ],
    [study, id, statuses, had, names],
  );
  if (error && !session) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (isPending) return <Busy what="Reading the session" />;
  return (
    <>
      <Heading title={session.name || session.id} about={<>Session <code>{session.id}</code></>}>
        <Button variant="default" component={Link} to={qualityPath({ study, session: id }) as '/'} leftSection={<Icon name="pulse" />}>
          Quality
        </Button>
        <Button leftSection={<Icon name="download" />} onClick={() => download.open({ study, selection: { sessions: [id] }, what: `Session ${id}` })}>
          Download the session
        </Button>
      </Heading>
      <dl className="strip">
        <div><dt>Status</dt><dd><Status of={session.status} /></dd></div>
        <div><dt>Start</dt><dd><Time at={session.start} /></dd></div>
        <div><dt>End</dt><dd><Time at={session.end} /></dd></div>
        <div><dt>Duration</dt><dd>{duration(lengthOf(session))}</dd></div>
        {Object.entries(session.attributes as Record<string, unknown>).map(([name, value]) => (
          <div key={name}><dt>{name}</dt><dd><Attribute value={value} /></dd></div>
        ))}
      </dl>
      <h2 className="section">Data</h2>
      <DataCards scope={{ study, session: id }} />
      <h2 className="section">Participants</h2>
      <ListTable
        label="Participants of the session"
        searchLabel="Search participants"
        columns={columns}
        query={{ data: { items: session.attendance, total: session.attendance.length, complete: true }, error: null, isPending: false, refetch }}
        rowKey={(row) => `${row.participant} ${row.joined_at}`}
        state={(row) => statuses.get(row.participant) ?? ''}
        onOpen={(row) => void navigate({ to: '/studies/$study/sessions/$session/participants/$participant', params: { study, session: id, participant: row.participant } })}
        empty={<Empty icon="people" title="Nobody is listed in this session">Records may still name it: see its data above.</Empty>}
      />
    </>
  );
}

const stayed = (row: Attendance) => (row.joined_at && row.left_at ? Date.parse(row.left_at) - Date.parse(row.joined_at) : null);

const recordsOf = (had: Had) => (had && had !== 'hidden' ? had.reduce((sum, one) => sum + one.records, 0) : null);
const namesOf = (had: Had, names: Map<string, string>) => (had && had !== 'hidden' ? had.filter((one) => one.records > 0).map((one) => names.get(one.dataset) ?? one.dataset).join(', ') : '');

function Records({ of, known }: { of: Had; known: boolean }) {
  const records = recordsOf(of);
  if (records === null) return <Unknown of={of} known={known} />;
  return records === 0 ? <span className="quiet">0</span> : <>{count(records)}</>;
}

function Available({ of, known, names }: { of: Had; known: boolean; names: Map<string, string> }) {
  if (!of || of === 'hidden') return <Unknown of={of} known={known} />;
  const words = namesOf(of, names);
  return words ? <span title={words}>{words}</span> : <span className="quiet">nothing</span>;
}

const Unknown = ({ of, known }: { of: Had; known: boolean }) => <span className="quiet">{known && of !== 'hidden' ? '…' : '–'}</span>;
