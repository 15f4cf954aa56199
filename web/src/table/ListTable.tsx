import { Button, Select } from '@mantine/core';
import { useMemo, type ReactNode } from 'react';

import { useAddress } from '@/app/address';
import type { Loaded } from '@/api/pages';
import { count } from '@/ui/format';
import { Icon } from '@/ui/Icon';
import { Busy, ErrorNote } from '@/ui/notes';

import { ColumnChooser } from './ColumnChooser';
import { ColumnFilters } from './ColumnFilters';
import { searched, shownColumns, sorted, type Column } from './columns';
import { DataTable } from './DataTable';
import { SearchBox } from './SearchBox';
import type { TableSearch } from './search';
import { narrowedBy } from './where';

interface Props<Row> {
  label: string;
  searchLabel: string;
  columns: Column<Row>[];
  query: { data: Loaded<Row> | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  rowKey: (row: Row) => string;
  onOpen?: (row: Row) => void;
  empty: ReactNode;
  /** A state to pick by, for example `status`. */
  state?: (row: Row) => string;
  /** Beside the search; told which rows are shown, and whether those are fewer than all. */
  tools?: ReactNode | ((rows: Row[], narrowed: boolean) => ReactNode);
  usualSort?: string;
}

/** A list that is here whole: searched, sorted and narrowed in the page, everything kept in the address. */
export function ListTable<Row>(props: Props<Row>) {
  const [search, change] = useAddress<TableSearch>();
  const { data, error, isPending, refetch } = props.query;
  const all = useMemo(() => data?.items ?? [], [data]);
  const { columns, state } = props;
  const sort = search.sort ?? props.usualSort;
  const states = useMemo(() => (state ? [...new Set(all.map(state).filter(Boolean))].sort() : []), [all, state]);
  const rows = useMemo(() => {
    const picked = search.status && state ? all.filter((row) => state(row) === search.status) : all;
    return sorted(narrowedBy(searched(picked, columns, search.q), columns, search.where), columns, sort);
  }, [all, columns, search.q, search.status, search.where, sort, state]);
  const shown = useMemo(() => shownColumns(columns, search.columns), [columns, search.columns]);
  const rules = Object.keys(search.where ?? {}).length;
  const narrowed = Boolean(search.q || search.status || rules > 0);
  return (
    <>
      <div className="table-tools">
        <SearchBox label={props.searchLabel} value={search.q ?? ''} onChange={(q) => change({ q: q || undefined })} />
        {states.length > 1 && (
          <Select aria-label="Only with this status" placeholder="Any status" clearable data={states} value={search.status ?? null} onChange={(status) => change({ status: status ?? undefined })} w={140} />
        )}
        <Button variant={rules > 0 ? 'light' : 'default'} leftSection={<Icon name="filter" />} aria-expanded={Boolean(search.filtering)} onClick={() => change({ filtering: search.filtering ? undefined : true })}>
          Filter{rules > 0 ? ` · ${rules}` : ''}
        </Button>
        <span className="quiet table-count">{data && (narrowed ? `${count(rows.length)} of ${count(data.total)}` : count(data.total))}</span>
        <div className="grow" />
        <ColumnChooser columns={columns} chosen={search.columns} onChange={(chosen) => change({ columns: chosen })} />
        {typeof props.tools === 'function' ? data && props.tools(rows, narrowed) : props.tools}
      </div>
      {search.filtering && <ColumnFilters columns={shown} where={search.where} onChange={(where) => change({ where })} />}
      <ErrorNote error={error} retry={() => void refetch()} />
      {data && !data.complete && <p className="quiet">These are the first {count(all.length)}; sorting and searching look at these alone.</p>}
      {!error && (
        <DataTable
          label={props.label}
          columns={shown}
          rows={rows}
          rowKey={props.rowKey}
          onOpen={props.onOpen}
          sort={sort}
          onSort={(next) => change({ sort: next })}
          busy={isPending ? <Busy what={`Reading ${props.label.toLowerCase()}`} /> : undefined}
          empty={narrowed ? <p className="quiet pad">Nothing fits. Look for less, or clear the search and the filter.</p> : props.empty}
        />
      )}
    </>
  );
}
