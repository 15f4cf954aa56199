import { queryOptions } from '@tanstack/react-query';

import { client, must, type Schemas } from './client';
import { allPages } from './pages';

export type DatasetQuality = Schemas['DatasetQuality'];
export type StudyQuality = Schemas['StudyQuality'];
export type Finding = Schemas['Finding'];
export type Severity = Schemas['Severity'];
export type Completeness = Schemas['Completeness'];
export type QualityCounts = Schemas['QualityCounts'];
export type ParticipantQuality = Schemas['ParticipantQualityList']['participants'][number];
export type SessionQuality = Schemas['SessionQualityList']['sessions'][number];

interface Whose {
  participant?: string | undefined;
  session?: string | undefined;
}
const queryOf = ({ participant, session }: Whose) => ({ ...(participant ? { participant } : {}), ...(session ? { session } : {}) });

/** A first check of much data takes more than one answer; asking again goes on from there. */
const GOES_ON_MS = 400;

/** Of a study, of a participant, of a session, or of a participant in a session. */
export const qualityQuery = (study: string, whose: Whose) =>
  queryOptions({
    queryKey: ['study', study, 'quality', whose],
    queryFn: ({ signal }) => must(client.GET('/api/v1/studies/{study}/quality', { params: { path: { study }, query: queryOf(whose) }, signal })),
    refetchInterval: (query) => (query.state.data?.complete === false ? GOES_ON_MS : false),
  });

export const datasetQualityQuery = (study: string, dataset: string) =>
  queryOptions({
    queryKey: ['study', study, 'quality', 'dataset', dataset],
    queryFn: ({ signal }) => must(client.GET('/api/v1/studies/{study}/datasets/{dataset}/quality', { params: { path: { study, dataset } }, signal })),
    refetchInterval: (query) => (query.state.data?.complete === false ? GOES_ON_MS : false),
  });

export const participantQualityQuery = (study: string, dataset: string) =>
  queryOptions({
    queryKey: ['study', study, 'quality', 'participants', dataset],
    queryFn: ({ signal }) =>
      allPages(
        (cursor) => must(client.GET('/api/v1/studies/{study}/datasets/{dataset}/quality/participants', { params: { path: { study, dataset }, query: { limit: 1000, ...cursor } }, signal })),
        (page) => page.participants,
      ),
  });

export const sessionQualityQuery = (study: string, dataset: string) =>
  queryOptions({
    queryKey: ['study', study, 'quality', 'sessions', dataset],
    queryFn: ({ signal }) =>
      allPages(
        (cursor) => must(client.GET('/api/v1/studies/{study}/datasets/{dataset}/quality/sessions', { params: { path: { study, dataset }, query: { limit: 1000, ...cursor } }, signal })),
        (page) => page.sessions,
      ),
  });
