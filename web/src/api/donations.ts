import { queryOptions } from '@tanstack/react-query';

import { client, must, sessionEnded, type Schemas } from './client';
import { ApiProblem, problemOf, unreachable } from './problem';

export type DonationProject = Schemas['DonationProject'];
export type DonationTokenMade = Schemas['DonationTokenMade'];
export type DonationEvent = Schemas['DonationLog']['events'][number];
export type DonationException = Schemas['DonationLog']['exceptions'][number];

const at = (study: string) => ({ params: { path: { study } } });

/** What is not there is an answer, too. */
async function orNull<T>(pending: Promise<T>): Promise<T | null> {
  try {
    return await pending;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) return null;
    throw error;
  }
}

/** Null: the study asks for no donations. */
export const donationProjectQuery = (study: string) =>
  queryOptions({
    queryKey: ['study', study, 'donation-project'],
    staleTime: 60_000,
    queryFn: ({ signal }) => orNull(must(client.GET('/api/v1/studies/{study}/donation-project', { ...at(study), signal }))),
  });
export const putDonationProject = (study: string, body: Schemas['DonationSettings']) => must(client.PUT('/api/v1/studies/{study}/donation-project', { ...at(study), body }));

/** Null: there is no token. */
export const donationTokenQuery = (study: string) =>
  queryOptions({
    queryKey: ['study', study, 'donation-token'],
    queryFn: ({ signal }) => orNull(must(client.GET('/api/v1/studies/{study}/donation-project/token', { ...at(study), signal }))),
  });
export const putDonationToken = (study: string, days: number) => must(client.PUT('/api/v1/studies/{study}/donation-project/token', { ...at(study), body: { days } }));
export const deleteDonationToken = (study: string) => must(client.DELETE('/api/v1/studies/{study}/donation-project/token', at(study)));

export const donationLogQuery = (study: string) =>
  queryOptions({
    queryKey: ['study', study, 'donation-log'],
    queryFn: ({ signal }) => must(client.GET('/api/v1/studies/{study}/donation-project/log', { ...at(study), signal })),
  });

/** What somebody gave: the content of a file, as JSON where it is that. Of a locked study it takes the passphrase. */
export async function readPayload(study: string, file: string, passphrase: string, signal?: AbortSignal): Promise<unknown> {
  let answer: Response;
  try {
    answer = await fetch(`/api/v1/studies/${encodeURIComponent(study)}/files/${encodeURIComponent(file)}/content`, { headers: passphrase ? { 'X-Study-Passphrase': passphrase } : {}, ...(signal ? { signal } : {}) });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw unreachable();
  }
  if (answer.status === 401) sessionEnded();
  const text = await answer.text();
  let parsed: unknown = text;
  try {
    parsed = JSON.parse(text);
  } catch {
    // It is shown as the text it is.
  }
  if (!answer.ok) throw problemOf(parsed, answer.status);
  return parsed;
}

export const lockStudy = (study: string, passphrase: string) => must(client.PUT('/api/v1/studies/{study}/lock', { ...at(study), body: { passphrase } }));
export const unlockStudy = (study: string, passphrase: string) => must(client.DELETE('/api/v1/studies/{study}/lock', { ...at(study), body: { passphrase } }));
