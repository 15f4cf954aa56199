import { Button, Drawer } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { deliveriesQuery, replayDelivery, runsQuery, type Schedule } from '@/api/schedules';
import { CodeBlock } from '@/code/CodeBlock';
import { useDownload } from '@/download/context';
import { Time } from '@/time/zone';
import { Busy, ErrorNote, Note } from '@/ui/notes';
import { Status } from '@/ui/Status';
import { useToast } from '@/ui/toast';

/** What a schedule did and will do, and whether what it made arrived. */
export function Runs({ study, schedule, onClose }: { study: string; schedule: Schedule; onClose: () => void }) {
  const runs = useQuery(runsQuery(study, schedule.id));
  const deliveries = useQuery({ ...deliveriesQuery(study, schedule.id), enabled: schedule.delivery.kind !== 'none' });
  const download = useDownload();
  const queries = useQueryClient();
  const toast = useToast();
  const replay = useMutation({ mutationFn: (delivery: string) => replayDelivery(study, schedule.id, delivery), onSuccess: () => queries.invalidateQueries({ queryKey: ['study', study, 'schedule-deliveries'] }), onError: toast.fail });
  return (
    <Drawer opened onClose={onClose} position="right" size="min(560px, 100vw)" title={schedule.name}>
      {schedule.pause_reason && <Note tone="fair" icon="warning" title={schedule.pause_reason} />}
      <h3>Next</h3>
      <ul className="lines">{schedule.paused ? <li className="quiet">paused</li> : schedule.upcoming.map((at) => <li key={at}><Time at={at} digits="min" /></li>)}</ul>
      <h3>Runs</h3>
      <ErrorNote error={runs.error} retry={() => void runs.refetch()} />
      {runs.isPending && <Busy what="Reading the runs" />}
      {runs.data?.length === 0 && <p className="quiet small">It has not run yet.</p>}
      <ul className="lines">
        {runs.data?.map((run) => (
          <li key={run.id}>
            <Status of={run.state} /> <Time at={run.created_at} digits="min" /> {run.cause !== 'schedule' && <span className="quiet">{run.cause.replace('_', ' ')}</span>} {run.error}
            {run.export && (
              <Button size="compact-xs" variant="subtle" onClick={() => download.show(run.export ?? '')}>
                The export
              </Button>
            )}
          </li>
        ))}
      </ul>
      {deliveries.data && (
        <>
          <h3>Deliveries</h3>
          <ul className="lines">
            {deliveries.data.map((delivery) => (
              <li key={delivery.id}>
                <Status of={delivery.state} /> <Time at={delivery.created_at} digits="min" /> {delivery.attempts} attempts
                <Button size="compact-xs" variant="subtle" onClick={() => replay.mutate(delivery.id)}>
                  Send again
                </Button>
              </li>
            ))}
          </ul>
        </>
      )}
      <h3>What it exports</h3>
      <CodeBlock text={JSON.stringify(schedule.request, null, 2)} label="The request of each run" />
    </Drawer>
  );
}
