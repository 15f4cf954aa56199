import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { client, must, type Schemas } from './client';

export type Record_ = Schemas['Record'];
export type Filter = Schemas['Filter'];

/** What of a dataset is looked at, the same for pages, counts and downloads. */
export interface Selection {
  filter?: Filter | undefined;
  participants?: string[] | undefined;
  sessions?: string[] | undefined;
  since?: string | undefined;
  until?: string | undefined;
}

export function selectionQuery(selection: Selection) {
  return {
    ...(selection.filter ? { filter: JSON.stringify(selection.filter) } : {}),
    ...(selection.participants?.length ? { participant: selection.participants } : {}),
    ...(selection.sessions?.length ? { session: selection.sessions } : {}),
    ...(selection.since ? { since: selection.since } : {}),
    ...(selection.until ? { until: selection.until } : {}),
  };
}

export interface PageOptions {
  sort?: string | undefined;
  limit?: number;
  values?: 'ids' | 'codes' | 'labels';
  /** Names with commas between; all of a record without it. */
  columns?: string;
}

export const recordPage = (study: string, dataset: string, selection: Selection, options: PageOptions & { cursor?: string }, signal?: AbortSignal) =>
  must(
    client.GET('/api/v1/studies/{study}/datasets/{dataset}/records', {
      params: {
        path: { study, dataset },
        query: {
          limit: options.limit ?? 300,
          ...selectionQuery(selection),
          ...(options.sort ? { sort: options.sort } : {}),
          ...(options.values ? { values: options.values } : {}),
          ...(options.columns ? { columns: options.columns } : {}),
          ...(options.cursor ? { cursor: options.cursor } : {}),
        },
      },
      ...(signal ? { signal } : {}),
    }),
  );

/** What a table begins with. */
export const firstPageQuery = (study: string, dataset: string, selection: Selection, sort: string | undefined) =>
  queryOptions({
    queryKey: ['study', study, 'records', dataset, selection, sort],
    queryFn: ({ signal }) => recordPage(study, dataset, selection, { sort, limit: 300 }, signal),
  });

export const countRecords = async (study: string, dataset: string, selection: Selection, signal?: AbortSignal): Promise<number> => {
  const params = { path: { study, dataset }, query: selectionQuery(selection) };
  return ((await must(client.GET('/api/v1/studies/{study}/datasets/{dataset}/count', { params, ...(signal ? { signal } : {}) }))) as { count: number }).count;
};

export const countQuery = (study: string, dataset: string, selection: Selection) =>
  queryOptions({
    queryKey: ['study', study, 'count', dataset, selection],
    queryFn: async ({ signal }) => ({ count: await countRecords(study, dataset, selection, signal) }),
  });

/** Records page by page, for views that show them as something else than rows. */
export const recordPagesQuery = (study: string, dataset: string, selection: Selection, options: PageOptions) =>
  infiniteQueryOptions({
    queryKey: ['study', study, 'records', dataset, 'pages', selection, options],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => recordPage(study, dataset, selection, { ...options, ...(pageParam ? { cursor: pageParam } : {}) }, signal),
    getNextPageParam: (page) => (page.has_more ? page.cursor : undefined),
  });

/** Records up to a bound, for views that put them together with something else. `complete` says whether those are all. */
export async function manyRecords(study: string, dataset: string, selection: Selection, most: number, signal?: AbortSignal): Promise<{ records: Record_[]; complete: boolean }> {
  const records: Record_[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await recordPage(study, dataset, selection, { limit: Math.min(1000, most), ...(cursor ? { cursor } : {}) }, signal);
    records.push(...page.records);
    if (!page.has_more) return { records, complete: true };
    if (records.length >= most) return { records, complete: false };
    cursor = page.cursor;
  }
}

export const manyRecordsQuery = (study: string, dataset: string, selection: Selection, most: number) =>
  queryOptions({
    queryKey: ['study', study, 'records', dataset, 'many', selection, most],
    queryFn: ({ signal }) => manyRecords(study, dataset, selection, most, signal),
  });
