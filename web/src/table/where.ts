import type { Column } from './columns';

/** What the rows of a list are narrowed by: a text for each column. */
export type Where = Record<string, string>;

export function whereOf(value: unknown): Where | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const kept = Object.entries(value).flatMap(([id, text]): [string, string][] => (['string', 'number', 'boolean'].includes(typeof text) && text !== '' ? [[id, String(text)]] : []));
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

/** ">5", "<=2026-01-31", "=completed" compare; any other text is to be a part of what the column says. */
function fits(value: string | number | null | undefined, asked: string): boolean {
  const [, sign = '', rest = ''] = /^\s*(<=|>=|<|>|=)\s*(.+)$/.exec(asked) ?? [];
  if (!sign) return String(value ?? '').toLowerCase().includes(asked.trim().toLowerCase());
  if (value === null || value === undefined || value === '') return false;
  const wanted = rest.trim();
  const number = typeof value === 'number' ? value - Number(wanted.replaceAll(',', '')) : String(value).toLowerCase().localeCompare(wanted.toLowerCase(), 'en', { numeric: true });
  if (Number.isNaN(number)) return false;
  return { '<': number < 0, '<=': number <= 0, '>': number > 0, '>=': number >= 0, '=': number === 0 }[sign] ?? false;
}

export function narrowedBy<Row>(rows: Row[], columns: Column<Row>[], where: Where | undefined): Row[] {
  const asked = Object.entries(where ?? {}).flatMap(([id, text]) => {
    const value = columns.find((column) => column.id === id)?.value;
    return value ? [{ value, text }] : [];
  });
  return asked.length === 0 ? rows : rows.filter((row) => asked.every(({ value, text }) => fits(value(row), text)));
}
