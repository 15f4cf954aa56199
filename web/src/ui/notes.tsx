import { Anchor, Button, Group, Loader, Text } from '@mantine/core';
import type { ReactNode } from 'react';

import { asProblem } from '@/api/problem';

import { Icon, type IconName } from './Icon';

/** What happened, where, and what to do; with the number that the server's log has too. */
export function ErrorNote({ error, retry, title }: { error: unknown; retry?: () => void; title?: string }) {
  if (!error) return null;
  const problem = asProblem(error);
  return (
    <Note tone="bad" icon="warning" title={title ?? problem.title} role="alert">
      {title && <Text size="sm">{problem.title}</Text>}
      {problem.detail && <Text size="sm">{problem.detail}</Text>}
      <Group gap="md" mt={6}>
        {retry && (
          <Button size="compact-xs" variant="light" color="red" onClick={retry}>
            Try again
          </Button>
        )}
        {problem.place && <Text size="xs">at <code>{problem.place}</code></Text>}
        {problem.requestId && (
          <Text size="xs">
            request <code>{problem.requestId}</code>
          </Text>
        )}
        {problem.requestId && (
          <Anchor size="xs" href={`/docs/errors#${problem.slug}`} target="_blank" c="inherit" td="underline">
            What this error means
          </Anchor>
        )}
      </Group>
    </Note>
  );
}

/** Something to know before going on. */
export function Note({ tone, icon, title, role, children }: { tone: 'bad' | 'fair' | 'own'; icon: IconName; title: string; role?: 'alert'; children?: ReactNode }) {
  return (
    <div className="note" data-tone={tone} role={role}>
      <Icon name={icon} />
      <div className="note-words">
        <Text size="sm" fw={600} className="note-title">
          {title}
        </Text>
        {children}
      </div>
    </div>
  );
}

/** Never a spinner without words. */
export function Busy({ what }: { what: string }) {
  return (
    <Group gap="xs" p="md" role="status">
      <Loader size={14} />
      <Text size="sm" c="dimmed">
        {what}…
      </Text>
    </Group>
  );
}

/** Nothing there: says why, and what to do about it. */
export function Empty({ icon = 'table', title, children, action }: { icon?: IconName; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <div className="empty-icon">
        <Icon name={icon} size={22} />
      </div>
      <Text fw={600}>{title}</Text>
      {children && (
        <Text size="sm" c="dimmed" maw={460} component="div">
          {children}
        </Text>
      )}
      {action && <Group mt="sm">{action}</Group>}
    </div>
  );
}
