import type { Field } from '@/api/datasets';
import type { Record_ } from '@/api/records';
import { Time } from '@/time/zone';
import { number } from '@/ui/format';

export type Show = 'labels' | 'codes' | 'ids';
export type State = 'answered' | 'skipped' | 'absent';

export const valuesOf = (record: Record_) => (record.values ?? {}) as Record<string, unknown>;

/** Answered, asked and declined, or never asked: three things, told apart everywhere. */
export function stateOf(record: Record_, field: string): State {
  const values = valuesOf(record);
  const value = values[field];
  if (value !== undefined && value !== null) return 'answered';
  if (field in values || record.skipped?.includes(field)) return 'skipped';
  return 'absent';
}

function optionText(field: Field, id: string, show: Show): string {
  const option = field.options?.find((one) => one.id === id);
  if (!option || show === 'ids') return id;
  return show === 'codes' ? (option.code ?? option.id) : (option.label ?? option.id);
}

/** One line of text, for cells, search and copies. */
export function valueText(field: Field, value: unknown, show: Show): string {
  if (value === null || value === undefined) return '';
  if (field.type === 'enum') return optionText(field, String(value), show);
  if (field.type === 'set' && Array.isArray(value)) return value.map((one) => optionText(field, String(one), show)).join(', ');
  if (typeof value === 'object') return JSON.stringify(value);
  if (typeof value === 'number') return number(value);
  return String(value);
}

export function Value({ record, field, show }: { record: Record_; field: Field; show: Show }) {
  const state = stateOf(record, field.id);
  if (state === 'skipped') return <span className="skipped" title="The participant was asked and gave no answer">skipped</span>;
  if (state === 'absent') return <span className="absent" title="The participant was not asked">not asked</span>;
  const value = valuesOf(record)[field.id];
  if (field.type === 'boolean') return <>{value === true ? 'yes' : 'no'}</>;
  if (field.type === 'datetime') return <Time at={String(value)} digits="ms" />;
  const text = valueText(field, value, show);
  if (field.type === 'json') return <span className="mono quiet" title={text.slice(0, 500)}>{text.slice(0, 160)}</span>;
  if (field.type === 'identifier') return <span className="mono">{text}</span>;
  return <span title={text.length > 24 ? text.slice(0, 500) : undefined}>{text}</span>;
}

export const isNumeric = (field: Field) => field.type === 'integer' || field.type === 'double';
