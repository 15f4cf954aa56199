import { queryOptions } from '@tanstack/react-query';

import { client, must, setCsrfToken, type Schemas } from './client';
import { ApiProblem } from './problem';

export type Session = Schemas['SessionAnswer'];

/** Who is signed in; null when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  staleTime: 60_000,
  queryFn: async (): Promise<Session | null> => {
    try {
      const session = await must(client.GET('/api/v1/session'));
      setCsrfToken(session.csrf_token);
      return session;
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) return null;
      throw error;
    }
  },
});

export async function signIn(body: Schemas['SignIn']): Promise<Session> {
  const session = await must(client.POST('/api/v1/session', { body }));
  setCsrfToken(session.csrf_token);
  return session;
}

export async function signOut(): Promise<void> {
  await must(client.DELETE('/api/v1/session'));
  setCsrfToken('');
}
