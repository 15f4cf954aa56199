import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';

import { datasetsQuery } from '@/api/datasets';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { Busy, Empty, ErrorNote } from '@/ui/notes';

import { DataTabs } from './DataTabs';
import { DatasetView } from './DatasetView';
import { qualityPath, type Scope } from './scope';

/** The data of a study, a session, a participant, or a participant in a session: the address says which. */
export function DataPage() {
  const params = useParams({ strict: false }) as { study: string; session?: string; participant?: string; dataset: string };
  const { study, session, participant } = params;
  const scope = useMemo<Scope>(() => ({ study, session, participant }), [study, session, participant]);
  const { data, error, isPending, refetch } = useQuery(datasetsQuery(study));
  const dataset = data?.find((one) => one.id === params.dataset);
  const about = participant && session ? `Of ${participant} in session ${session}` : participant ? `Of participant ${participant}` : session ? `Of session ${session}` : 'Of the whole study';
  return (
    <>
      <Heading title={dataset?.name ?? params.dataset} about={dataset ? `${about} · ${dataset.kind.replaceAll('_', ' ')} · ${dataset.mode === 'keyed' ? 'a record can be replaced' : 'records are only added'}` : about}>
        {dataset && (
          <Button variant="default" component={Link} to={(session || participant ? qualityPath(scope) : `${qualityPath(scope)}/${encodeURIComponent(dataset.id)}`) as '/'} leftSection={<Icon name="pulse" />}>
            Quality
          </Button>
        )}
      </Heading>
      <DataTabs scope={scope} open={params.dataset} />
      <ErrorNote error={error} retry={() => void refetch()} />
      {isPending && <Busy what="Reading the definition" />}
      {data && !dataset && <Empty title="There is no such dataset">Choose one of the tabs above.</Empty>}
      {dataset && <DatasetView key={`${dataset.id} ${session} ${participant}`} scope={scope} dataset={dataset} />}
    </>
  );
}
