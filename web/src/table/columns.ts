import type { ReactNode } from 'react';

/** A column of any table of the page. */
export interface Column<Row> {
  id: string;
  title: string;
  cell: (row: Row) => ReactNode;
  /** What the table sorts and searches by where it does so itself. */
  value?: (row: Row) => string | number | null | undefined;
  size?: number;
  align?: 'right';
  /** Off until the column chooser turns it on. */
  hidden?: boolean;
  /** No sorting by it. */
  fixed?: boolean;
  hint?: string | undefined;
  /** In what `value` counts, where the cell says it in other words. */
  unit?: string;
}

export interface Order {
  id: string;
  descending: boolean;
}

/** "-start" ↔ {id: "start", descending: true} */
export function orderOf(sort: string | undefined): Order | null {
  if (!sort) return null;
  return sort.startsWith('-') ? { id: sort.slice(1), descending: true } : { id: sort, descending: false };
}

/** The next state of a header that is pressed: up, down, as it comes. */
export function nextSort(sort: string | undefined, id: string): string | undefined {
  const order = orderOf(sort);
  if (order?.id !== id) return id;
  return order.descending ? undefined : `-${id}`;
}

export function shownColumns<Row>(columns: Column<Row>[], chosen: string | undefined): Column<Row>[] {
  if (!chosen) return columns.filter((column) => !column.hidden);
  const wanted = chosen.split(',');
  const shown = wanted.map((id) => columns.find((column) => column.id === id)).filter((column) => column !== undefined);
  return shown.length > 0 ? shown : columns.filter((column) => !column.hidden);
}

/** Empty values last, whichever way; numbers as numbers, texts as people sort them. */
export function sorted<Row>(rows: Row[], columns: Column<Row>[], sort: string | undefined): Row[] {
  const order = orderOf(sort);
  const value = columns.find((column) => column.id === order?.id)?.value;
  if (!order || !value) return rows;
  const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
  const sign = order.descending ? -1 : 1;
  return [...rows].sort((left, right) => {
    const a = value(left);
    const b = value(right);
    const noA = a === null || a === undefined || a === '';
    const noB = b === null || b === undefined || b === '';
    if (noA || noB) return noA === noB ? 0 : noA ? 1 : -1;
    if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
    return sign * collator.compare(String(a), String(b));
  });
}

export function searched<Row>(rows: Row[], columns: Column<Row>[], text: string | undefined): Row[] {
  const words = (text ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const all = columns.map((column) => String(column.value?.(row) ?? '')).join('\n').toLowerCase();
    return words.every((word) => all.includes(word));
  });
}
