import { queryOptions } from '@tanstack/react-query';

import { client, must, type Schemas } from './client';

export type StudyFile = Schemas['File'];

const MOST = 500;

/** Recordings and other files of a study, a session or a participant. */
export const filesQuery = (study: string, scope: { participant?: string | undefined; session?: string | undefined; kind?: StudyFile['kind'] }) =>
  queryOptions({
    queryKey: ['study', study, 'files', scope],
    queryFn: async ({ signal }) => {
      const { participant, session, kind } = scope;
      const query = { limit: MOST, state: 'complete' as const, ...(kind ? { kind } : {}), ...(participant ? { participant } : {}), ...(session ? { session } : {}) };
      return must(client.GET('/api/v1/studies/{study}/files', { params: { path: { study }, query }, signal }));
    },
  });

/** Where the bytes are: shown in the page, or to be saved. */
export const fileContent = (study: string, file: string, disposition: 'inline' | 'attachment') =>
  `/api/v1/studies/${encodeURIComponent(study)}/files/${encodeURIComponent(file)}/content?disposition=${disposition}`;
