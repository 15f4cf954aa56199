import { ActionIcon, Button, Group, Tooltip } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';

import { deleteExport, exportsQuery, running, type Export, type ExportRequest } from '@/api/exports';
import { useDownload } from '@/download/context';
import type { Column } from '@/table/columns';
import { ListTable } from '@/table/ListTable';
import { Time } from '@/time/zone';
import { bytes, count } from '@/ui/format';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { Empty } from '@/ui/notes';
import { Status } from '@/ui/Status';
import { useToast } from '@/ui/toast';

import { whatOf } from './what';

export function ExportsView() {
  const { study } = useParams({ strict: false }) as { study: string };
  const query = useQuery(exportsQuery(study));
  const queries = useQueryClient();
  const navigate = useNavigate();
  const download = useDownload();
  const toast = useToast();
  const remove = useMutation({
    mutationFn: (job: Export) => deleteExport(job.id),
    onSuccess: (_, job) => {
      toast.say(running(job) ? 'The export was cancelled.' : 'The export and its file were removed.');
      return queries.invalidateQueries({ queryKey: ['study', study, 'exports'] });
    },
    onError: toast.fail,
  });
  const { mutate } = remove;
  const columns = useMemo<Column<Export>[]>(
    () => [
      { id: 'what', title: 'What', size: 300, value: whatOf, cell: (job) => <button type="button" className="linklike" onClick={() => download.show(job.id)}>{whatOf(job)}</button> },
      { id: 'state', title: 'State', size: 110, value: (job) => job.state, cell: (job) => <Status of={job.state} /> },
      { id: 'rows', title: 'Rows', size: 100, align: 'right', value: (job) => job.progress.rows, cell: (job) => count(job.progress.rows) },
      { id: 'size', title: 'Size', size: 90, align: 'right', unit: 'bytes', value: (job) => job.file_size, cell: (job) => bytes(job.file_size) },
      { id: 'created', title: 'Asked for', size: 160, value: (job) => job.created_at, cell: (job) => <Time at={job.created_at} digits="min" /> },
      { id: 'expires', title: 'File kept until', size: 160, value: (job) => job.expires_at, cell: (job) => <Time at={job.expires_at} digits="min" /> },
      {
        id: 'actions', title: 'Actions', size: 150, fixed: true,
        cell: (job) => (
          <Group gap={2} wrap="nowrap">
            {job.state === 'succeeded' && <Act icon="download" label={`Download ${job.file_name ?? 'the file'}`} onClick={() => download.save(job)} />}
            {!running(job) && job.request && !job.dialect && <Act icon="clock" label="Schedule this export" onClick={() => void navigate({ to: '/studies/$study/schedules', params: { study }, search: { of: job.id } as never })} />}
            {!running(job) && <Act icon="undo" label="Export the same again" onClick={() => void download.start(study, whatOf(job), (job.request ?? {}) as ExportRequest).catch(toast.fail)} />}
            <Act icon={running(job) ? 'close' : 'trash'} label={running(job) ? 'Cancel' : 'Remove the export and its file'} onClick={() => mutate(job)} />
          </Group>
        ),
      },
      { id: 'file', title: 'File', size: 220, hidden: true, value: (job) => job.file_name, cell: (job) => job.file_name ?? '' },
      { id: 'error', title: 'Why it failed', size: 260, hidden: true, value: (job) => job.error, cell: (job) => job.error ?? '' },
      { id: 'sha256', title: 'SHA-256', size: 300, hidden: true, value: (job) => job.sha256, cell: (job) => <span className="mono">{job.sha256}</span> },
    ],
    [download, study, toast, mutate, navigate],
  );
  return (
    <>
      <Heading title="Exports" about="Files made of this study. Each is whole, counted and hashed before it can be downloaded.">
        <Button leftSection={<Icon name="download" />} onClick={() => download.open({ study, selection: {}, what: 'The whole study' })}>
          New export
        </Button>
      </Heading>
      <ListTable
        label="Exports"
        searchLabel="Search exports"
        columns={columns}
        query={query}
        rowKey={(job) => job.id}
        state={(job) => job.state}
        usualSort="-created"
        empty={
          <Empty icon="download" title="Nothing was exported yet">
            Press Download in any table, or New export for the whole study.
          </Empty>
        }
      />
    </>
  );
}

function Act({ icon, label, onClick }: { icon: 'download' | 'clock' | 'undo' | 'close' | 'trash'; label: string; onClick: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon size="sm" aria-label={label} onClick={onClick}>
        <Icon name={icon} size={14} />
      </ActionIcon>
    </Tooltip>
  );
}
