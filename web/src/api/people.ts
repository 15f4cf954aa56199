import { queryOptions } from '@tanstack/react-query';

import { client, must, type Schemas } from './client';
import { allPages } from './pages';

export type Participant = Schemas['Participant'];
export type Session = Schemas['Session'];

export const participantsQuery = (study: string) =>
  queryOptions({
    queryKey: ['study', study, 'participants'],
    queryFn: ({ signal }) =>
      allPages(
        (cursor) => must(client.GET('/api/v1/studies/{study}/participants', { params: { path: { study }, query: { limit: 1000, ...cursor } }, signal })),
        (page) => page.participants,
      ),
  });

export const participantQuery = (study: string, participant: string) =>
  queryOptions({
    queryKey: ['study', study, 'participant', participant],
    queryFn: ({ signal }) => must(client.GET('/api/v1/studies/{study}/participants/{participant}', { params: { path: { study, participant } }, signal })),
  });

export const findParticipants = (study: string, search: string, signal?: AbortSignal) =>
  must(client.GET('/api/v1/studies/{study}/participants', { params: { path: { study }, query: { search, limit: 6 } }, ...(signal ? { signal } : {}) }));

export const sessionsQuery = (study: string) =>
  queryOptions({
    queryKey: ['study', study, 'sessions'],
    queryFn: ({ signal }) =>
      allPages(
        (cursor) => must(client.GET('/api/v1/studies/{study}/sessions', { params: { path: { study }, query: { limit: 1000, ...cursor } }, signal })),
        (page) => page.sessions,
      ),
  });

export const sessionOfStudyQuery = (study: string, session: string) =>
  queryOptions({
    queryKey: ['study', study, 'session', session],
    queryFn: ({ signal }) => must(client.GET('/api/v1/studies/{study}/sessions/{session}', { params: { path: { study, session } }, signal })),
  });
