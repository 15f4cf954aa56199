import { useQueries, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';

import type { Dataset } from '@/api/datasets';
import { participantsQuery, type Participant } from '@/api/people';
import { manyRecordsQuery, type Record_ } from '@/api/records';
import type { Column } from '@/table/columns';
import { ListTable } from '@/table/ListTable';
import { Time } from '@/time/zone';
import { compact } from '@/ui/format';
import { Empty, ErrorNote } from '@/ui/notes';
import { Status, Tag } from '@/ui/Status';
import { valuesOf } from '@/views/data/values';
import { percent } from '@/views/quality/parts';

const MOST = 20_000;
const STEPS = ['briefing', 'donation', 'questionnaire', 'debriefing'];

/** What the donation pages note of a participant. */
interface Course {
  start_time?: string | null;
  end_time?: string | null;
  current_step?: number | null;
  completed?: boolean;
  extra_data?: { url_param?: Record<string, string | null> };
}
const courseOf = (participant: Participant) => participant.attributes as Course;
const stepOf = (participant: Participant) => STEPS[courseOf(participant).current_step ?? -1] ?? '';
const parameters = (participant: Participant) => Object.entries(courseOf(participant).extra_data?.url_param ?? {}).map(([name, value]) => `${name}=${value ?? ''}`).join(' ');

/** The states that mean: something was given. DDM's pages and its newer ones say it differently. */
const GIVEN = new Set(['success', 'DATA_EXTRACTED']);

/** Who began, how far they came, and what they gave. */
export function Participation({ study, given }: { study: string; given: Dataset[] }) {
  const people = useQuery(participantsQuery(study));
  const navigate = useNavigate();
  const donations = useQueries({ queries: given.map((dataset) => manyRecordsQuery(study, dataset.id, {}, MOST)), combine: (all) => ({ data: all.map((one) => one.data), error: all.find((one) => one.error)?.error }) });
  const by = useMemo(
    () =>
      new Map(
        given.map((dataset, index) => {
          const first = new Map<string, Record_>();
          for (const record of donations.data[index]?.records ?? []) if (record.participant && !first.has(record.participant)) first.set(record.participant, record);
          return [dataset.id, first];
        }),
      ),
    [given, donations.data],
  );
  const columns = useMemo<Column<Participant>[]>(
    () => [
      { id: 'id', title: 'Participant', size: 230, value: (row) => row.id, cell: (row) => <Link to="/studies/$study/participants/$participant" params={{ study, participant: row.id }} className="mono">{row.id}</Link> },
      { id: 'start', title: 'Started', size: 150, value: (row) => courseOf(row).start_time, cell: (row) => <Time at={courseOf(row).start_time} digits="min" /> },
      { id: 'end', title: 'Ended', size: 150, value: (row) => courseOf(row).end_time, cell: (row) => <Time at={courseOf(row).end_time} digits="min" /> },
      { id: 'step', title: 'Came to', size: 130, value: (row) => courseOf(row).current_step, cell: (row) => stepOf(row) || <span className="quiet">–</span> },
      { id: 'completed', title: 'Completed', size: 100, value: (row) => (courseOf(row).completed ? 1 : 0), cell: (row) => (courseOf(row).completed ? <Tag tone="good">yes</Tag> : <span className="quiet">no</span>) },
      ...given.map((dataset): Column<Participant> => ({
        id: `donation.${dataset.id}`, title: dataset.name, size: 190, value: (row) => wordOf(by.get(dataset.id)?.get(row.id)), cell: (row) => <Donation record={by.get(dataset.id)?.get(row.id)} />,
      })),
      { id: 'parameters', title: 'Came with', size: 180, hint: 'The parameters of the address they came by', value: parameters, cell: (row) => <span className="mono">{parameters(row)}</span> },
      { id: 'code', title: 'Code', size: 130, hidden: true, value: (row) => row.code, cell: (row) => row.code },
    ],
    [study, given, by],
  );
  const everybody = people.data?.items ?? [];
  const completed = everybody.filter((one) => courseOf(one).completed).length;
  const files = [...by.values()].reduce((sum, records) => sum + [...records.values()].filter((record) => GIVEN.has(String(valuesOf(record)['status'] ?? ''))).length, 0);
  const part = donations.data.some((one) => one && !one.complete);
  return (
    <>
      <dl className="figures">
        <div className="figure"><dt className="figure-title">Started</dt><dd className="figure-value">{people.data ? compact(people.data.total) : '…'}</dd></div>
        <div className="figure"><dt className="figure-title">Completed</dt><dd className="figure-value">{people.data ? compact(completed) : '…'}</dd></div>
        <div className="figure"><dt className="figure-title">Of those who started</dt><dd className="figure-value">{everybody.length > 0 ? percent(completed / everybody.length) : '–'}</dd></div>
        <div className="figure"><dt className="figure-title">Files donated</dt><dd className="figure-value">{compact(files)}{part && '+'}</dd></div>
      </dl>
      <ErrorNote error={donations.error} />
      <ListTable
        label="Participation"
        searchLabel="Search participants"
        columns={columns}
        query={people}
        rowKey={(row) => row.id}
        state={stepOf}
        onOpen={(row) => void navigate({ to: '/studies/$study/participants/$participant', params: { study, participant: row.id } })}
        empty={<Empty icon="people" title="Nobody has begun yet">Who opens the project’s briefing page appears here.</Empty>}
      />
    </>
  );
}

const wordOf = (record: Record_ | undefined) => (record ? String(valuesOf(record)['status'] ?? '') : '');

function Donation({ record }: { record: Record_ | undefined }) {
  if (!record) return <span className="quiet">–</span>;
  const consent = valuesOf(record)['consent'];
  return (
    <>
      <Status of={wordOf(record)} /> <span className="quiet small">{consent === true || consent === 1 ? 'consents' : consent === false || consent === 0 ? 'no consent' : 'not asked'}</span>
    </>
  );
}
