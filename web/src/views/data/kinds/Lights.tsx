import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { manyRecordsQuery, type Record_ } from '@/api/records';
import { Chart } from '@/plot/Chart';
import { count, number } from '@/ui/format';
import { Busy, Empty, ErrorNote } from '@/ui/notes';

import type { KindProps } from '../kinds';
import { valuesOf } from '../values';

const MOST = 20_000;
/** How far, in milliseconds, somebody may be from the others before the light changes. */
const FAIR = 100;
const BAD = 500;

export type Light = 'green' | 'yellow' | 'red';
export const lightOf = (drift: number): Light => (Math.abs(drift) < FAIR ? 'green' : Math.abs(drift) <= BAD ? 'yellow' : 'red');
const driftOf = (record: Record_) => valuesOf(record)['timeDrift'];

/** How well participants were kept together: green below 100 ms, yellow to 500 ms, red beyond. */
export function LightsView({ scope, dataset, selection, open }: KindProps) {
  const { data, error, isPending, refetch } = useQuery(manyRecordsQuery(scope.study, dataset.id, selection, { sort: 'time', most: MOST }));
  const records = useMemo(() => (data?.records ?? []).filter((record) => typeof driftOf(record) === 'number'), [data]);
  const people = useMemo(() => {
    const all = new Map<string, { drifts: number[]; quality: number[] }>();
    for (const record of records) {
      const key = `${record.session ?? ''} ${record.participant ?? ''}`;
      const entry = all.get(key) ?? { drifts: [], quality: [] };
      entry.drifts.push(driftOf(record) as number);
      const quality = valuesOf(record)['syncQuality'];
      if (typeof quality === 'number') entry.quality.push(quality);
      all.set(key, entry);
    }
    return [...all].map(([key, entry]) => ({ session: key.split(' ')[0] ?? '', participant: key.slice(key.indexOf(' ') + 1), ...entry }));
  }, [records]);
  const lines = useMemo(() => [{ label: 'drift (ms)', points: records.map((record): [number, number] => [Date.parse(record.time ?? ''), driftOf(record) as number]) }], [records]);
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (isPending) return <Busy what="Reading the sync metrics" />;
  if (records.length === 0) return <Empty icon="pulse" title="No sync metrics">Sessions of one participant have none: there is nobody to be in step with.</Empty>;
  return (
    <div className="panel">
      {!data.complete && <p className="quiet small">Of the first {count(data.records.length)} of {count(data.total)} records.</p>}
      <p className="quiet small">Drift from the host: <Dot light="green" /> under 100 ms · <Dot light="yellow" /> 100 to 500 ms · <Dot light="red" /> over 500 ms.</p>
      <div className="wide" tabIndex={0} role="region" aria-label="Sync quality by participant">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Session</th><th scope="col">Participant</th><th scope="col">Samples</th><th scope="col">Mean drift</th><th scope="col">Largest</th><th scope="col">Quality</th><th scope="col">In step</th>
          </tr>
        </thead>
        <tbody>
          {people.map((entry) => {
            const mean = entry.drifts.reduce((sum, one) => sum + Math.abs(one), 0) / entry.drifts.length;
            const most = Math.max(...entry.drifts.map(Math.abs));
            const share = (light: Light) => entry.drifts.filter((one) => lightOf(one) === light).length / entry.drifts.length;
            return (
              <tr key={`${entry.session} ${entry.participant}`}>
                <td>{entry.session || '–'}</td>
                <td className="mono">{entry.participant}</td>
                <td className="right">{count(entry.drifts.length)}</td>
                <td className="right"><Dot light={lightOf(mean)} /> {number(Number(mean.toFixed(1)))} ms</td>
                <td className="right"><Dot light={lightOf(most)} /> {number(Number(most.toFixed(1)))} ms</td>
                <td className="right">{entry.quality.length > 0 ? `${((entry.quality.reduce((sum, one) => sum + one, 0) / entry.quality.length) * 100).toFixed(0)} %` : '–'}</td>
                <td>
                  <span className="stack-bar" title={`${(share('green') * 100).toFixed(0)} % green, ${(share('yellow') * 100).toFixed(0)} % yellow, ${(share('red') * 100).toFixed(0)} % red`}>
                    <i data-light="green" style={{ width: `${share('green') * 100}%` }} />
                    <i data-light="yellow" style={{ width: `${share('yellow') * 100}%` }} />
                    <i data-light="red" style={{ width: `${share('red') * 100}%` }} />
                  </span>{' '}
                  {(share('green') * 100).toFixed(0)} %
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      </div>
      <Chart
        label="Drift over time"
        lines={lines}
        time
        points
        height={240}
        onPick={(x) => {
          const seq = records.find((record) => Date.parse(record.time ?? '') === x)?.seq;
          if (seq !== undefined) open(seq);
        }}
      />
    </div>
  );
}

const words: Record<Light, string> = { green: 'good', yellow: 'fair', red: 'bad' };
function Dot({ light }: { light: Light }) {
  return <span className="dot" data-light={light} role="img" aria-label={words[light]} />;
}
