import { useQueries, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';

import type { Dataset } from '@/api/datasets';
import { participantsQuery } from '@/api/people';
import { participantQualityQuery, type ParticipantQuality } from '@/api/quality';
import type { Column } from '@/table/columns';
import { ListTable } from '@/table/ListTable';
import { Time } from '@/time/zone';
import { count } from '@/ui/format';
import { Empty } from '@/ui/notes';

import { Complete, Counted } from './parts';

interface Row {
  participant: string;
  by: Map<string, ParticipantQuality>;
}

const sum = (row: Row, of: (one: ParticipantQuality) => number) => [...row.by.values()].reduce((total, one) => total + of(one), 0);
const last = (row: Row) => [...row.by.values()].map((one) => one.last_time).filter(Boolean).sort().at(-1);

/** Who sent how much of what was expected of them: a row for everybody of the study, who sent nothing too. */
export function Compliance({ study, datasets }: { study: string; datasets: Dataset[] }) {
  const people = useQuery(participantsQuery(study));
  const navigate = useNavigate();
  const lists = useQueries({ queries: datasets.map((dataset) => participantQualityQuery(study, dataset.id)), combine: (all) => ({ data: all.map((one) => one.data), error: all.find((one) => one.error)?.error, isPending: all.some((one) => one.isPending), refetch: () => all.forEach((one) => void one.refetch()) }) });
  const items = useMemo(() => {
    const rows = new Map<string, Row>((people.data?.items ?? []).map((one) => [one.id, { participant: one.id, by: new Map() }]));
    datasets.forEach((dataset, index) => {
      for (const entry of lists.data[index]?.items ?? []) {
        const row = rows.get(entry.participant) ?? { participant: entry.participant, by: new Map() };
        row.by.set(dataset.id, entry);
        rows.set(entry.participant, row);
      }
    });
    return [...rows.values()];
  }, [people.data, lists.data, datasets]);
  const expecting = useMemo(() => datasets.filter((_, index) => lists.data[index]?.items.some((entry) => entry.completeness !== null)), [datasets, lists.data]);
  const columns = useMemo<Column<Row>[]>(
    () => [
      { id: 'participant', title: 'Participant', size: 230, value: (row) => row.participant, cell: (row) => <Link to="/studies/$study/participants/$participant/quality" params={{ study, participant: row.participant }} className="mono">{row.participant}</Link> },
      { id: 'records', title: 'Records', size: 100, align: 'right', value: (row) => sum(row, (one) => one.records), cell: (row) => count(sum(row, (one) => one.records)) },
      { id: 'datasets', title: 'Data in', size: 100, align: 'right', hint: 'Datasets with something of theirs', value: (row) => row.by.size, cell: (row) => `${row.by.size} of ${datasets.length}` },
      ...expecting.map((dataset, index): Column<Row> => ({
        id: `complete.${dataset.id}`, title: dataset.name, size: 170, hidden: index >= 6, hint: `Completeness of ${dataset.name}`,
        value: (row) => row.by.get(dataset.id)?.completeness?.fraction ?? (row.by.has(dataset.id) ? null : 0),
        cell: (row) => (row.by.has(dataset.id) ? <Complete of={row.by.get(dataset.id)?.completeness ?? null} words={false} /> : <span className="quiet">nothing came</span>),
      })),
      { id: 'errors', title: 'Errors', size: 80, align: 'right', value: (row) => sum(row, (one) => one.counts.error), cell: (row) => <Counted of={sum(row, (one) => one.counts.error)} tone="bad" /> },
      { id: 'warnings', title: 'Warnings', size: 90, align: 'right', value: (row) => sum(row, (one) => one.counts.warning), cell: (row) => <Counted of={sum(row, (one) => one.counts.warning)} tone="fair" /> },
      { id: 'last', title: 'Last record', size: 150, value: last, cell: (row) => <Time at={last(row)} digits="min" /> },
    ],
    [study, datasets.length, expecting],
  );
  return (
    <ListTable
      label="Compliance"
      searchLabel="Search participants"
      columns={columns}
      query={{
        data: people.data && !lists.isPending ? { items, total: items.length, complete: people.data.complete && lists.data.every((list) => list?.complete !== false) } : undefined,
        error: people.error ?? lists.error, isPending: people.isPending || lists.isPending,
        refetch: () => { void people.refetch(); lists.refetch(); },
      }}
      rowKey={(row) => row.participant}
      onOpen={(row) => void navigate({ to: '/studies/$study/participants/$participant/quality', params: { study, participant: row.participant } })}
      empty={<Empty icon="people" title="Nobody has taken part yet">Participants appear with the first record that names them.</Empty>}
    />
  );
}
