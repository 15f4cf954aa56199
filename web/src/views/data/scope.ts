import type { Filter, Selection } from '@/api/records';
import type { Dataset } from '@/api/datasets';
import { isFilter } from '@/filter/model';
import { texts } from '@/table/search';

/** Whose data is looked at: of the study, of a session, of a participant, of a participant in a session. */
export interface Scope {
  study: string;
  session?: string | undefined;
  participant?: string | undefined;
}

export interface DataSearch {
  view?: string | undefined;
  q?: string | undefined;
  filter?: Filter | undefined;
  filtering?: boolean | undefined;
  sort?: string | undefined;
  columns?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  show?: 'labels' | 'codes' | 'ids' | undefined;
  /** The record that is open, by its seq. */
  record?: number | undefined;
  /** What a plot shows. */
  y?: string | undefined;
  by?: string | undefined;
  /** The stretch of a plot that is looked at: "from..to", times or milliseconds. */
  zoom?: string | undefined;
  /** What of the open record is shown. */
  pane?: 'around' | 'json' | undefined;
  /** How far around it, in milliseconds. */
  near?: number | undefined;
  /** Which questions are shown: a text that is in them. */
  find?: string | undefined;
}

export function dataSearch(search: Record<string, unknown>): DataSearch {
  const kept: DataSearch = texts(search, 'view', 'q', 'sort', 'columns', 'since', 'until', 'y', 'by', 'zoom', 'find');
  if (isFilter(search['filter'])) kept.filter = search['filter'];
  if (search['filtering'] === true) kept.filtering = true;
  if (search['show'] === 'codes' || search['show'] === 'ids' || search['show'] === 'labels') kept.show = search['show'];
  if (typeof search['record'] === 'number') kept.record = search['record'];
  if (typeof search['near'] === 'number') kept.near = search['near'];
  if (search['pane'] === 'around' || search['pane'] === 'json') kept.pane = search['pane'];
  return kept;
}

/** What of a dataset the scope and the address pick. A text that is searched looks into every text of a record. */
export function selectionOf(scope: Scope, search: DataSearch, dataset: Dataset): Selection {
  const parts: Filter[] = [];
  if (search.filter) parts.push(search.filter);
  if (search.q) {
    const q = search.q;
    const contains = (field: string): Filter => ({ field, op: 'contains', value: q }) as Filter;
    const fields = dataset.fields.filter((field) => field.type === 'string' || field.type === 'identifier').slice(0, 40);
    const options = dataset.fields.flatMap((field): Filter[] => {
      if (field.type !== 'enum') return [];
      const ids = (field.options ?? []).filter((option) => (option.label ?? option.id).toLowerCase().includes(q.toLowerCase())).map((option) => option.id);
      return ids.length > 0 ? [{ field: field.id, op: 'in', value: ids } as Filter] : [];
    });
    parts.push({ any: [...fields.map((field) => contains(field.id)), ...options, contains('participant.id'), contains('participant.code'), contains('session.id')] } as Filter);
  }
  return {
    filter: parts.length > 1 ? ({ all: parts } as Filter) : parts[0],
    participants: scope.participant ? [scope.participant] : undefined,
    sessions: scope.session ? [scope.session] : undefined,
    since: search.since,
    until: search.until,
  };
}

/** Where the data of a scope is, with or without a dataset. */
export function dataPath(scope: Scope, dataset?: string): string {
  const part = encodeURIComponent;
  let path = `/studies/${part(scope.study)}`;
  if (scope.session) path += `/sessions/${part(scope.session)}`;
  if (scope.participant) path += `/participants/${part(scope.participant)}`;
  return dataset ? `${path}/data/${part(dataset)}` : `${path}/data`;
}

/** How good the data of a scope is. */
export const qualityPath = (scope: Scope) => dataPath(scope).replace(/data$/, 'quality');
