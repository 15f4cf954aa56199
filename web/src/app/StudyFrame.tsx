import { Drawer } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useParams } from '@tanstack/react-router';
import { useState, useEffect } from 'react';

import { donationProjectQuery } from '@/api/donations';
import { studyQuery } from '@/api/studies';
import { Icon, type IconName } from '@/ui/Icon';
import { Busy, ErrorNote } from '@/ui/notes';

interface Entry {
  /** Only where the study is a donation project. */
  donations?: boolean;
  to: string;
  text: string;
  icon: IconName;
}

/** The views of a study, in the order of work: look, take along, let in, care for. */
export const studyViews: { title: string; entries: Entry[] }[] = [
  {
    title: 'Look',
    entries: [
      { to: '', text: 'Overview', icon: 'home' },
      { to: '/sessions', text: 'Sessions', icon: 'calendar' },
      { to: '/participants', text: 'Participants', icon: 'people' },
      { to: '/data', text: 'Data', icon: 'table' },
      { to: '/quality', text: 'Quality', icon: 'pulse' },
      { to: '/live', text: 'Live', icon: 'live' },
      { to: '/data-center', text: 'Data Center', icon: 'tree', donations: true },
    ],
  },
  {
    title: 'In and out',
    entries: [
      { to: '/import', text: 'Import', icon: 'upload' },
      { to: '/exports', text: 'Exports', icon: 'download' },
      { to: '/schedules', text: 'Schedules', icon: 'clock' },
    ],
  },
  {
    title: 'Manage',
    entries: [
      { to: '/people', text: 'People', icon: 'user' },
      { to: '/privacy', text: 'Privacy', icon: 'shield' },
      { to: '/retention', text: 'Retention', icon: 'archive' },
      { to: '/audit', text: 'Audit', icon: 'list' },
      { to: '/settings', text: 'Settings', icon: 'gear' },
    ],
  },
];

export const openStudyMenu = 'sheaf-open-study-menu';

export function StudyFrame() {
  const { study } = useParams({ strict: false }) as { study: string };
  const { data, error, isPending, refetch } = useQuery(studyQuery(study));
  const [menu, setMenu] = useState(false);
  useEffect(() => {
    const open = () => setMenu(true);
    window.addEventListener(openStudyMenu, open);
    return () => window.removeEventListener(openStudyMenu, open);
  }, []);
  return (
    <div className="study">
      <aside className="side">
        <StudyMenu study={study} />
      </aside>
      <Drawer opened={menu} onClose={() => setMenu(false)} size={250} title="This study" hiddenFrom="md">
        <StudyMenu study={study} onGo={() => setMenu(false)} />
      </Drawer>
      <main className="view" id="main" tabIndex={-1}>
        <ErrorNote error={error} retry={() => void refetch()} />
        {/* What was opened stays when the server goes away: somebody may be typing in it. */}
        {data ? <Outlet /> : isPending && <Busy what="Opening the study" />}
      </main>
    </div>
  );
}

function StudyMenu({ study, onGo }: { study: string; onGo?: () => void }) {
  const { data: project } = useQuery(donationProjectQuery(study));
  return (
    <nav aria-label="Views of this study" className="side-nav">
      {studyViews.map((group) => (
        <div key={group.title}>
          <div className="side-title">{group.title}</div>
          {group.entries.filter((entry) => !entry.donations || project).map((entry) => (
            <Link key={entry.to} to={`/studies/$study${entry.to}` as '/studies/$study'} params={{ study }} className="side-link" activeOptions={{ exact: entry.to === '', includeSearch: false }} {...(onGo ? { onClick: onGo } : {})}>
              <Icon name={entry.icon} />
              {entry.text}
            </Link>
          ))}
        </div>
      ))}
    </nav>
  );
}
