import createClient from 'openapi-fetch';

import { must, type Schemas } from './client';
import type { paths } from './schema.gen';

export type Me = Schemas['Me'];
export type OwnRequest = Schemas['OwnRequest'];

/** The calls of a participant who came with a personal link. Nothing of it is kept in the browser. */
export function meClient(token: string) {
  const client = createClient<paths>({ baseUrl: '/', headers: { Authorization: `Bearer ${token}` }, credentials: 'omit' });
  return {
    me: () => must(client.GET('/api/v1/me')),
    dataset: (dataset: string) => must(client.GET('/api/v1/me/datasets/{dataset}/records', { params: { path: { dataset }, query: { limit: 200 } } })),
    requests: async () => (await must(client.GET('/api/v1/me/requests'))).requests,
    ask: (kind: OwnRequest['kind'], message: string) => must(client.POST('/api/v1/me/requests', { body: { kind, message } })),
    download: () => must(client.GET('/api/v1/me/export', { parseAs: 'blob' })) as Promise<unknown> as Promise<Blob>,
  };
}
