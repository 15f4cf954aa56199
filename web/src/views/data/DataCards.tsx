import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { datasetsQuery } from '@/api/datasets';
import { count } from '@/ui/format';
import { Busy } from '@/ui/notes';

import { useCounts } from './DataTabs';
import { dataPath, type Scope } from './scope';

/** What there is of a scope, a card for each dataset that has something. */
export function DataCards({ scope }: { scope: Scope }) {
  const { data: datasets = [], isPending } = useQuery(datasetsQuery(scope.study));
  const counts = useCounts(scope, datasets);
  if (isPending) return <Busy what="Counting records" />;
  const none = datasets.filter((dataset) => counts.get(dataset.id) === 0);
  return (
    <>
      <div className="cards">
        {datasets
          .filter((dataset) => counts.get(dataset.id) !== 0)
          .map((dataset) => {
            const number = counts.get(dataset.id);
            return (
              <Link key={dataset.id} to={dataPath(scope, dataset.id) as '/'} className="card">
                <span className="card-number">{number === undefined ? '…' : count(number)}</span>
                <span className="card-title">{dataset.name}</span>
                <span className="quiet small">{dataset.kind.replaceAll('_', ' ')}</span>
              </Link>
            );
          })}
      </div>
      {none.length > 0 && <p className="quiet small">No records in {none.map((dataset) => dataset.name).join(', ')}.</p>}
    </>
  );
}
