import { flexRender, getCoreRowModel, useReactTable, type ColumnDef } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode, type RefObject } from 'react';

import { count } from '@/ui/format';
import { Icon } from '@/ui/Icon';

import { nextSort, orderOf, type Column } from './columns';

interface Props<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row) => string;
  onOpen?: ((row: Row) => void) | undefined;
  opened?: string | undefined;
  sort?: string | undefined;
  onSort?: (sort: string | undefined) => void;
  hasMore?: boolean;
  loadingMore?: boolean;
  onMore?: () => void;
  /** All there are, loaded or not. */
  total?: number | undefined;
  empty: ReactNode;
  busy?: ReactNode;
  rowClass?: (row: Row) => string | undefined;
}

const ROW = 33;

/** The one table of the page: only the rows in sight are drawn, arrows move, Enter opens, headers sort and can be dragged
 *  wider. What is sorted and shown is the caller's to keep in the address. */
export function DataTable<Row>(props: Props<Row>) {
  const { columns, rows, rowKey, hasMore, onMore, loadingMore } = props;
  const definitions = useMemo<ColumnDef<Row>[]>(
    () => columns.map((column) => ({ id: column.id, header: column.title, size: column.size ?? 150, minSize: 56, cell: ({ row }) => column.cell(row.original) })),
    [columns],
  );
  const table = useReactTable({ data: rows, columns: definitions, getCoreRowModel: getCoreRowModel(), getRowId: rowKey, columnResizeMode: 'onChange' });
  const scroller = useRef<HTMLDivElement>(null);
  const tableRows = table.getRowModel().rows;
  const virtual = useVirtualizer({ count: tableRows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 12 });
  const items = virtual.getVirtualItems();
  const last = items[items.length - 1]?.index ?? 0;
  useEffect(() => {
    if (hasMore && !loadingMore && last >= tableRows.length - 60) onMore?.();
  }, [hasMore, loadingMore, last, tableRows.length, onMore]);

  const [focused, setFocused] = useState(0);
  const height = useRoom(scroller, tableRows.length > 0);
  const move = (to: number) => {
    const next = Math.max(0, Math.min(tableRows.length - 1, to));
    setFocused(next);
    virtual.scrollToIndex(next);
    // Once it is drawn.
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus({ preventScroll: true }));
  };
  const onKey = (event: KeyboardEvent) => {
    if (!(event.target as HTMLElement).matches('[data-index]')) return;
    const index = Number((event.target as HTMLElement).dataset['index']);
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 400) / ROW) - 2);
    const steps: Record<string, number> = { ArrowDown: index + 1, ArrowUp: index - 1, PageDown: index + page, PageUp: index - page, Home: 0, End: tableRows.length - 1, j: index + 1, k: index - 1 };
    const to = steps[event.key];
    if (to !== undefined) {
      event.preventDefault();
      move(to);
      return;
    }
    const row = rows[index];
    if ((event.key === 'Enter' || event.key === ' ') && props.onOpen && row) {
      event.preventDefault();
      props.onOpen(row);
    }
  };

  const template = table.getVisibleLeafColumns().map((column) => `${column.getSize()}px`).join(' ') + ' minmax(0, 1fr)';
  const order = orderOf(props.sort);
  if (rows.length === 0 && props.busy) return <div className="table-frame">{props.busy}</div>;
  if (rows.length === 0) return <div className="table-frame">{props.empty}</div>;
  return (
    <div className="table-frame">
      <div className="table-scroll" ref={scroller} tabIndex={-1} style={{ maxHeight: height }}>
        <div role="grid" aria-label={props.label} aria-rowcount={(props.total ?? rows.length) + 1} aria-colcount={columns.length} style={{ minWidth: table.getTotalSize() }} onKeyDown={onKey}>
          <div role="rowgroup" className="table-head">
            <div role="row" aria-rowindex={1} className="table-row" style={{ gridTemplateColumns: template }}>
              {table.getLeafHeaders().map((header) => {
                const column = columns[header.index];
                const sorted = order?.id === header.column.id ? (order.descending ? 'descending' : 'ascending') : undefined;
                const sortable = props.onSort && column && !column.fixed;
                return (
                  <div key={header.id} role="columnheader" aria-sort={sorted ?? (sortable ? 'none' : undefined)} className="table-cell" data-align={column?.align} title={column?.hint}>
                    {sortable ? (
                      <button type="button" className="sort" onClick={() => props.onSort?.(nextSort(props.sort, header.column.id))}>
                        <span>{flexRender(header.column.columnDef.header, header.getContext())}</span>
                        {sorted && <Icon name={sorted === 'ascending' ? 'up' : 'downArrow'} size={11} />}
                      </button>
                    ) : (
                      <span>{flexRender(header.column.columnDef.header, header.getContext())}</span>
                    )}
                    <span className="resize" aria-hidden="true" onMouseDown={header.getResizeHandler()} onTouchStart={header.getResizeHandler()} onDoubleClick={() => header.column.resetSize()} />
                  </div>
                );
              })}
              <span role="presentation" />
            </div>
          </div>
          <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
            {items.map((item) => {
              const row = tableRows[item.index];
              if (!row) return null;
              return (
                <div
                  key={row.id}
                  role="row"
                  aria-rowindex={item.index + 2}
                  aria-selected={props.opened === row.id ? true : undefined}
                  data-index={item.index}
                  data-open={props.opened === row.id ? '' : undefined}
                  data-clickable={props.onOpen ? '' : undefined}
                  tabIndex={item.index === Math.min(focused, tableRows.length - 1) || (items[0]?.index ?? 0) > focused && item === items[0] ? 0 : -1}
                  className={`table-row ${props.rowClass?.(row.original) ?? ''}`}
                  style={{ gridTemplateColumns: template, transform: `translateY(${item.start}px)`, position: 'absolute', top: 0, left: 0, right: 0, height: ROW }}
                  onFocus={(event) => event.target === event.currentTarget && setFocused(item.index)}
                  onClick={(event) => {
                    if ((event.target as HTMLElement).closest('a, button, input')) return;
                    props.onOpen?.(row.original);
                  }}
                >
                  {row.getVisibleCells().map((cell, index) => (
                    <div key={cell.id} role="gridcell" className="table-cell" data-align={columns[index]?.align}>
                      {flexRender(cell.column.columnDef.cell, cell.getContext())}
                    </div>
                  ))}
                  <span role="presentation" />
                </div>
              );
            })}
          </div>
        </div>
      </div>
      <div className="table-foot" role="status">
        {props.total !== undefined && props.total > rows.length ? `${count(rows.length)} of ${count(props.total)} rows read` : `${count(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}`}
        {loadingMore ? ' · reading more…' : hasMore ? ' · more come as you scroll' : ''}
      </div>
    </div>
  );
}

const LEAST = 240;
const BELOW = 62;

/** How high the rows may be: to the window's lower edge, wherever the table begins. */
function useRoom(scroller: RefObject<HTMLDivElement>, there: boolean): number {
  const [room, setRoom] = useState(520);
  useLayoutEffect(() => {
    if (!there) return;
    const measure = () => {
      const top = (scroller.current?.getBoundingClientRect().top ?? 0) + window.scrollY;
      setRoom(Math.max(LEAST, window.innerHeight - top - BELOW));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    window.addEventListener('resize', measure);
    return () => {
      observer.disconnect();
      window.removeEventListener('resize', measure);
    };
  }, [scroller, there]);
  return room;
}
