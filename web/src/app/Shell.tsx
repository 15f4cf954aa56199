import { ActionIcon, Menu, Tooltip, useMantineColorScheme } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useParams } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';

import { sessionQuery, signOut } from '@/api/session';
import { DownloadProvider } from '@/download/context';
import { Tray } from '@/download/Tray';
import { ZonePicker } from '@/time/ZonePicker';
import { Icon } from '@/ui/Icon';
import { useToast } from '@/ui/toast';

import { Breadcrumbs } from './Breadcrumbs';
import { SessionEnded } from './SessionEnded';
import { openStudyMenu } from './StudyFrame';

const Palette = lazy(async () => ({ default: (await import('@/palette/Palette')).Palette }));
const Help = lazy(async () => ({ default: (await import('./Help')).Help }));

/** What stands around every view of somebody who is signed in. */
export function Shell() {
  const [open, setOpen] = useState<'palette' | 'help' | null>(null);
  const { study } = useParams({ strict: false }) as { study?: string };
  useShortcuts(setOpen);
  return (
    <DownloadProvider>
      <div className="shell">
        <a className="skip" href="#main">
          Skip to the content
        </a>
        <header className="top">
          {study && (
            <ActionIcon className="menu-button" size="md" aria-label="Views of this study" onClick={() => window.dispatchEvent(new Event(openStudyMenu))}>
              <Icon name="menu" />
            </ActionIcon>
          )}
          <Link to="/studies" className="brand" aria-label="Sheaf: all studies">
            <img src="/icon.svg" alt="" width={22} height={22} />
            <span>Sheaf</span>
          </Link>
          <Breadcrumbs />
          <div className="top-tools">
            <Tooltip label="Go to… (Ctrl K)">
              <ActionIcon size="md" aria-label="Go to a study, dataset or participant" onClick={() => setOpen('palette')}>
                <Icon name="search" />
              </ActionIcon>
            </Tooltip>
            <ZonePicker />
            <Tray />
            <SchemeToggle />
            <AccountMenu onHelp={() => setOpen('help')} />
          </div>
        </header>
        <Outlet />
        <SessionEnded />
        <Suspense fallback={null}>
          {open === 'palette' && <Palette onClose={() => setOpen(null)} />}
          {open === 'help' && <Help onClose={() => setOpen(null)} />}
        </Suspense>
      </div>
    </DownloadProvider>
  );
}

/** Keys that work everywhere but where somebody types. */
function useShortcuts(open: (what: 'palette' | 'help') => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        open('palette');
        return;
      }
      const typing = event.target instanceof HTMLElement && event.target.matches('input, textarea, select, [contenteditable]');
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === '/') {
        event.preventDefault();
        const box = document.querySelector<HTMLInputElement>('[data-search-box]');
        if (box) box.focus();
        else open('palette');
      }
      if (event.key === '?') open('help');
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [open]);
}

function SchemeToggle() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const next = colorScheme === 'auto' ? 'light' : colorScheme === 'light' ? 'dark' : 'auto';
  const said = { auto: 'as the system', light: 'light', dark: 'dark' };
  return (
    <Tooltip label={`Colours: ${said[colorScheme]}. Press for ${said[next]}.`}>
      <ActionIcon size="md" aria-label={`Colours: ${said[colorScheme]}; switch to ${said[next]}`} onClick={() => setColorScheme(next)}>
        <Icon name={colorScheme === 'dark' ? 'moon' : 'sun'} />
      </ActionIcon>
    </Tooltip>
  );
}

function AccountMenu({ onHelp }: { onHelp: () => void }) {
  const { data: session } = useQuery(sessionQuery);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const toast = useToast();
  if (!session) return null;
  const leave = async () => {
    try {
      await signOut();
      queries.clear();
      await navigate({ to: '/sign-in' });
    } catch (error) {
      toast.fail(error);
    }
  };
  return (
    <Menu position="bottom-end" width={230}>
      <Menu.Target>
        <ActionIcon size="md" aria-label={`Account of ${session.account.name}`}>
          <Icon name="user" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {session.account.name} · {session.account.email}
        </Menu.Label>
        <Menu.Item component={Link} to="/keys" leftSection={<Icon name="key" />}>
          Keys
        </Menu.Item>
        <Menu.Item component={Link} to="/account" leftSection={<Icon name="user" />}>
          Account and second factor
        </Menu.Item>
        {session.account.admin && (
          <>
            <Menu.Divider />
            <Menu.Item component={Link} to="/server/accounts" leftSection={<Icon name="people" />}>
              Accounts of this server
            </Menu.Item>
            <Menu.Item component={Link} to="/server/audit" leftSection={<Icon name="list" />}>
              Audit of this server
            </Menu.Item>
          </>
        )}
        <Menu.Divider />
        <Menu.Item leftSection={<Icon name="help" />} onClick={onHelp}>
          Keys of this page
        </Menu.Item>
        <Menu.Item component="a" href="/docs" target="_blank" leftSection={<Icon name="braces" />}>
          API reference
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<Icon name="lock" />} onClick={() => void leave()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
