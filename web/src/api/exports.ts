import { queryOptions } from '@tanstack/react-query';

import { client, must, type Schemas } from './client';
import { codedSelection } from './codes';
import { selectionQuery, type Selection } from './records';

export type Export = Schemas['Export'];
export type ExportRequest = Schemas['ExportRequest'];
export type Risk = Schemas['Risk'];

export const running = (job: Export) => job.state === 'pending' || job.state === 'executing';

export const startExport = (study: string, body: ExportRequest) => must(client.POST('/api/v1/studies/{study}/exports', { params: { path: { study } }, body }));
export const deleteExport = (id: string) => must(client.DELETE('/api/v1/exports/{export}', { params: { path: { export: id } } }));

export const exportQuery = (id: string) =>
  queryOptions({
    queryKey: ['export', id],
    queryFn: ({ signal }) => must(client.GET('/api/v1/exports/{export}', { params: { path: { export: id } }, signal })),
    refetchInterval: (query) => (query.state.data && !running(query.state.data) ? false : 500),
    refetchIntervalInBackground: true,
  });

export const exportsQuery = (study: string) =>
  queryOptions({
    queryKey: ['study', study, 'exports'],
    queryFn: async ({ signal }) => {
      const page = await must(client.GET('/api/v1/studies/{study}/exports', { params: { path: { study }, query: { limit: 1000 } }, signal }));
      return { items: page.exports, total: page.total, complete: !page.has_more };
    },
    refetchInterval: (query) => (query.state.data?.items.some(running) ? 1000 : false),
  });

export const riskQuery = (study: string, dataset: string, selection: Selection, options: { identifiers: 'keep' | 'remove' | 'aggregate'; columns?: string | undefined }) =>
  queryOptions({
    queryKey: ['study', study, 'risk', dataset, selection, options],
    staleTime: 60_000,
    retry: false,
    queryFn: async ({ signal }) => {
      const coded = options.identifiers === 'keep' ? selection : await codedSelection(study, selection);
      return must(
        client.GET('/api/v1/studies/{study}/datasets/{dataset}/risk', {
          params: { path: { study, dataset }, query: { ...selectionQuery(coded), identifiers: options.identifiers, ...(options.columns ? { columns: options.columns } : {}) } },
          signal,
        }),
      );
    },
  });

export const fileAddress = (id: string) => `/api/v1/exports/${encodeURIComponent(id)}/file`;

/** Lets the browser save what an address answers. */
export function save(address: string, name?: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = name ?? '';
  document.body.append(link);
  link.click();
  link.remove();
}
