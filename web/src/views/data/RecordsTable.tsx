import { useMemo } from 'react';

import type { Dataset } from '@/api/datasets';
import type { Record_, Selection } from '@/api/records';
import { shownColumns } from '@/table/columns';
import { DataTable } from '@/table/DataTable';
import { count } from '@/ui/format';
import { Busy, Empty, ErrorNote } from '@/ui/notes';

import { recordColumns } from './record-columns';
import type { DataSearch, Scope } from './scope';
import { useRecords } from './use-records';

interface Props {
  scope: Scope;
  dataset: Dataset;
  selection: Selection;
  search: DataSearch;
  change: (change: Partial<DataSearch>, options?: { push?: boolean }) => void;
  hasSessions: boolean;
}

const NONE: Record_[] = [];

export function RecordsTable({ scope, dataset, selection, search, change, hasSessions }: Props) {
  const { query, rows } = useRecords(scope.study, dataset.id, selection, search.sort);
  const columns = useMemo(() => shownColumns(recordColumns(dataset, scope, search.show ?? 'labels', hasSessions), search.columns), [dataset, scope, search.show, search.columns, hasSessions]);
  const narrowed = Boolean(selection.filter || selection.since || selection.until);
  if (query.error && !rows) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  return (
    <>
      <ErrorNote error={query.error} retry={() => void query.refetch()} />
      <ErrorNote error={rows?.error} retry={() => rows?.retry()} title="Some rows could not be read" />
      <DataTable<Record_>
        label={`Records of ${dataset.name}`}
        columns={columns}
        rows={rows ?? NONE}
        rowKey={(row) => String(row.seq)}
        onOpen={(row) => change({ record: row.seq }, { push: search.record === undefined })}
        opened={search.record === undefined ? undefined : String(search.record)}
        sort={search.sort}
        onSort={(sort) => change({ sort })}
        hasMore={rows?.hasMore ?? false}
        onSight={rows?.see}
        total={rows?.total}
        note={rows?.reading ? ` · reading from row ${count(rows.reading[0] + 1)}…` : rows?.hasMore ? '; press the header again for the other end' : ''}
        busy={query.isPending ? <Busy what="Reading records" /> : undefined}
        empty={
          narrowed ? (
            <Empty icon="filter" title="No record fits">
              Loosen the filter, widen the time, or search for less.
            </Empty>
          ) : (
            <Empty title="No record yet">Nothing was collected here so far.</Empty>
          )
        }
      />
    </>
  );
}
