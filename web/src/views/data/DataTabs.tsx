import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { datasetsQuery, summaryQuery, type Dataset } from '@/api/datasets';
import { scopeOverviewQuery } from '@/api/plots';
import { countQuery } from '@/api/records';
import { compact, count } from '@/ui/format';
import { useCurrentInSight } from '@/ui/in-sight';

import { dataPath, type Scope } from './scope';

/** How many records each dataset has in a scope. */
export function useCounts(scope: Scope, datasets: Dataset[]): Map<string, number | undefined> {
  const whole = !scope.participant && !scope.session;
  const selection = { participants: scope.participant ? [scope.participant] : undefined, sessions: scope.session ? [scope.session] : undefined };
  const summaries = useQueries({ queries: whole ? datasets.map((dataset) => summaryQuery(scope.study, dataset.id)) : [] });
  const both = Boolean(scope.participant && scope.session);
  const counts = useQueries({ queries: both ? datasets.map((dataset) => countQuery(scope.study, dataset.id, selection)) : [] });
  const { data: overview } = useQuery(scopeOverviewQuery(scope.study, { participant: scope.participant, session: scope.session }));
  return new Map(
    datasets.map((dataset, index) => {
      if (whole) return [dataset.id, summaries[index]?.data?.records];
      if (both) return [dataset.id, counts[index]?.data?.count];
      return [dataset.id, overview && (overview.find((one) => one.dataset === dataset.id)?.records ?? 0)];
    }),
  );
}

/** One tab a dataset, with how much is in it. */
export function DataTabs({ scope, open }: { scope: Scope; open?: string }) {
  const { data: datasets = [] } = useQuery(datasetsQuery(scope.study));
  const counts = useCounts(scope, datasets);
  const strip = useCurrentInSight<HTMLElement>(`${open} ${datasets.length} ${[...counts.values()].join()}`);
  return (
    <nav ref={strip} className="data-tabs" aria-label="Datasets">
      {datasets.map((dataset) => {
        const number = counts.get(dataset.id);
        return (
          <Link key={dataset.id} to={dataPath(scope, dataset.id) as '/'} className="data-tab" aria-current={open === dataset.id ? 'page' : undefined} data-none={number === 0 || undefined}>
            {dataset.name}
            <span className="data-count" title={number === undefined ? undefined : `${count(number)} records`}>
              {number === undefined ? '…' : compact(number)}
            </span>
          </Link>
        );
      })}
    </nav>
  );
}
