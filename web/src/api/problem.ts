import type { components } from './schema.gen';

type Problem = components['schemas']['Problem'];
export type Rejection = components['schemas']['Rejection'];

/** A refusal of the server, as it is shown: what went wrong, what happened this time, where, and the number its log has too. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly slug: string;
  readonly title: string;
  readonly detail: string;
  readonly place: string | undefined;
  readonly requestId: string | undefined;
  readonly rejected: Rejection[];
  readonly rejectedTotal: number;

  constructor(problem: Partial<Problem> & { status: number; title: string; slug: string }) {
    super(problem.detail ? `${problem.title}: ${problem.detail}` : problem.title);
    this.name = 'ApiProblem';
    this.status = problem.status;
    this.slug = problem.slug;
    this.title = problem.title;
    this.detail = problem.detail ?? '';
    this.place = problem.place;
    this.requestId = problem.request_id;
    this.rejected = problem.rejected ?? [];
    this.rejectedTotal = problem.rejected_total ?? 0;
  }
}

export function problemOf(body: unknown, status: number): ApiProblem {
  if (typeof body === 'object' && body !== null && 'slug' in body && 'title' in body) {
    const problem = body as Problem;
    return new ApiProblem({ ...problem, status: problem.status || status });
  }
  return new ApiProblem({ status, slug: 'unexpected', title: `The server answered with ${status}`, detail: typeof body === 'string' ? body.slice(0, 300) : '' });
}

export function unreachable(): ApiProblem {
  return new ApiProblem({
    status: 599,
    slug: 'unreachable',
    title: 'The server did not answer',
    detail: 'It may be restarting, or your connection is gone. Nothing you typed is lost; try again in a moment.',
  });
}

export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem({ status: 0, slug: 'page', title: 'The page made a mistake', detail: error instanceof Error ? error.message : String(error) });
}
