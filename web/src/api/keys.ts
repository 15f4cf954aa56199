import { queryOptions } from '@tanstack/react-query';

import { client, must, type Schemas } from './client';

export type Key = Schemas['Key'];
export type KeyMade = Schemas['KeyMade'];

export const keysQuery = queryOptions({
  queryKey: ['keys'],
  queryFn: async ({ signal }) => {
    const list = await must(client.GET('/api/v1/keys', { signal }));
    return { items: list.keys, total: list.total, complete: true };
  },
});
export const createKey = (body: Schemas['KeyNew']) => must(client.POST('/api/v1/keys', { body }));
export const deleteKey = (key: string) => must(client.DELETE('/api/v1/keys/{key}', { params: { path: { key } } }));
