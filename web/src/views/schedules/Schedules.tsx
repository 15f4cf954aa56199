import { ActionIcon, Button, Group, Tooltip } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { deleteSchedule, pauseSchedule, resumeSchedule, runSchedule, schedulesQuery, type Schedule } from '@/api/schedules';
import { exportQuery } from '@/api/exports';
import { useAddress } from '@/app/address';
import type { Column } from '@/table/columns';
import { ListTable } from '@/table/ListTable';
import type { TableSearch } from '@/table/search';
import { Time } from '@/time/zone';
import { Confirm } from '@/ui/Confirm';
import { Heading } from '@/ui/Heading';
import { Icon, type IconName } from '@/ui/Icon';
import { Empty, ErrorNote } from '@/ui/notes';
import { Status } from '@/ui/Status';
import { useToast } from '@/ui/toast';

import { NewSchedule } from './NewSchedule';
import { Runs } from './Runs';

const whither = (schedule: Schedule) => ({ none: 'kept here', directory: `folder ${schedule.delivery.path ?? ''}`, webhook: schedule.delivery.url ?? '' })[schedule.delivery.kind];
const stateOf = (schedule: Schedule) => (schedule.paused ? 'paused' : 'active');

export interface ScheduleSearch extends TableSearch {
  /** The export that a new schedule is to repeat. */
  of?: string | undefined;
}

export function SchedulesView() {
  const { study } = useParams({ strict: false }) as { study: string };
  const query = useQuery(schedulesQuery(study));
  const [search, change] = useAddress<ScheduleSearch>();
  const [asked, setMaking] = useState(false);
  const job = useQuery({ ...exportQuery(search.of ?? ''), enabled: search.of !== undefined, refetchInterval: false });
  const making = asked || (search.of !== undefined && job.data !== undefined);
  const [open, setOpen] = useState<Schedule | null>(null);
  const [deleting, setDeleting] = useState<Schedule | null>(null);
  const queries = useQueryClient();
  const toast = useToast();
  const act = useMutation({
    mutationFn: ({ schedule, what }: { schedule: Schedule; what: 'pause' | 'resume' | 'run' }) => ({ pause: pauseSchedule, resume: resumeSchedule, run: runSchedule })[what](study, schedule.id) as Promise<unknown>,
    onSuccess: async (_, { what }) => {
      await queries.invalidateQueries({ queryKey: ['study', study] });
      toast.say({ pause: 'The schedule is paused.', resume: 'The schedule goes on.', run: 'It runs now; the run stands in its list.' }[what]);
    },
    onError: toast.fail,
  });
  const remove = useMutation({
    mutationFn: (schedule: Schedule) => deleteSchedule(study, schedule.id),
    onSuccess: async () => {
      setDeleting(null);
      await queries.invalidateQueries({ queryKey: ['study', study, 'schedules'] });
    },
  });
  const { mutate } = act;
  const columns = useMemo<Column<Schedule>[]>(
    () => [
      { id: 'name', title: 'Schedule', size: 200, value: (row) => row.name, cell: (row) => row.name },
      { id: 'state', title: 'State', size: 100, value: stateOf, cell: (row) => <Status of={stateOf(row)} /> },
      { id: 'cron', title: 'When', size: 150, value: (row) => row.cron, cell: (row) => <span className="mono" title={`in ${row.timezone}`}>{row.cron}</span> },
      { id: 'next', title: 'Next', size: 150, value: (row) => row.next_at, cell: (row) => <Time at={row.next_at} digits="min" none="not planned" /> },
      { id: 'mode', title: 'What', size: 130, value: (row) => row.mode, cell: (row) => (row.mode === 'new' ? 'only what is new' : 'everything') },
      { id: 'to', title: 'To', size: 190, value: whither, cell: whither },
      { id: 'last', title: 'Last run', size: 190, value: (row) => row.last_run?.created_at, cell: (row) => (row.last_run ? <><Status of={row.last_run.state} /> <Time at={row.last_run.created_at} digits="min" /></> : <span className="quiet">none yet</span>) },
      {
        id: 'actions', title: 'Actions', size: 130, fixed: true,
        cell: (row) => (
          <Group gap={2} wrap="nowrap">
            <Act icon="play" label={`Run ${row.name} now`} onClick={() => mutate({ schedule: row, what: 'run' })} />
            <Act icon={row.paused ? 'undo' : 'clock'} label={row.paused ? `Let ${row.name} go on` : `Pause ${row.name}`} onClick={() => mutate({ schedule: row, what: row.paused ? 'resume' : 'pause' })} />
            <Act icon="trash" label={`Delete ${row.name}`} onClick={() => setDeleting(row)} />
          </Group>
        ),
      },
    ],
    [mutate],
  );
  const empty = (
    <Empty icon="calendar" title="No schedule yet" action={<Button onClick={() => setMaking(true)}>New schedule</Button>}>
      A schedule makes an export by itself, every night say, and can hand it to a folder or another program.
    </Empty>
  );
  return (
    <>
      <Heading title="Schedules" about="Exports that run by themselves, with the rights of whoever made them.">
        <Button leftSection={<Icon name="plus" />} onClick={() => setMaking(true)}>
          New schedule
        </Button>
      </Heading>
      <ListTable label="Schedules" searchLabel="Search schedules" columns={columns} query={query} rowKey={(row) => row.id} state={stateOf} onOpen={setOpen} empty={empty} />
      {search.of && <ErrorNote error={job.error} retry={() => void job.refetch()} title="The export that was to be repeated cannot be read" />}
      {making && (
        <NewSchedule
          study={study}
          job={search.of ? job.data : undefined}
          onClose={() => {
            setMaking(false);
            change({ of: undefined });
          }}
        />
      )}
      {open && <Runs study={study} schedule={open} onClose={() => setOpen(null)} />}
      <Confirm opened={deleting !== null} title={`Delete ${deleting?.name ?? ''}?`} action="Delete the schedule" busy={remove.isPending} error={remove.error} onClose={() => setDeleting(null)} onConfirm={() => deleting && remove.mutate(deleting)}>
        It does not run any more. Exports it made stay as long as they are kept.
      </Confirm>
    </>
  );
}

function Act({ icon, label, onClick }: { icon: IconName; label: string; onClick: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon size="sm" aria-label={label} onClick={onClick}>
        <Icon name={icon} size={14} />
      </ActionIcon>
    </Tooltip>
  );
}
