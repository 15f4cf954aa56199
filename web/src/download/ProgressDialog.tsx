import { Anchor, Button, Group, Modal, Progress, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { deleteExport, exportQuery, running } from '@/api/exports';
import { bytes, count, duration } from '@/ui/format';
import { Busy, ErrorNote } from '@/ui/notes';

import { useDownload } from './context';
import { timeLeft } from './left';

export function ProgressDialog({ id, what, onClose }: { id: string; what: string; onClose: () => void }) {
  const { data: job, error } = useQuery(exportQuery(id));
  const { save } = useDownload();
  const queries = useQueryClient();
  const [opened] = useState(() => Date.now());
  const cancel = useMutation({ mutationFn: () => deleteExport(id), onSuccess: () => queries.invalidateQueries({ queryKey: ['export', id] }) });
  const busy = job && running(job);
  const left = job ? timeLeft(job) : null;
  return (
    <Modal opened onClose={onClose} title={what}>
      <Stack gap="sm">
        <ErrorNote error={error} title="The state of the export could not be read; it goes on without this page" />
        {!job && !error && <Busy what="Asking how far it is" />}
        {job && (
          <>
            <Progress value={job.state === 'succeeded' ? 100 : job.progress.fraction * 100} animated={busy ?? false} color={job.state === 'failed' ? 'red' : undefined} size="lg" aria-label={`${Math.round(job.progress.fraction * 100)} % done`} />
            <div role="status">
              <Text fw={550}>{stateWords(job.state, job.activity)}</Text>
              <Text size="sm" c="dimmed">
                {count(job.progress.rows)}
                {job.progress.rows_total > 0 ? ` of ${count(job.progress.rows_total)}` : ''} rows · {bytes(job.file_size ?? job.progress.bytes)}
                {busy && left !== null ? ` · about ${duration(left)} left` : ''}
                {!busy && job.started_at && job.finished_at ? ` · took ${duration(Date.parse(job.finished_at) - Date.parse(job.started_at))}` : ''}
              </Text>
            </div>
            {job.error && <Text c="red">{job.error}</Text>}
            {job.sha256 && (
              <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                SHA-256 <code>{job.sha256}</code>
              </Text>
            )}
          </>
        )}
        <ErrorNote error={cancel.error} />
        {busy && Date.now() - opened > 2500 && (
          <Text size="sm" c="dimmed">
            You can close this or go elsewhere: the export goes on, stands under Exports at the top, and the file is saved when it is ready.
          </Text>
        )}
        <Group justify="flex-end">
          {busy && (
            <Button variant="light" color="red" loading={cancel.isPending} onClick={() => cancel.mutate()}>
              Cancel
            </Button>
          )}
          {job?.state === 'succeeded' && (
            <Anchor component="button" type="button" size="sm" onClick={() => save(job)}>
              Save {job.file_name} again
            </Anchor>
          )}
          <Button variant={busy ? 'default' : 'filled'} onClick={onClose}>
            {busy ? 'Go on in the background' : 'Done'}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function stateWords(state: string, activity: string): string {
  switch (state) {
    case 'succeeded': return 'Ready: the file is being saved';
    case 'failed': return 'It failed';
    case 'cancelled': return 'Cancelled: no file was made';
    case 'expired': return 'The file has expired';
    default: return activity ? activity.charAt(0).toUpperCase() + activity.slice(1) : 'Waiting for its turn';
  }
}
