import { ActionIcon, Menu, Tooltip, useMantineColorScheme } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate } from '@tanstack/react-router';

import { sessionQuery, signOut } from '@/api/session';
import { ZonePicker } from '@/time/ZonePicker';
import { Icon } from '@/ui/Icon';
import { useToast } from '@/ui/toast';

import { Breadcrumbs } from './Breadcrumbs';
import { SessionEnded } from './SessionEnded';

/** What stands around every view of somebody who is signed in. */
export function Shell() {
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <Link to="/studies" className="brand" aria-label="Sheaf: all studies">
          <img src="/icon.svg" alt="" width={22} height={22} />
          <span>Sheaf</span>
        </Link>
        <Breadcrumbs />
        <div className="top-tools">
          <ZonePicker />
          <SchemeToggle />
          <AccountMenu />
        </div>
      </header>
      <Outlet />
      <SessionEnded />
    </div>
  );
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

function AccountMenu() {
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
        <Menu.Item component="a" href="/docs" target="_blank" leftSection={<Icon name="help" />}>
          API reference
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="lock" />} onClick={() => void leave()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
