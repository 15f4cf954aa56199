import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { client, must, type Schemas } from './client';

export type Retention = Schemas['Retention'];
export type RetentionPut = Schemas['RetentionPut'];
export type AuditEntry = Schemas['AuditEntry'];

/** Of the whole study, or of one dataset. */
export const retentionQuery = (study: string, dataset?: string) =>
  queryOptions({
    queryKey: ['study', study, 'retention', dataset ?? ''],
    queryFn: ({ signal }) =>
      dataset
        ? must(client.GET('/api/v1/studies/{study}/datasets/{dataset}/retention', { params: { path: { study, dataset } }, signal }))
        : must(client.GET('/api/v1/studies/{study}/retention', { params: { path: { study } }, signal })),
  });
export const putRetention = (study: string, dataset: string | undefined, body: RetentionPut) =>
  dataset
    ? must(client.PUT('/api/v1/studies/{study}/datasets/{dataset}/retention', { params: { path: { study, dataset } }, body }))
    : must(client.PUT('/api/v1/studies/{study}/retention', { params: { path: { study } }, body }));
export const deleteRetention = (study: string, dataset: string | undefined) =>
  dataset
    ? must(client.DELETE('/api/v1/studies/{study}/datasets/{dataset}/retention', { params: { path: { study, dataset } } }))
    : must(client.DELETE('/api/v1/studies/{study}/retention', { params: { path: { study } } }));
export const noticesQuery = (study: string) =>
  queryOptions({
    queryKey: ['study', study, 'retention-notices'],
    queryFn: async ({ signal }) => (await must(client.GET('/api/v1/studies/{study}/retention/notices', { params: { path: { study } }, signal }))).notices,
  });

export interface AuditFilter {
  action?: string | undefined;
  actor?: string | undefined;
  participant?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
}

export function auditParameters(filter: AuditFilter): Record<string, string> {
  return Object.fromEntries(Object.entries(filter).filter((entry): entry is [string, string] => Boolean(entry[1])));
}

/** Of one study, or of the whole server for an administrator. */
export const auditQuery = (study: string | undefined, filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ['audit', study ?? '', filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const query = { limit: 200, ...auditParameters(filter), ...(pageParam ? { cursor: pageParam } : {}) };
      return study ? must(client.GET('/api/v1/studies/{study}/audit', { params: { path: { study }, query }, signal })) : must(client.GET('/api/v1/audit', { params: { query }, signal }));
    },
    getNextPageParam: (page) => (page.has_more && page.cursor ? page.cursor : undefined),
  });

export function auditExportAddress(study: string | undefined, filter: AuditFilter, format: 'ndjson' | 'csv'): string {
  const query = new URLSearchParams({ ...auditParameters(filter), format });
  return `${study ? `/api/v1/studies/${encodeURIComponent(study)}` : '/api/v1'}/audit/export?${query}`;
}

/** Reads every entry of the server's audit; for an administrator. */
export const verifyAudit = () => must(client.GET('/api/v1/audit/verify'));
