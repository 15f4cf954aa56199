import { useQueries } from '@tanstack/react-query';

import type { Dataset } from '@/api/datasets';
import { arrivalsQuery } from '@/api/plots';
import type { Selection } from '@/api/records';
import { Calendar } from '@/plot/Calendar';
import { useZone } from '@/time/zone';
import { Busy, ErrorNote } from '@/ui/notes';

/** When the records of some datasets were made, or arrived, day by day in the zone picked. */
export function Arrivals({ study, datasets, selection, of = 'time' }: { study: string; datasets: Dataset[]; selection: Selection; of?: 'time' | 'received_at' }) {
  const { zone } = useZone();
  const all = useQueries({ queries: datasets.map((dataset) => arrivalsQuery(study, dataset.id, selection, zone, of)) });
  const failed = all.find((one) => one.error);
  if (failed) return <ErrorNote error={failed.error} />;
  if (all.some((one) => one.isPending)) return <Busy what="Counting records by day" />;
  const days = new Map<string, number>();
  for (const one of all) for (const { at, n } of one.data?.counts ?? []) days.set(at, (days.get(at) ?? 0) + (n ?? 0));
  return <Calendar label={of === 'time' ? 'Records by day' : 'Arrivals by day'} days={[...days].map(([at, n]) => ({ at, n }))} />;
}
