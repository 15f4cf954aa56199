import { queryOptions } from '@tanstack/react-query';

import { client, must, type Schemas } from './client';
import { allPages } from './pages';

export type Study = Schemas['Study'];

export const studiesQuery = queryOptions({
  queryKey: ['studies'],
  queryFn: ({ signal }) =>
    allPages((cursor) => must(client.GET('/api/v1/studies', { params: { query: { limit: 1000, ...cursor } }, signal })), (page) => page.studies),
});

export const studyQuery = (study: string) =>
  queryOptions({
    queryKey: ['study', study],
    queryFn: ({ signal }) => must(client.GET('/api/v1/studies/{study}', { params: { path: { study } }, signal })),
  });

export const createStudy = (body: Schemas['StudyNew']) => must(client.POST('/api/v1/studies', { body }));
export const changeStudy = (study: string, body: Schemas['StudyChange']) => must(client.PATCH('/api/v1/studies/{study}', { params: { path: { study } }, body }));
export const deleteStudy = (study: string) => must(client.DELETE('/api/v1/studies/{study}', { params: { path: { study } } }));
