import { Button, Group, Popover, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';

import { formatTime, instantIn, useZone } from '@/time/zone';
import { Icon } from '@/ui/Icon';

interface Range {
  since?: string | undefined;
  until?: string | undefined;
}

/** Only records of a time, typed in the zone in which times are shown. */
export function TimeRange({ since, until, onChange }: Range & { onChange: (range: Range) => void }) {
  const { zone } = useZone();
  const [opened, setOpened] = useState(false);
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [wrong, setWrong] = useState('');
  const text = since || until ? `${since ? formatTime(since, zone, 'min') : '…'} – ${until ? formatTime(until, zone, 'min') : '…'}` : 'Any time';
  const apply = () => {
    const next = { since: instantIn(zone, from), until: instantIn(zone, to) };
    if ((from && !next.since) || (to && !next.until)) {
      setWrong('Write a time as 2026-01-31 08:15, with an offset such as +01:00 if it is of another zone.');
      return;
    }
    onChange(next);
    setOpened(false);
  };
  return (
    <Popover opened={opened} onChange={setOpened} width={280} shadow="md" trapFocus>
      <Popover.Target>
        <Button
          variant={since || until ? 'light' : 'default'}
          leftSection={<Icon name="clock" />}
          onClick={() => {
            setFrom(formatTime(since, zone, 'ms').replace(/(:00)?\.000$/, ''));
            setTo(formatTime(until, zone, 'ms').replace(/(:00)?\.000$/, ''));
            setWrong('');
            setOpened(!opened);
          }}
        >
          {text}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            apply();
          }}
        >
          <Stack gap="xs">
            <TextInput label="From" placeholder="2026-01-31 08:15" value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
            <TextInput label="Before" placeholder="2026-02-01" value={to} onChange={(event) => setTo(event.currentTarget.value)} error={wrong || undefined} />
            <Text size="xs" c="dimmed">
              In {zone}, unless an offset is given.
            </Text>
            <Group justify="flex-end" gap="xs">
              <Button
                variant="subtle"
                onClick={() => {
                  onChange({ since: undefined, until: undefined });
                  setOpened(false);
                }}
              >
                Any time
              </Button>
              <Button type="submit">Show</Button>
            </Group>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
