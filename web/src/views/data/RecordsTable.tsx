import { useInfiniteQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';

import type { Dataset } from '@/api/datasets';
import { recordsQuery, type Record_, type Selection } from '@/api/records';
import { shownColumns } from '@/table/columns';
import { DataTable } from '@/table/DataTable';
import { Busy, Empty, ErrorNote } from '@/ui/notes';

import { recordColumns } from './record-columns';
import type { DataSearch, Scope } from './scope';

interface Props {
  scope: Scope;
  dataset: Dataset;
  selection: Selection;
  search: DataSearch;
  change: (change: Partial<DataSearch>, options?: { push?: boolean }) => void;
  hasSessions: boolean;
}

export function RecordsTable({ scope, dataset, selection, search, change, hasSessions }: Props) {
  const query = useInfiniteQuery(recordsQuery(scope.study, dataset.id, selection, { sort: search.sort }));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.records) ?? [], [query.data]);
  const columns = useMemo(() => shownColumns(recordColumns(dataset, scope, search.show ?? 'labels', hasSessions), search.columns), [dataset, scope, search.show, search.columns, hasSessions]);
  const { fetchNextPage } = query;
  const more = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  const narrowed = Boolean(selection.filter || selection.since || selection.until);
  if (query.error && rows.length === 0) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  return (
    <>
      <ErrorNote error={query.error} retry={() => void query.refetch()} />
      <DataTable<Record_>
        label={`Records of ${dataset.name}`}
        columns={columns}
        rows={rows}
        rowKey={(row) => String(row.seq)}
        onOpen={(row) => change({ record: row.seq }, { push: search.record === undefined })}
        opened={search.record === undefined ? undefined : String(search.record)}
        sort={search.sort}
        onSort={(sort) => change({ sort })}
        hasMore={query.hasNextPage}
        loadingMore={query.isFetchingNextPage}
        onMore={more}
        total={query.data?.pages[0]?.total}
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
