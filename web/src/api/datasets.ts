import { queryOptions } from '@tanstack/react-query';

import { client, must, type Schemas } from './client';

export type Dataset = Schemas['Dataset'];
export type Field = Schemas['Field'];
export type Kind = Schemas['DatasetKind'];
export type Summary = Schemas['Summary'];

export const datasetsQuery = (study: string) =>
  queryOptions({
    queryKey: ['study', study, 'datasets'],
    queryFn: async ({ signal }) => (await must(client.GET('/api/v1/studies/{study}/datasets', { params: { path: { study } }, signal }))).datasets,
  });

export const summaryQuery = (study: string, dataset: string) =>
  queryOptions({
    queryKey: ['study', study, 'summary', dataset],
    queryFn: ({ signal }) => must(client.GET('/api/v1/studies/{study}/datasets/{dataset}/summary', { params: { path: { study, dataset } }, signal })),
  });

export const putDataset = (study: string, dataset: string, body: Schemas['DatasetPut']) =>
  must(client.PUT('/api/v1/studies/{study}/datasets/{dataset}', { params: { path: { study, dataset } }, body }));
