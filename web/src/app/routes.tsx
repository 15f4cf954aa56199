import { createRootRoute, createRoute, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';

import { sessionQuery } from '@/api/session';

import { NotFound } from './fallbacks';
import { queryClient } from './query-client';
import { Shell } from './Shell';
import { StudyFrame } from './StudyFrame';

/** The views and their addresses. What the server answers with the page is listed in src/api/page/page.cc. */
const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { next?: string } => (typeof search['next'] === 'string' && search['next'].startsWith('/') ? { next: search['next'] } : {}),
  component: lazyRouteComponent(() => import('@/views/sign-in/SignIn'), 'SignInView'),
});

const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  beforeLoad: async ({ location }) => {
    const session = await queryClient.ensureQueryData(sessionQuery);
    if (!session) throw redirect({ to: '/sign-in', search: location.pathname === '/' ? {} : { next: location.href } });
  },
  component: Shell,
});

const home = createRoute({
  getParentRoute: () => inside,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/studies', replace: true });
  },
});

const studies = createRoute({
  getParentRoute: () => inside,
  path: '/studies',
  validateSearch: tableSearch,
  component: lazyRouteComponent(() => import('@/views/studies/Studies'), 'StudiesView'),
});

const study = createRoute({ getParentRoute: () => inside, path: '/studies/$study', component: StudyFrame });

/** What every table keeps in the address: what is searched, the order, the columns shown, states picked. */
export interface TableSearch {
  q?: string;
  sort?: string;
  columns?: string;
  status?: string;
}

export function tableSearch(search: Record<string, unknown>): TableSearch {
  const kept: TableSearch = {};
  for (const name of ['q', 'sort', 'columns', 'status'] as const) {
    const value = search[name];
    if (typeof value === 'string' && value !== '') kept[name] = value;
    else if (typeof value === 'number') kept[name] = String(value);
  }
  return kept;
}

export const routeTree = root.addChildren([signIn, inside.addChildren([home, studies, study])]);
