import type { Dataset, Field } from '@/api/datasets';

export type Use = 'field' | 'participant' | 'session' | 'id' | 'time' | 'onset_ms' | 'leave';
export type Format = 'csv' | 'records' | 'objects';

export interface ColumnPlan {
  source: string;
  use: Use;
  field: string;
  type: Field['type'];
  /** Of the first rows, to look at. */
  examples: string[];
}

export interface Preview {
  format: Format;
  delimiter: string;
  columns: ColumnPlan[];
  rows: string[][];
}

export const uses: { value: Use; label: string }[] = [
  { value: 'field', label: 'a field' }, { value: 'participant', label: 'the participant' }, { value: 'session', label: 'the session' }, { value: 'id', label: 'the record’s id' },
  { value: 'time', label: 'the time' }, { value: 'onset_ms', label: 'the onset (ms)' }, { value: 'leave', label: 'left out' },
];

const WORDS: [Use, RegExp][] = [
  ['participant', /^(participant|participant_?id|subject|subject_?id|pid|user_?id|rownames)$/i],
  ['session', /^(session|session_?id|room|room_?id)$/i],
  ['id', /^(id|record_?id|response_?id)$/i],
  ['time', /^(time|timestamp|date|datetime|recorded_?at|submitted_?at)$/i],
  ['onset_ms', /^(onset_ms|onset)$/i],
];

export const fieldId = (name: string) => name.normalize('NFKD').replace(/[^A-Za-z0-9_-]+/g, '_').replace(/^_+|_+$/g, '').slice(0, 64) || 'field';

const TIME = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** The narrowest type that all examples have; text where there is none. Numbers with leading zeros are names, not numbers. */
export function typeOf(examples: string[]): Field['type'] {
  const given = examples.filter((one) => one !== '' && one !== '<skipped>');
  const all = (test: (one: string) => boolean) => given.length > 0 && given.every(test);
  if (all((one) => /^[+-]?(0|[1-9]\d*)$/.test(one) && Number.isSafeInteger(Number(one)))) return 'integer';
  if (all((one) => /^[+-]?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(one))) return 'double';
  if (all((one) => /^(true|false)$/i.test(one))) return 'boolean';
  if (all((one) => TIME.test(one))) return 'datetime';
  if (all((one) => /^[[{]/.test(one))) return 'json';
  return 'string';
}

export function planColumns(names: string[], rows: string[][], dataset: Dataset | null): ColumnPlan[] {
  const taken = new Set<Use>();
  const ids = new Set<string>();
  return names.map((source, index) => {
    const examples = rows.map((row) => row[index] ?? '');
    const own = dataset?.fields.find((field) => field.id === source || field.name === source || field.label === source);
    let use: Use = 'field';
    for (const [word, pattern] of WORDS) if (!own && pattern.test(source.trim()) && !taken.has(word)) use = word;
    if (use !== 'field') taken.add(use);
    let field = own?.id ?? fieldId(source);
    for (let number = 2; ids.has(field); ++number) field = `${fieldId(source).slice(0, 60)}_${number}`;
    ids.add(field);
    return { source, use, field, type: own?.type ?? typeOf(examples), examples };
  });
}

/** What of a plan is not good yet, in words; empty when it can go. */
export function faults(columns: ColumnPlan[], participant: string): string[] {
  const found: string[] = [];
  for (const use of ['participant', 'session', 'id', 'time', 'onset_ms'] as const) {
    if (columns.filter((column) => column.use === use).length > 1) found.push(`Two columns are ${uses.find((one) => one.value === use)?.label}.`);
  }
  if (!columns.some((column) => column.use === 'participant') && !participant.trim()) found.push('Say which column names the participant, or give one name for all.');
  const ids = columns.filter((column) => column.use === 'field').map((column) => column.field);
  if (new Set(ids).size < ids.length) found.push('Two columns go to one field.');
  if (ids.some((id) => !/^[A-Za-z0-9_-]{1,64}$/.test(id))) found.push('A field’s id has letters, digits, - and _ only.');
  return found;
}
