import { queryOptions } from '@tanstack/react-query';

import { client, must, type Schemas } from './client';

export type Consent = Schemas['Consent'];
export type ParticipantRequest = Schemas['ParticipantRequest'];
export type ErasureReport = Schemas['ErasureReport'];
export type NewLink = Schemas['NewLink'];

const at = (study: string, participant: string) => ({ params: { path: { study, participant } } });

export const consentsQuery = (study: string, participant: string) =>
  queryOptions({
    queryKey: ['study', study, 'consents', participant],
    retry: false,
    queryFn: async ({ signal }) => (await must(client.GET('/api/v1/studies/{study}/participants/{participant}/consents', { ...at(study, participant), signal }))).consents,
  });
export const putConsent = (study: string, participant: string, purpose: string, body: Schemas['ConsentPut']) =>
  must(client.PUT('/api/v1/studies/{study}/participants/{participant}/consents/{purpose}', { params: { path: { study, participant, purpose } }, body }));

export const withdrawalQuery = (study: string, participant: string) =>
  queryOptions({
    queryKey: ['study', study, 'withdrawal', participant],
    retry: false,
    queryFn: ({ signal }) => must(client.GET('/api/v1/studies/{study}/participants/{participant}/withdrawal', { ...at(study, participant), signal })),
  });
export const withdraw = (study: string, participant: string, reason: string) =>
  must(client.POST('/api/v1/studies/{study}/participants/{participant}/withdrawal', { ...at(study, participant), body: { reason } }));
export const takeBackWithdrawal = (study: string, participant: string) => must(client.DELETE('/api/v1/studies/{study}/participants/{participant}/withdrawal', at(study, participant)));
export const erase = (study: string, participant: string) => must(client.POST('/api/v1/studies/{study}/participants/{participant}/erasure', at(study, participant)));

export const linksQuery = (study: string, participant: string) =>
  queryOptions({
    queryKey: ['study', study, 'links', participant],
    retry: false,
    queryFn: async ({ signal }) => (await must(client.GET('/api/v1/studies/{study}/participants/{participant}/links', { ...at(study, participant), signal }))).links,
  });
export const createLink = (study: string, participant: string, expires: string) =>
  must(client.POST('/api/v1/studies/{study}/participants/{participant}/links', { ...at(study, participant), body: { expires } }));
export const revokeLink = (study: string, participant: string, link: string) =>
  must(client.DELETE('/api/v1/studies/{study}/participants/{participant}/links/{link}', { params: { path: { study, participant, link } } }));

export const requestsQuery = (study: string) =>
  queryOptions({
    queryKey: ['study', study, 'requests'],
    retry: false,
    queryFn: async ({ signal }) => {
      const list = await must(client.GET('/api/v1/studies/{study}/requests', { params: { path: { study } }, signal }));
      return { items: list.requests, total: list.total, complete: true };
    },
  });
export const decideRequest = (study: string, request: string, state: 'approved' | 'rejected', note: string) =>
  must(client.PUT('/api/v1/studies/{study}/requests/{request}', { params: { path: { study, request } }, body: { decision: state === 'approved' ? 'approve' : 'reject', note } }));
