import type { Dataset, Field } from '@/api/datasets';
import type { Filter } from '@/api/records';

/** The filter as it is edited. `apply` makes the API's of it; rules that are not complete yet are left out. */
export interface Group {
  kind: 'group';
  key: number;
  mode: 'all' | 'any' | 'none';
  parts: Part[];
}
export interface Rule {
  kind: 'rule';
  key: number;
  field: string;
  op: Op;
  value: unknown;
}
export type Part = Group | Rule;
export type Op = '=' | '!=' | '>' | '>=' | '<' | '<=' | 'in' | 'not_in' | 'contains' | 'not_contains' | 'starts_with' | 'ends_with' | 'is_null' | 'is_not_null' | 'between';

export type ValueKind = 'text' | 'number' | 'time' | 'boolean' | 'option' | 'none';
export interface Target {
  id: string;
  title: string;
  group: string;
  kind: ValueKind;
  set?: boolean;
  options?: { value: string; label: string }[];
}

let nextKey = 1;
export const newKey = () => nextKey++;
export const emptyGroup = (mode: Group['mode'] = 'all'): Group => ({ kind: 'group', key: newKey(), mode, parts: [] });

export const opWords: Record<Op, string> = {
  '=': 'is', '!=': 'is not', '>': 'is more than', '>=': 'is at least', '<': 'is less than', '<=': 'is at most', in: 'is one of', not_in: 'is none of', contains: 'contains',
  not_contains: 'does not contain', starts_with: 'starts with', ends_with: 'ends with', is_null: 'has no answer', is_not_null: 'has an answer', between: 'is between',
};
/** For times, the same operators read otherwise. */
export const timeWords: Partial<Record<Op, string>> = { '>': 'is after', '>=': 'is at or after', '<': 'is before', '<=': 'is at or before' };

export function opsOf(target: Target | undefined): Op[] {
  if (!target) return ['=', '!='];
  if (target.set) return ['contains', 'not_contains', 'is_null', 'is_not_null'];
  switch (target.kind) {
    case 'number': return ['=', '!=', '>', '>=', '<', '<=', 'between', 'is_null', 'is_not_null'];
    case 'time': return ['>=', '<', '>', '<=', 'between', 'is_null', 'is_not_null'];
    case 'boolean': return ['=', 'is_null', 'is_not_null'];
    case 'option': return ['=', '!=', 'in', 'not_in', 'is_null', 'is_not_null'];
    case 'none': return ['is_null', 'is_not_null'];
    case 'text': return ['=', '!=', 'contains', 'not_contains', 'starts_with', 'ends_with', 'in', 'not_in', 'is_null', 'is_not_null'];
  }
}

function kindOf(field: Field): ValueKind {
  switch (field.type) {
    case 'integer': case 'double': return 'number';
    case 'datetime': return 'time';
    case 'boolean': return 'boolean';
    case 'enum': case 'set': return 'option';
    case 'json': return 'none';
    default: return 'text';
  }
}

export const titleOf = (field: Field) => field.label ?? field.name ?? field.id;

/** What a filter may ask of records of a dataset. A field hides a record's own word of the same name. */
export function targetsOf(dataset: Dataset, attributes: string[]): Target[] {
  const own = new Set(dataset.fields.map((field) => field.id));
  const word = (id: string) => (own.has(id) ? `record.${id}` : id);
  return [
    ...dataset.fields.map((field): Target => ({
      id: field.id, title: titleOf(field) === field.id ? field.id : `${titleOf(field)} (${field.id})`, group: 'Fields', kind: kindOf(field), set: field.type === 'set',
      ...(field.options ? { options: field.options.map((option) => ({ value: option.id, label: option.label ?? option.id })) } : {}),
    })),
    { id: word('time'), title: 'Time', group: 'Record', kind: 'time' },
    { id: word('onset_ms'), title: 'Onset (ms)', group: 'Record', kind: 'number' },
    { id: word('received_at'), title: 'Received', group: 'Record', kind: 'time' },
    { id: word('id'), title: 'Record id', group: 'Record', kind: 'text' },
    { id: 'participant.id', title: 'Participant', group: 'Participant', kind: 'text' },
    { id: 'participant.code', title: 'Participant code', group: 'Participant', kind: 'text' },
    { id: 'participant.status', title: 'Participant status', group: 'Participant', kind: 'text' },
    ...attributes.map((name): Target => ({ id: `participant.${name}`, title: `Participant ${name}`, group: 'Participant', kind: 'text' })),
    { id: 'session.id', title: 'Session', group: 'Session', kind: 'text' },
    { id: 'session.name', title: 'Session name', group: 'Session', kind: 'text' },
    { id: 'session.status', title: 'Session status', group: 'Session', kind: 'text' },
  ];
}

function complete(rule: Rule): boolean {
  if (!rule.field) return false;
  if (rule.op === 'is_null' || rule.op === 'is_not_null') return true;
  if (Array.isArray(rule.value)) return rule.value.length > 0 && rule.value.every((one) => one !== '' && one !== null && one !== undefined) && (rule.op !== 'between' || rule.value.length === 2);
  return rule.value !== '' && rule.value !== null && rule.value !== undefined;
}

/** The API's filter; undefined when it asks nothing. */
export function apply(part: Part): Filter | undefined {
  if (part.kind === 'rule') {
    if (!complete(part)) return undefined;
    const bare = part.op === 'is_null' || part.op === 'is_not_null';
    return (bare ? { field: part.field, op: part.op } : { field: part.field, op: part.op, value: part.value }) as Filter;
  }
  const parts = part.parts.map(apply).filter((one): one is Filter => one !== undefined);
  if (parts.length === 0) return undefined;
  if (part.mode === 'none') return { not: { any: parts } } as Filter;
  if (parts.length === 1) return parts[0];
  return (part.mode === 'any' ? { any: parts } : { all: parts }) as Filter;
}

/** The other way, for an address that holds a filter. The outermost part is always a group. */
export function edit(filter: Filter | undefined): Group {
  if (!filter) return emptyGroup();
  const part = partOf(filter);
  return part.kind === 'group' ? part : { ...emptyGroup(), parts: [part] };
}

function partOf(filter: unknown): Part {
  const node = filter as Record<string, unknown>;
  if (Array.isArray(node['all'])) return { ...emptyGroup('all'), parts: node['all'].map(partOf) };
  if (Array.isArray(node['any'])) return { ...emptyGroup('any'), parts: node['any'].map(partOf) };
  if (node['not']) {
    const inner = partOf(node['not']);
    if (inner.kind === 'group' && inner.mode === 'any') return { ...inner, mode: 'none' };
    return { ...emptyGroup('none'), parts: [inner] };
  }
  return { kind: 'rule', key: newKey(), field: String(node['field'] ?? ''), op: (node['op'] as Op) ?? '=', value: node['value'] ?? '' };
}

/** Whether an address's `filter` can be one at all; the server says the rest. */
export function isFilter(value: unknown): value is Filter {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const node = value as Record<string, unknown>;
  return Array.isArray(node['all']) || Array.isArray(node['any']) || typeof node['not'] === 'object' || typeof node['field'] === 'string';
}

export function countRules(filter: Filter | undefined): number {
  if (!filter) return 0;
  const node = filter as Record<string, unknown>;
  const inner = (node['all'] ?? node['any']) as Filter[] | undefined;
  if (inner) return inner.reduce((sum, one) => sum + countRules(one), 0);
  return node['not'] ? countRules(node['not'] as Filter) : 1;
}
