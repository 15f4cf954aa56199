import { queryOptions } from '@tanstack/react-query';

import { client, must, type Schemas } from './client';

export type Grant = Schemas['Grant'];
export type Account = Schemas['Account'];

export const grantsQuery = (study: string) =>
  queryOptions({
    queryKey: ['study', study, 'grants'],
    queryFn: ({ signal }) => must(client.GET('/api/v1/studies/{study}/grants', { params: { path: { study } }, signal })),
  });
export const putGrant = (study: string, account: string, body: Schemas['GrantPut']) => must(client.PUT('/api/v1/studies/{study}/grants/{account}', { params: { path: { study, account } }, body }));
export const deleteGrant = (study: string, account: string) => must(client.DELETE('/api/v1/studies/{study}/grants/{account}', { params: { path: { study, account } } }));
export const putOwner = (study: string, account: string) => must(client.PUT('/api/v1/studies/{study}/owner', { params: { path: { study } }, body: { account } }));

export const accountsQuery = queryOptions({
  queryKey: ['accounts'],
  queryFn: async ({ signal }) => {
    const list = await must(client.GET('/api/v1/accounts', { signal }));
    return { items: list.accounts, total: list.total, complete: !list.has_more };
  },
});
export const createAccount = (body: Schemas['AccountNew']) => must(client.POST('/api/v1/accounts', { body }));
export const changeAccount = (account: string, body: Schemas['AccountChange']) => must(client.PATCH('/api/v1/accounts/{account}', { params: { path: { account } }, body }));

export const putPassword = (body: Schemas['PasswordPut']) => must(client.PUT('/api/v1/account/password', { body }));
export const beginSecondFactor = () => must(client.POST('/api/v1/account/second-factor'));
export const confirmSecondFactor = (code: string) => must(client.PUT('/api/v1/account/second-factor', { body: { code } }));
export const removeSecondFactor = (body: Schemas['SecondFactorRemove']) => must(client.DELETE('/api/v1/account/second-factor', { body }));
