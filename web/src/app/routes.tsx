import { createRootRoute, createRoute, lazyRouteComponent, Outlet, redirect, type AnyRoute } from '@tanstack/react-router';

import { sessionQuery } from '@/api/session';
import { tableSearch, texts } from '@/table/search';
import type { AuditSearch } from '@/views/audit/Audit';
import type { RetentionSearch } from '@/views/retention/Retention';
import type { ScheduleSearch } from '@/views/schedules/Schedules';
import { dataSearch } from '@/views/data/scope';
import { donationSearch } from '@/views/donations/search';
import { qualitySearch } from '@/views/quality/search';

import { NotFound } from './fallbacks';
import { queryClient } from './query-client';
import { Shell } from './Shell';
import { StudyFrame } from './StudyFrame';

/** The views and their addresses. What the server answers with the page is listed in src/api/page/page.cc. */
const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { next?: string } => (typeof search['next'] === 'string' && /^\/(?!\/)/.test(search['next']) ? { next: search['next'] } : {}),
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
const keys = createRoute({ getParentRoute: () => inside, path: '/keys', validateSearch: tableSearch, component: lazyRouteComponent(() => import('@/views/keys/Keys'), 'KeysView') });

const study = createRoute({ getParentRoute: () => inside, path: '/studies/$study', component: StudyFrame });

const overview = createRoute({ getParentRoute: () => study, path: '/', component: lazyRouteComponent(() => import('@/views/study/Overview'), 'OverviewView') });
const sessions = createRoute({ getParentRoute: () => study, path: '/sessions', validateSearch: tableSearch, component: lazyRouteComponent(() => import('@/views/sessions/Sessions'), 'SessionsView') });
const session = createRoute({ getParentRoute: () => study, path: '/sessions/$session', validateSearch: tableSearch, component: lazyRouteComponent(() => import('@/views/sessions/SessionPage'), 'SessionPage') });
const participants = createRoute({ getParentRoute: () => study, path: '/participants', validateSearch: tableSearch, component: lazyRouteComponent(() => import('@/views/participants/Participants'), 'ParticipantsView') });
const participantPage = () => lazyRouteComponent(() => import('@/views/participants/ParticipantPage'), 'ParticipantPage');
const participant = createRoute({ getParentRoute: () => study, path: '/participants/$participant', validateSearch: tableSearch, component: participantPage() });
const attendant = createRoute({ getParentRoute: () => study, path: '/sessions/$session/participants/$participant', validateSearch: tableSearch, component: participantPage() });
const datasets = createRoute({ getParentRoute: () => study, path: '/data', validateSearch: tableSearch, component: lazyRouteComponent(() => import('@/views/data/Datasets'), 'DatasetsView') });
const dataPage = () => lazyRouteComponent(() => import('@/views/data/DataPage'), 'DataPage');
const data = createRoute({ getParentRoute: () => study, path: '/data/$dataset', validateSearch: dataSearch, component: dataPage() });
const sessionData = createRoute({ getParentRoute: () => study, path: '/sessions/$session/data/$dataset', validateSearch: dataSearch, component: dataPage() });
const participantData = createRoute({ getParentRoute: () => study, path: '/participants/$participant/data/$dataset', validateSearch: dataSearch, component: dataPage() });
const attendantData = createRoute({ getParentRoute: () => study, path: '/sessions/$session/participants/$participant/data/$dataset', validateSearch: dataSearch, component: dataPage() });
const qualityPage = () => lazyRouteComponent(() => import('@/views/quality/QualityView'), 'QualityView');
const quality = createRoute({ getParentRoute: () => study, path: '/quality', validateSearch: qualitySearch, component: qualityPage() });
const sessionQuality = createRoute({ getParentRoute: () => study, path: '/sessions/$session/quality', validateSearch: qualitySearch, component: qualityPage() });
const participantQuality = createRoute({ getParentRoute: () => study, path: '/participants/$participant/quality', validateSearch: qualitySearch, component: qualityPage() });
const attendantQuality = createRoute({ getParentRoute: () => study, path: '/sessions/$session/participants/$participant/quality', validateSearch: qualitySearch, component: qualityPage() });
const datasetQuality = createRoute({ getParentRoute: () => study, path: '/quality/$dataset', validateSearch: qualitySearch, component: lazyRouteComponent(() => import('@/views/quality/DatasetQualityView'), 'DatasetQualityView') });
const dataCenter = createRoute({ getParentRoute: () => study, path: '/data-center', validateSearch: donationSearch, component: lazyRouteComponent(() => import('@/views/donations/DataCenter'), 'DataCenterView') });
const live = createRoute({ getParentRoute: () => study, path: '/live', component: lazyRouteComponent(() => import('@/views/live/LiveView'), 'LiveView') });
/** `…/data` without a dataset: crumbs lead there, and to the page above it. */
const bare = (path: string): AnyRoute =>
  createRoute({
    getParentRoute: () => study,
    path,
    beforeLoad: ({ location }) => {
      throw redirect({ to: location.pathname.replace(/\/[^/]+\/?$/, '') as '/', replace: true });
    },
  });
const exports_ = createRoute({ getParentRoute: () => study, path: '/exports', validateSearch: tableSearch, component: lazyRouteComponent(() => import('@/views/exports/Exports'), 'ExportsView') });

const schedules = createRoute({ getParentRoute: () => study, path: '/schedules', validateSearch: (search: Record<string, unknown>): ScheduleSearch => ({ ...tableSearch(search), ...texts(search, 'of') }), component: lazyRouteComponent(() => import('@/views/schedules/Schedules'), 'SchedulesView') });
const importing = createRoute({ getParentRoute: () => study, path: '/import', component: lazyRouteComponent(() => import('@/views/import/Import'), 'ImportView') });
const people = createRoute({ getParentRoute: () => study, path: '/people', validateSearch: tableSearch, component: lazyRouteComponent(() => import('@/views/people/People'), 'PeopleView') });
const privacy = createRoute({ getParentRoute: () => study, path: '/privacy', validateSearch: tableSearch, component: lazyRouteComponent(() => import('@/views/privacy/Privacy'), 'PrivacyView') });
const retention = createRoute({ getParentRoute: () => study, path: '/retention', validateSearch: (search: Record<string, unknown>): RetentionSearch => texts(search, 'of'), component: lazyRouteComponent(() => import('@/views/retention/Retention'), 'RetentionView') });
const settings = createRoute({ getParentRoute: () => study, path: '/settings', component: lazyRouteComponent(() => import('@/views/settings/Settings'), 'SettingsView') });
const auditSearch = (search: Record<string, unknown>): AuditSearch => texts(search, 'action', 'actor', 'participant', 'since', 'until', 'columns');
const auditPage = () => lazyRouteComponent(() => import('@/views/audit/Audit'), 'AuditView');
const audit = createRoute({ getParentRoute: () => study, path: '/audit', validateSearch: auditSearch, component: auditPage() });
const serverAudit = createRoute({ getParentRoute: () => inside, path: '/server/audit', validateSearch: auditSearch, component: auditPage() });
const account = createRoute({ getParentRoute: () => inside, path: '/account', component: lazyRouteComponent(() => import('@/views/account/Account'), 'AccountView') });
const accounts = createRoute({ getParentRoute: () => inside, path: '/server/accounts', validateSearch: tableSearch, component: lazyRouteComponent(() => import('@/views/accounts/Accounts'), 'AccountsView') });
const server = createRoute({
  getParentRoute: () => inside,
  path: '/server',
  beforeLoad: () => {
    throw redirect({ to: '/server/accounts', replace: true });
  },
});
const me = createRoute({ getParentRoute: () => root, path: '/me', component: lazyRouteComponent(() => import('@/views/me/Me'), 'MeView') });

export const routeTree = root.addChildren([
  signIn,
  me,
  inside.addChildren([
    home,
    studies,
    keys,
    account,
    accounts,
    serverAudit,
    server,
    study.addChildren([
      overview, sessions, session, participants, participant, attendant, datasets, data, sessionData, participantData, attendantData, exports_, schedules, importing, people, privacy, retention, settings, audit,
      quality, datasetQuality, sessionQuality, participantQuality, attendantQuality, live, dataCenter,
      bare('/sessions/$session/participants'), bare('/sessions/$session/data'), bare('/participants/$participant/data'), bare('/sessions/$session/participants/$participant/data'),
    ]),
  ]),
]);
