import { Link } from '@tanstack/react-router';

import type { Dataset } from '@/api/datasets';
import { Time } from '@/time/zone';
import { count } from '@/ui/format';
import { Empty } from '@/ui/notes';

import type { LiveState } from './state';

export function LiveDatasets({ study, live, datasets }: { study: string; live: LiveState; datasets: Dataset[] }) {
  if (live.datasets.length === 0) return <Empty icon="live" title="This study has no datasets yet">They appear here with the first definition or import.</Empty>;
  return (
    <div className="wide">
      <table className="plain" aria-label="Datasets of the running study">
        <thead>
          <tr>
            <th>Dataset</th>
            <th className="number">Records</th>
            <th className="number">New</th>
            <th className="number">Participants</th>
            <th>Last arrived</th>
          </tr>
        </thead>
        <tbody>
          {live.datasets.map((one) => (
            // A new key lets the row light up once more.
            <tr key={`${one.dataset} ${one.records}`} className={live.added[one.dataset] ? 'fresh' : undefined}>
              <td><Link to="/studies/$study/data/$dataset" params={{ study, dataset: one.dataset }}>{datasets.find((known) => known.id === one.dataset)?.name ?? one.dataset}</Link></td>
              <td className="number">{count(one.records)}</td>
              <td className="number">{live.added[one.dataset] ? `+${count(live.added[one.dataset] ?? 0)}` : <span className="quiet">0</span>}</td>
              <td className="number">{count(one.participants)}</td>
              <td className="nowrap"><Time at={one.last_received} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
