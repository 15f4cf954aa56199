import { flexRender, getCoreRowModel, useReactTable, type ColumnDef } from '@tanstack/react-table';
import { useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode, type RefObject } from 'react';

import { count } from '@/ui/format';
import { Icon } from '@/ui/Icon';

import { nextSort, orderOf, type Column } from './columns';
import { GoToRow } from './GoToRow';
import { useTallRows } from './tall';

/** Rows that are here, or, of a table that is read in pieces, those read so far: `at` knows nothing of the others. */
export interface Rows<Row> {
  readonly length: number;
  at(index: number): Row | undefined;
}

interface Props<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Rows<Row>;
  rowKey: (row: Row) => string;
  onOpen?: ((row: Row) => void) | undefined;
  opened?: string | undefined;
  sort?: string | undefined;
  onSort?: (sort: string | undefined) => void;
  hasMore?: boolean;
  loadingMore?: boolean;
  onMore?: () => void;
  /** Which rows are looked at: those that are not here are to be read. */
  onSight?: ((first: number, last: number) => void) | undefined;
  /** All there are, where `rows` ends before. */
  total?: number | undefined;
  /** What the table says of itself at its lower edge. */
  note?: ReactNode;
  empty: ReactNode;
  busy?: ReactNode;
  rowClass?: (row: Row) => string | undefined;
}

const ROW = 33;
const HEAD = 32;
/** From so many rows on, one wants to go to one by its number. */
const MANY = 500;
const NONE: never[] = [];

/** The one table of the page: only the rows in sight are drawn, arrows move, Enter opens, headers sort and can be dragged
 *  wider. What is sorted and shown is the caller's to keep in the address. */
export function DataTable<Row>(props: Props<Row>) {
  const { columns, rows, rowKey, hasMore, onMore, loadingMore, onSight } = props;
  const definitions = useMemo<ColumnDef<Row>[]>(() => columns.map((column) => ({ id: column.id, header: column.title, size: column.size ?? 150, minSize: 56 })), [columns]);
  const table = useReactTable<Row>({ data: NONE, columns: definitions, getCoreRowModel: getCoreRowModel(), columnResizeMode: 'onChange' });
  const scroller = useRef<HTMLDivElement>(null);
  const { items, first, last, height: whole, show, onScroll } = useTallRows(rows.length, ROW, HEAD, scroller);
  useEffect(() => {
    if (hasMore && !loadingMore && last >= rows.length - 60) onMore?.();
  }, [hasMore, loadingMore, last, rows.length, onMore]);
  useEffect(() => onSight?.(first, last), [onSight, first, last]);

  const [focused, setFocused] = useState(0);
  const height = useRoom(scroller, rows.length > 0);
  const move = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setFocused(next);
    show(next);
    // Once it is drawn.
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus({ preventScroll: true }));
  };
  const onKey = (event: KeyboardEvent) => {
    if (!(event.target as HTMLElement).matches('[data-index]')) return;
    const index = Number((event.target as HTMLElement).dataset['index']);
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 400) / ROW) - 2);
    const steps: Record<string, number> = { ArrowDown: index + 1, ArrowUp: index - 1, PageDown: index + page, PageUp: index - page, Home: 0, End: rows.length - 1, j: index + 1, k: index - 1 };
    const to = steps[event.key];
    if (to !== undefined) {
      event.preventDefault();
      move(to);
      return;
    }
    const row = rows.at(index);
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
      <div className="table-scroll" ref={scroller} tabIndex={-1} onScroll={onScroll} style={{ maxHeight: height }}>
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
                      <button
                        type="button"
                        className="sort"
                        onClick={() => props.onSort?.(nextSort(props.sort, header.column.id))}
                        onKeyDown={(event) => {
                          // As the edge is dragged.
                          if (!event.shiftKey || (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight')) return;
                          event.preventDefault();
                          const wider = header.getSize() + (event.key === 'ArrowRight' ? 24 : -24);
                          table.setColumnSizing((old) => ({ ...old, [header.column.id]: Math.max(56, wider) }));
                        }}
                      >
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
          <div role="rowgroup" style={{ height: whole, position: 'relative' }}>
            {items.map((item, place) => {
              const row = rows.at(item.index);
              const key = row && rowKey(row);
              const opened = key !== undefined && props.opened === key;
              return (
                <div
                  key={item.index}
                  role="row"
                  aria-rowindex={item.index + 2}
                  aria-selected={opened ? true : undefined}
                  aria-busy={row ? undefined : true}
                  data-index={item.index}
                  data-open={opened ? '' : undefined}
                  data-clickable={props.onOpen && row ? '' : undefined}
                  tabIndex={item.index === focused || (place === 0 && (focused < item.index || focused > (items[items.length - 1]?.index ?? 0))) ? 0 : -1}
                  className={`table-row ${(row && props.rowClass?.(row)) ?? ''}`}
                  style={{ gridTemplateColumns: template, transform: `translateY(${item.top}px)`, position: 'absolute', top: 0, left: 0, right: 0, height: ROW }}
                  onFocus={(event) => event.target === event.currentTarget && setFocused(item.index)}
                  onClick={(event) => {
                    if (!row || (event.target as HTMLElement).closest('a, button, input')) return;
                    props.onOpen?.(row);
                  }}
                >
                  {columns.map((column) => (
                    <div key={column.id} role="gridcell" className="table-cell" data-align={column.align}>
                      {row ? column.cell(row) : <span className="unread" />}
                    </div>
                  ))}
                  <span role="presentation" />
                </div>
              );
            })}
          </div>
        </div>
      </div>
      <div className="table-foot">
        <span role="status">
          {props.total !== undefined && props.total > rows.length ? `${count(rows.length)} of ${count(props.total)} rows read` : `${count(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}`}
          {loadingMore ? ' · reading more…' : hasMore ? ' · more come as you scroll' : ''}
          {props.note}
        </span>
        {rows.length >= MANY && (
          <>
            <span className="grow" />
            <span>
              {count(first + 1)} – {count(last + 1)}
            </span>
            <GoToRow rows={rows.length} onGo={move} />
          </>
        )}
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
