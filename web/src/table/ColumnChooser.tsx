import { ActionIcon, Button, Checkbox, Group, Popover, ScrollArea, Stack, Text, TextInput, Tooltip } from '@mantine/core';
import { useState } from 'react';

import { Icon } from '@/ui/Icon';

interface Choice {
  id: string;
  title: string;
  hidden?: boolean;
}

/** Which columns are shown, and in which order. `chosen` is undefined for the table's own choice. */
export function ColumnChooser({ columns, chosen, onChange }: { columns: Choice[]; chosen: string | undefined; onChange: (chosen: string | undefined) => void }) {
  const [find, setFind] = useState('');
  const usual = columns.filter((column) => !column.hidden).map((column) => column.id);
  const shown = chosen ? chosen.split(',') : usual;
  const set = (next: string[]) => onChange(next.join(',') === usual.join(',') || next.length === 0 ? undefined : next.join(','));
  const toggle = (id: string) => {
    if (shown.includes(id)) set(shown.filter((other) => other !== id));
    else set(columns.map((column) => column.id).filter((other) => other === id || shown.includes(other)));
  };
  const earlier = (id: string) => {
    const at = shown.indexOf(id);
    if (at < 1) return;
    const next = [...shown];
    next.splice(at - 1, 0, ...next.splice(at, 1));
    set(next);
  };
  const matches = columns.filter((column) => `${column.title} ${column.id}`.toLowerCase().includes(find.toLowerCase()));
  return (
    <Popover position="bottom-end" shadow="md" width={280} trapFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<Icon name="columns" />}>
          Columns{chosen ? ` · ${shown.length}` : ''}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          {columns.length > 8 && <TextInput aria-label="Find a column" placeholder="Find a column" value={find} onChange={(event) => setFind(event.currentTarget.value)} />}
          <ScrollArea.Autosize mah={300}>
            <Stack gap={8}>
              {matches.map((column) => (
                <Group key={column.id} gap={4} wrap="nowrap" justify="space-between">
                  <Checkbox label={column.title} checked={shown.includes(column.id)} onChange={() => toggle(column.id)} />
                  {shown.indexOf(column.id) > 0 && (
                    <Tooltip label="Further to the left">
                      <ActionIcon size="xs" aria-label={`Move ${column.title} to the left`} onClick={() => earlier(column.id)}>
                        <Icon name="up" size={12} />
                      </ActionIcon>
                    </Tooltip>
                  )}
                </Group>
              ))}
              {matches.length === 0 && <Text size="sm">No column is called so.</Text>}
            </Stack>
          </ScrollArea.Autosize>
          <Group gap="xs">
            <Button variant="subtle" size="compact-xs" onClick={() => set(columns.map((column) => column.id))}>
              All
            </Button>
            <Button variant="subtle" size="compact-xs" onClick={() => onChange(undefined)}>
              As usual
            </Button>
          </Group>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
