import type { ExportRequest } from '@/api/exports';

import type { Wanted } from './context';

export interface Options {
  format: 'csv' | 'json' | 'ndjson' | 'parquet' | 'zip';
  files: 'csv' | 'json' | 'ndjson' | 'parquet';
  layout: 'dataset' | 'participant';
  profile: 'rfc4180' | 'excel' | 'excel-eu';
  header: 'names' | 'labels';
  values: 'usual' | 'ids' | 'codes' | 'labels';
  sets: 'joined' | 'split' | 'both';
  skipped: string;
  absent: string;
  zone: string;
  identifiers: 'keep' | 'remove' | 'aggregate';
  groupBy: string[];
  shiftDates: boolean;
  decimals: number | null;
  consented: 'study' | 'yes' | 'no';
  /** Of one dataset; none: all there are. */
  columns: string[];
  requireK: number;
  onRisk: 'fail' | 'suppress';
}

export const usualOptions = (many: boolean, zone: string, columns: string[]): Options => ({
  format: many ? 'zip' : 'csv', files: 'csv', layout: 'dataset', profile: 'rfc4180', header: 'names', values: 'usual', sets: 'joined', skipped: '', absent: '', zone,
  identifiers: 'keep', groupBy: [], shiftDates: false, decimals: null, consented: 'study', columns, requireK: 0, onRisk: 'fail',
});

/** In words: what leaves with each mode. */
export const identifierWords: Record<Options['identifiers'], { title: string; says: string }> = {
  keep: { title: 'With identifiers', says: 'Records as they are kept: whoever has the file can tell who said what. Share it only with people who may know.' },
  remove: {
    title: 'Without identifiers',
    says: 'Codes stand for participants, sessions and records; fields marked as direct identifiers are left out; e-mail and IP addresses in texts are masked. The same person has the same code in every file of this study. People can still be recognised by rare combinations of answers: see the figures below.',
  },
  aggregate: { title: 'Numbers only', says: 'No records at all: counts, means and spreads of each field, by group. Cells of too few participants are left empty.' },
};

/** What only a file with CSV in it can be is asked for only there; the server refuses it elsewhere. */
export function requestOf(wanted: Wanted, datasets: string[], options: Options): ExportRequest {
  const inside = options.format === 'zip' ? options.files : options.format;
  const csv = inside === 'csv';
  const { selection } = wanted;
  const aggregate = options.identifiers === 'aggregate';
  return {
    datasets,
    format: options.format,
    ...(options.format === 'zip' ? { files: options.files, layout: aggregate ? 'dataset' : options.layout } : {}),
    ...(selection.filter ? { filter: selection.filter } : {}),
    ...(selection.participants?.length ? { participants: selection.participants } : {}),
    ...(selection.sessions?.length ? { sessions: selection.sessions } : {}),
    ...(selection.since ? { since: selection.since } : {}),
    ...(selection.until ? { until: selection.until } : {}),
    ...(options.columns.length > 0 && datasets.length === 1 && !aggregate ? { columns: options.columns.join(',') } : {}),
    ...(wanted.sort && datasets.length === 1 && !aggregate ? { sort: wanted.sort } : {}),
    ...(csv ? { profile: options.profile } : {}),
    ...(csv && !aggregate ? { header: options.header, sets: options.sets } : {}),
    ...(csv && !aggregate && (options.skipped || options.absent) ? { missing: { skipped: options.skipped, absent: options.absent } } : {}),
    ...(options.values !== 'usual' && inside !== 'parquet' && !aggregate ? { values: options.values } : {}),
    ...(options.zone !== 'UTC' && inside !== 'parquet' && !aggregate ? { timezone: options.zone } : {}),
    identifiers: options.identifiers,
    ...(aggregate && options.groupBy.length > 0 ? { group_by: options.groupBy } : {}),
    ...(options.shiftDates && !aggregate ? { shift_dates: true } : {}),
    ...(options.decimals !== null && !aggregate ? { location_decimals: options.decimals } : {}),
    ...(options.consented === 'study' ? {} : { consented_only: options.consented === 'yes' }),
    ...(options.identifiers === 'remove' ? { risk: true, ...(options.requireK > 0 ? { require_k: options.requireK, on_risk: options.onRisk } : {}) } : {}),
  };
}
