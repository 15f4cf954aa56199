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
          ...(options.cursor ? { cursor: options.cursor } : {}),
        },
      },
      ...(signal ? { signal } : {}),
    }),
  );

export const recordsQuery = (study: string, dataset: string, selection: Selection, options: PageOptions = {}) =>
  infiniteQueryOptions({
    queryKey: ['study', study, 'records', dataset, selection, options],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => recordPage(study, dataset, selection, { ...options, ...(pageParam ? { cursor: pageParam } : {}) }, signal),
    getNextPageParam: (page) => (page.has_more ? page.cursor : undefined),
  });

export const countQuery = (study: string, dataset: string, selection: Selection) =>
  queryOptions({
    queryKey: ['study', study, 'count', dataset, selection],
    queryFn: async ({ signal }) =>
      (await must(client.GET('/api/v1/studies/{study}/datasets/{dataset}/count', { params: { path: { study, dataset }, query: selectionQuery(selection) }, signal }))) as { count: number },
  });

/** Records up to a bound, in the order asked for: for views that show them as something else than rows. */
export async function manyRecords(study: string, dataset: string, selection: Selection, options: PageOptions & { most: number }, signal?: AbortSignal): Promise<{ records: Record_[]; total: number; complete: boolean }> {
  const records: Record_[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await recordPage(study, dataset, selection, { ...options, limit: Math.min(1000, options.most), ...(cursor ? { cursor } : {}) }, signal);
    records.push(...page.records);
    if (!page.has_more) return { records, total: page.total, complete: true };
    if (records.length >= options.most) return { records, total: page.total, complete: false };
    cursor = page.cursor;
  }
}

export const manyRecordsQuery = (study: string, dataset: string, selection: Selection, options: PageOptions & { most: number }) =>
  queryOptions({
    queryKey: ['study', study, 'records', dataset, 'many', selection, options],
    queryFn: ({ signal }) => manyRecords(study, dataset, selection, options, signal),
  });
