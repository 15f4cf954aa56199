import { SegmentedControl } from '@mantine/core';
import { useMemo } from 'react';

import type { Dataset } from '@/api/datasets';
import { useAddress } from '@/app/address';
import type { Scope } from '@/views/data/scope';
import { Arrivals } from '@/views/study/Arrivals';

import type { QualitySearch } from './search';

/** Days on a calendar: those the records are of, or those on which they arrived here. */
export function When({ scope, datasets }: { scope: Scope; datasets: Dataset[] }) {
  const [search, change] = useAddress<QualitySearch>();
  const { session, participant } = scope;
  const selection = useMemo(() => ({ participants: participant ? [participant] : undefined, sessions: session ? [session] : undefined }), [participant, session]);
  if (datasets.length === 0) return null;
  return (
    <>
      <div className="section-row">
        <h2 className="section">{search.days === 'received' ? 'When records arrived' : 'When records were made'}</h2>
        <SegmentedControl size="xs" aria-label="Days of" data={[{ value: 'time', label: 'Made' }, { value: 'received', label: 'Arrived' }]} value={search.days ?? 'time'} onChange={(days) => change({ days: days === 'received' ? 'received' : undefined })} />
      </div>
      <Arrivals study={scope.study} datasets={datasets} selection={selection} of={search.days === 'received' ? 'received_at' : 'time'} />
    </>
  );
}
