import { ActionIcon, Indicator, Popover, Progress, Stack, Text, Tooltip } from '@mantine/core';
import { useState } from 'react';

import { running } from '@/api/exports';
import { bytes, count } from '@/ui/format';
import { Icon } from '@/ui/Icon';
import { Status } from '@/ui/Status';

import { useDownload } from './context';

/** Every export started in this browser, in every view. */
export function Tray() {
  const { tracked, jobs, show, save, forget } = useDownload();
  const [opened, setOpened] = useState(false);
  const busy = tracked.filter((one) => {
    const job = jobs.get(one.id);
    return job ? running(job) : false;
  }).length;
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={340} shadow="md">
      <Popover.Target>
        <Tooltip label="Exports of this browser">
          <Indicator label={busy} size={14} disabled={busy === 0} offset={4}>
            <ActionIcon size="md" aria-label={busy > 0 ? `Exports: ${busy} running` : 'Exports'} aria-expanded={opened} onClick={() => setOpened(!opened)}>
              <Icon name="download" />
            </ActionIcon>
          </Indicator>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>
        <Text fw={600} mb={6}>
          Exports
        </Text>
        {tracked.length === 0 && (
          <Text size="sm" c="dimmed">
            Nothing was exported here yet. Press Download in any table.
          </Text>
        )}
        <Stack gap="xs" mah={360} style={{ overflow: 'auto' }}>
          {tracked.map((one) => {
            const job = jobs.get(one.id);
            return (
              <div key={one.id} className="tray-item">
                <div className="tray-words">
                  <button
                    type="button"
                    className="linklike"
                    onClick={() => {
                      setOpened(false);
                      show(one.id);
                    }}
                  >
                    {one.what}
                  </button>
                  <div className="quiet small">
                    {one.study}
                    {job ? ` · ${count(job.progress.rows)} rows · ${bytes(job.file_size ?? job.progress.bytes)}` : ' · no longer there'}
                  </div>
                  {job && running(job) && <Progress value={job.progress.fraction * 100} size={4} mt={4} aria-label={`${Math.round(job.progress.fraction * 100)} % done`} />}
                </div>
                {job && <Status of={job.state} />}
                {job?.state === 'succeeded' && (
                  <ActionIcon size="sm" aria-label={`Save ${job.file_name ?? one.what} again`} onClick={() => save(job)}>
                    <Icon name="download" size={13} />
                  </ActionIcon>
                )}
                {(!job || !running(job)) && (
                  <ActionIcon size="sm" aria-label={`Take ${one.what} off this list`} onClick={() => forget(one.id)}>
                    <Icon name="close" size={12} />
                  </ActionIcon>
                )}
              </div>
            );
          })}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
