import { infiniteQueryOptions } from '@tanstack/react-query';

import { client, must, sessionEnded, type Schemas } from './client';
import { problemOf, unreachable } from './problem';

export type StudyFile = Schemas['File'];

const PAGE = 60;

/** Recordings and other files of a study, a session or a participant, page by page. */
export const filesQuery = (study: string, scope: { participant?: string | undefined; session?: string | undefined; kind?: StudyFile['kind'] }) =>
  infiniteQueryOptions({
    queryKey: ['study', study, 'files', scope],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam, signal }) => {
      const { participant, session, kind } = scope;
      const query = { limit: PAGE, state: 'complete' as const, ...(kind ? { kind } : {}), ...(participant ? { participant } : {}), ...(session ? { session } : {}), ...(pageParam ? { cursor: pageParam } : {}) };
      return must(client.GET('/api/v1/studies/{study}/files', { params: { path: { study }, query }, signal }));
    },
    getNextPageParam: (page) => (page.has_more && page.cursor ? page.cursor : undefined),
  });

/** Where the bytes are: shown in the page, or to be saved. */
export const fileContent = (study: string, file: string, disposition: 'inline' | 'attachment') =>
  `/api/v1/studies/${encodeURIComponent(study)}/files/${encodeURIComponent(file)}/content?disposition=${disposition}`;

async function opened(study: string, file: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(fileContent(study, file, 'inline'), { headers, ...(signal ? { signal } : {}) });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw unreachable();
  }
  if (answer.status === 401) sessionEnded();
  if (!answer.ok) throw problemOf(await answer.json().catch(() => null), answer.status);
  return answer;
}

/** Throws what the server says to a passphrase that does not open a file of a locked study. */
export async function tryPassphrase(study: string, file: string, passphrase: string): Promise<void> {
  const answer = await opened(study, file, { 'X-Study-Passphrase': passphrase, Range: 'bytes=0-0' });
  await answer.body?.cancel();
}

/** A file of a locked study, whole: a player cannot say a passphrase, so the page fetches what it plays. */
export async function lockedFile(study: string, file: StudyFile, passphrase: string, onProgress: (bytes: number) => void, signal: AbortSignal): Promise<Blob> {
  const answer = await opened(study, file.id, { 'X-Study-Passphrase': passphrase }, signal);
  const reader = answer.body?.getReader();
  const pieces: Uint8Array[] = [];
  let read = 0;
  for (;;) {
    const next = await reader?.read().catch((error: unknown) => Promise.reject(signal.aborted ? error : unreachable()));
    if (!next || next.done) break;
    pieces.push(next.value);
    read += next.value.length;
    onProgress(read);
  }
  return new Blob(pieces as BlobPart[], { type: file.media_type });
}
