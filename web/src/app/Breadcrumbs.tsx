import { useQuery } from '@tanstack/react-query';
import { Link, useRouterState } from '@tanstack/react-router';
import { Fragment } from 'react';

import { studyQuery } from '@/api/studies';
import { useCurrentInSight } from '@/ui/in-sight';

/** Words for the parts of an address that are no ids. */
const words: Record<string, string> = {
  studies: 'Studies', sessions: 'Sessions', participants: 'Participants', data: 'Data', import: 'Import', exports: 'Exports', people: 'People',
  privacy: 'Privacy', retention: 'Retention', audit: 'Audit', settings: 'Settings', schedules: 'Schedules', quality: 'Quality', live: 'Live', 'data-center': 'Data Center',
  keys: 'Keys', account: 'Account', server: 'Server', accounts: 'Accounts', overview: 'Overview',
};
/** Parts whose next part is somebody's or something's id. */
const lists = new Set(['studies', 'sessions', 'participants', 'data', 'quality']);

interface Crumb {
  to: string;
  text: string;
  study?: string;
}

export function crumbsOf(pathname: string): Crumb[] {
  const parts = pathname.split('/').filter(Boolean).map(decodeURIComponent);
  return parts.map((part, index) => {
    const to = '/' + parts.slice(0, index + 1).map(encodeURIComponent).join('/');
    const isId = index > 0 && lists.has(parts[index - 1] ?? '');
    if (index === 1 && parts[0] === 'studies') return { to, text: part, study: part };
    return { to, text: isId ? part : (words[part] ?? part) };
  });
}

export function Breadcrumbs() {
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  const crumbs = crumbsOf(pathname);
  const { data: study } = useQuery({ ...studyQuery(crumbs[1]?.study ?? ''), enabled: crumbs[1]?.study !== undefined });
  const strip = useCurrentInSight<HTMLElement>(`${pathname} ${study?.name}`);
  return (
    <nav ref={strip} aria-label="Where you are" className="crumbs">
      {crumbs.map((crumb, index) => (
        <Fragment key={crumb.to}>
          {index > 0 && <span aria-hidden="true">/</span>}
          {index === crumbs.length - 1 ? (
            <span aria-current="page" className="crumb">
              {crumb.study ? <StudyName study={crumb.study} /> : crumb.text}
            </span>
          ) : (
            <Link to={crumb.to} activeOptions={{ exact: true }} className="crumb">
              {crumb.study ? <StudyName study={crumb.study} /> : crumb.text}
            </Link>
          )}
        </Fragment>
      ))}
    </nav>
  );
}

function StudyName({ study }: { study: string }) {
  const { data } = useQuery(studyQuery(study));
  return <>{data?.name ?? study}</>;
}
