import { Button } from '@mantine/core';
import { useQueries, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';

import { datasetsQuery, summaryQuery, type Dataset, type Summary } from '@/api/datasets';
import { useDownload } from '@/download/context';
import type { Column } from '@/table/columns';
import { ListTable } from '@/table/ListTable';
import { Time } from '@/time/zone';
import { count } from '@/ui/format';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { Empty } from '@/ui/notes';

interface Row {
  dataset: Dataset;
  summary: Summary | undefined;
}

/** Share of all cells that hold an answer, of those that were asked. */
export function completeness(summary: Summary | undefined): number | null {
  if (!summary) return null;
  const answered = summary.fields.reduce((sum, field) => sum + field.answered, 0);
  const asked = answered + summary.fields.reduce((sum, field) => sum + field.skipped, 0);
  return asked === 0 ? null : answered / asked;
}

export function DatasetsView() {
  const { study } = useParams({ strict: false }) as { study: string };
  const query = useQuery(datasetsQuery(study));
  const navigate = useNavigate();
  const download = useDownload();
  const datasets = useMemo(() => query.data ?? [], [query.data]);
  const summaries = useQueries({ queries: datasets.map((dataset) => summaryQuery(study, dataset.id)), combine: (all) => all.map((one) => one.data) });
  const items = useMemo<Row[]>(() => datasets.map((dataset, index) => ({ dataset, summary: summaries[index] })), [datasets, summaries]);
  const columns = useMemo<Column<Row>[]>(
    () => [
      { id: 'name', title: 'Dataset', size: 220, value: (row) => row.dataset.name, cell: (row) => <Link to="/studies/$study/data/$dataset" params={{ study, dataset: row.dataset.id }}>{row.dataset.name}</Link> },
      { id: 'kind', title: 'Kind', size: 150, value: (row) => row.dataset.kind, cell: (row) => row.dataset.kind.replaceAll('_', ' ') },
      { id: 'records', title: 'Records', size: 110, align: 'right', value: (row) => row.summary?.records, cell: (row) => (row.summary ? count(row.summary.records) : '…') },
      { id: 'participants', title: 'Participants', size: 110, align: 'right', value: (row) => row.summary?.participants, cell: (row) => (row.summary ? count(row.summary.participants) : '…') },
      { id: 'sessions', title: 'Sessions', size: 100, align: 'right', value: (row) => row.summary?.sessions, cell: (row) => (row.summary ? count(row.summary.sessions) : '…') },
      { id: 'first', title: 'First record', size: 150, value: (row) => row.summary?.first_time, cell: (row) => <Time at={row.summary?.first_time} digits="min" /> },
      { id: 'last', title: 'Last record', size: 150, value: (row) => row.summary?.last_time, cell: (row) => <Time at={row.summary?.last_time} digits="min" /> },
      { id: 'answered', title: 'Answered', size: 100, align: 'right', unit: '0 to 1', hint: 'Of all that was asked, the share that has an answer', value: (row) => completeness(row.summary), cell: (row) => <Share of={completeness(row.summary)} /> },
      { id: 'fields', title: 'Fields', size: 80, align: 'right', value: (row) => row.dataset.fields.length, cell: (row) => row.dataset.fields.length },
      { id: 'id', title: 'Id', size: 170, hidden: true, value: (row) => row.dataset.id, cell: (row) => <span className="mono quiet">{row.dataset.id}</span> },
    ],
    [study],
  );
  return (
    <>
      <Heading title="Data" about="Everything collected, a table for each kind of it.">
        <Button leftSection={<Icon name="download" />} disabled={datasets.length === 0} onClick={() => download.open({ study, selection: {}, what: 'The whole study' })}>
          Download the study
        </Button>
      </Heading>
      <ListTable
        label="Datasets"
        searchLabel="Search datasets"
        columns={columns}
        query={{ ...query, data: query.data ? { items, total: items.length, complete: true } : undefined }}
        rowKey={(row) => row.dataset.id}
        onOpen={(row) => void navigate({ to: '/studies/$study/data/$dataset', params: { study, dataset: row.dataset.id } })}
        empty={
          <Empty
            title="No data yet"
            action={
              <Button component={Link} to={`/studies/${study}/import` as '/'}>
                Import a file
              </Button>
            }
          >
            Drop a CSV or NDJSON file on the import view, or send records with the API.
          </Empty>
        }
      />
    </>
  );
}

export function Share({ of }: { of: number | null }) {
  if (of === null) return <span className="quiet">–</span>;
  return <>{(of * 100).toFixed(of > 0.9995 || of === 0 ? 0 : 1)} %</>;
}
