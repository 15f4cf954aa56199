import createClient, { type Middleware } from 'openapi-fetch';

import { ApiProblem, problemOf, unreachable } from './problem';
import type { components, paths } from './schema.gen';

export type Schemas = components['schemas'];

let csrfToken = '';
const listeners = new Set<() => void>();

export function setCsrfToken(token: string): void {
  csrfToken = token;
}
export function csrfHeader(): Record<string, string> {
  return csrfToken ? { 'X-CSRF-Token': csrfToken } : {};
}
/** Called when the server says that the session has ended. */
export function onSessionEnd(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
export function sessionEnded(): void {
  listeners.forEach((listener) => listener());
}

const session: Middleware = {
  onRequest({ request }) {
    if (request.method !== 'GET' && request.method !== 'HEAD' && csrfToken) request.headers.set('X-CSRF-Token', csrfToken);
    return request;
  },
  onResponse({ request, response }) {
    // Signing in, and asking who is signed in, say 401 for themselves.
    if (response.status === 401 && !new URL(request.url).pathname.endsWith('/session')) sessionEnded();
    return undefined;
  },
};

/** Arrays are repeated (`participant=a&participant=b`); what is undefined is left out. */
export const client = createClient<paths>({ baseUrl: '/', querySerializer: { array: { style: 'form', explode: true } } });
client.use(session);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer's data; throws an ApiProblem for whatever else came. */
export async function must<T>(pending: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await pending;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    if (error instanceof ApiProblem) throw error;
    throw unreachable();
  }
  if (!answer.response.ok) throw problemOf(answer.error, answer.response.status);
  return answer.data as T;
}
