import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { seriesQuery } from '@/api/plots';
import { recordPage } from '@/api/records';
import { Chart } from '@/plot/Chart';
import { count, duration, number } from '@/ui/format';
import { Busy, Empty, ErrorNote } from '@/ui/notes';
import { useToast } from '@/ui/toast';

import { HowMuch, useFold, type Fold } from '../fold';
import type { KindProps } from '../kinds';
import { valuesOf } from '../values';
import { useZoom } from '../zoom';

/** How far, in milliseconds, somebody may be from the others before the light changes. */
const FAIR = 100;
const BAD = 500;

export type Light = 'green' | 'yellow' | 'red';
export const lightOf = (drift: number): Light => (Math.abs(drift) < FAIR ? 'green' : Math.abs(drift) <= BAD ? 'yellow' : 'red');
const COLUMNS = ['participant', 'session', 'timeDrift', 'syncQuality'];
const POINTS = 3000;

/** How well participants were kept together: green below 100 ms, yellow to 500 ms, red beyond. */
export function LightsView({ scope, dataset, selection, open, search, change }: KindProps) {
  const columns = useMemo(() => COLUMNS.filter((id) => ['participant', 'session'].includes(id) || dataset.fields.some((field) => field.id === id)), [dataset]);
  const folded = useFold(scope.study, dataset.id, selection, columns, byPerson);
  const people = folded.result;
  const [range, setRange] = useZoom(search, change, true);
  const edge = (x: number) => new Date(x).toISOString();
  const drift = useQuery({
    ...seriesQuery(scope.study, dataset.id, selection, { fields: ['timeDrift'], x: 'time', by: 'none', points: POINTS, ...(range ? { from: edge(range[0]), to: edge(range[1]) } : {}) }),
    placeholderData: keepPreviousData,
  });
  const lines = useMemo(() => [{ label: 'drift (ms)', points: (drift.data?.series[0]?.points ?? []) as [number, number][] }], [drift.data]);
  const toast = useToast();
  const pick = async (x: number) => {
    try {
      const found = await recordPage(scope.study, dataset.id, { ...selection, since: edge(Math.floor(x)), until: edge(Math.floor(x) + 2) }, { limit: 1 });
      const seq = found.records[0]?.seq;
      if (seq !== undefined) open(seq);
    } catch (failure) {
      toast.fail(failure);
    }
  };
  if (!people) return folded.error ? <ErrorNote error={folded.error} retry={folded.goOn} /> : <Busy what="Reading the sync metrics" />;
  if (people.length === 0 && folded.state === 'done') return <Empty icon="pulse" title="No sync metrics">Sessions of one participant have none: there is nobody to be in step with.</Empty>;
  return (
    <div className="panel">
      <HowMuch of={folded} what="records" />
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
            const mean = entry.sum / entry.n;
            const share = (light: Light) => entry.lights[light] / entry.n;
            return (
              <tr key={`${entry.session} ${entry.participant}`}>
                <td>{entry.session || '–'}</td>
                <td className="mono">{entry.participant}</td>
                <td className="right">{count(entry.n)}</td>
                <td className="right"><Dot light={lightOf(mean)} /> {number(Number(mean.toFixed(1)))} ms</td>
                <td className="right"><Dot light={lightOf(entry.most)} /> {number(Number(entry.most.toFixed(1)))} ms</td>
                <td className="right">{entry.rated > 0 ? `${((entry.quality / entry.rated) * 100).toFixed(0)} %` : '–'}</td>
                <td>
                  <span className="stack-bar" title={`${(share('green') * 100).toFixed(0)} % green, ${(share('yellow') * 100).toFixed(0)} % yellow, ${(share('red') * 100).toFixed(0)} % red`}>
                    <i data-light="green" style={{ width: `${share('green') * 100}%` }} />
                    <i data-light="yellow" style={{ width: `${share('yellow') * 100}%` }} />
                    <i data-light="red" style={{ width: `${share('red') * 100}%` }} />
                  </span>{' '}
                  {entry.lights.green < entry.n && share('green') > 0.995 ? '> 99' : (share('green') * 100).toFixed(0)} %
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      </div>
      <ErrorNote error={drift.error} retry={() => void drift.refetch()} title="The drift could not be read" />
      {drift.isPending && <Busy what="Reading what is to be drawn" />}
      {drift.data && <Chart label="Drift over time" lines={lines} time points={!drift.data.bucket_ms} height={240} onZoom={setRange} onPick={(x) => void pick(x)} />}
      {drift.data && (
        <p className="quiet small">
          {count(drift.data.rows)} records{drift.data.bucket_ms ? `, the first, last, least and greatest of every ${duration(drift.data.bucket_ms)} drawn` : ', each drawn'}. Drag to zoom, double-click to see all, click for the record. With keys: arrows, + and −, 0, Enter.
        </p>
      )}
    </div>
  );
}

interface Person {
  session: string;
  participant: string;
  n: number;
  sum: number;
  most: number;
  lights: Record<Light, number>;
  quality: number;
  rated: number;
}

/** Drift and quality of each participant in each session. */
function byPerson(): Fold<Person[]> {
  const all = new Map<string, Person>();
  return {
    add: (records) => {
      for (const record of records) {
        const { timeDrift: drift, syncQuality: quality } = valuesOf(record);
        if (typeof drift !== 'number') continue;
        const [session, participant] = [record.session ?? '', record.participant ?? ''];
        const key = JSON.stringify([session, participant]);
        let person = all.get(key);
        if (!person) {
          person = { session, participant, n: 0, sum: 0, most: 0, lights: { green: 0, yellow: 0, red: 0 }, quality: 0, rated: 0 };
          all.set(key, person);
        }
        person.n += 1;
        person.sum += Math.abs(drift);
        person.most = Math.max(person.most, Math.abs(drift));
        person.lights[lightOf(drift)] += 1;
        if (typeof quality === 'number') {
          person.quality += quality;
          person.rated += 1;
        }
      }
    },
    result: () => [...all.values()],
  };
}

const words: Record<Light, string> = { green: 'good', yellow: 'fair', red: 'bad' };
function Dot({ light }: { light: Light }) {
  return <span className="dot" data-light={light} role="img" aria-label={words[light]} />;
}
