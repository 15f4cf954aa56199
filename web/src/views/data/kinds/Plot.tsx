import { MultiSelect, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { manyRecordsQuery } from '@/api/records';
import { titleOf } from '@/filter/model';
import { Chart, type Line } from '@/plot/Chart';
import { count } from '@/ui/format';
import { Busy, Empty, ErrorNote } from '@/ui/notes';

import { numericFields, type KindProps } from '../kinds';
import { valuesOf } from '../values';

const MOST = 20_000;
const MOST_PEOPLE = 8;

/** Numbers over time, a line for each field and participant. */
export function PlotView({ scope, dataset, selection, search, change, open }: KindProps) {
  const numeric = useMemo(() => numericFields(dataset), [dataset]);
  const usual = useMemo(() => usualFields(dataset.kind, numeric.map((field) => field.id)), [dataset.kind, numeric]);
  const fields = useMemo(() => (search.y ? search.y.split(',').filter((id) => numeric.some((field) => field.id === id)) : usual), [search.y, numeric, usual]);
  const { data, error, isPending, refetch } = useQuery(manyRecordsQuery(scope.study, dataset.id, selection, { sort: 'time', most: MOST }));
  const hasOnset = data?.records.some((record) => record.onset_ms !== undefined) ?? false;
  const byOnset = search.by === 'onset' && hasOnset;
  const plotted = useMemo(() => {
    const records = (data?.records ?? []).filter((record) => (byOnset ? record.onset_ms !== undefined : record.time));
    const at = (record: (typeof records)[number]) => (byOnset ? (record.onset_ms ?? 0) : Date.parse(record.time ?? ''));
    records.sort((a, b) => at(a) - at(b));
    const people = [...new Set(records.map((record) => record.participant ?? ''))].slice(0, MOST_PEOPLE);
    const x = records.map(at);
    const lines: Line[] = people.flatMap((person) =>
      fields.map((field) => ({
        label: people.length > 1 ? `${field} · ${person.slice(0, 10)}` : field,
        values: records.map((record) => {
          if (record.participant !== person) return null;
          const value = valuesOf(record)[field];
          return typeof value === 'number' ? value : null;
        }),
      })),
    );
    return { x, lines, records, people };
  }, [data, fields, byOnset]);
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />;
  return (
    <div className="panel">
      <div className="table-tools">
        <MultiSelect aria-label="Fields shown" data={numeric.map((field) => ({ value: field.id, label: titleOf(field) }))} value={fields} onChange={(next) => change({ y: next.join(',') || undefined })} w={340} />
        {hasOnset && <Select aria-label="Along" w={190} allowDeselect={false} data={[{ value: 'time', label: 'by time' }, { value: 'onset', label: 'from the session’s start' }]} value={byOnset ? 'onset' : 'time'} onChange={(by) => change({ by: by === 'onset' ? 'onset' : undefined })} />}
        {data && (
          <span className="quiet small">
            {data.complete ? `${count(data.records.length)} records` : `the first ${count(data.records.length)} of ${count(data.total)} records: choose a participant, a session or a time for the others`}
          </span>
        )}
      </div>
      {isPending && <Busy what="Reading what is to be drawn" />}
      {data && plotted.x.length === 0 && <Empty icon="chart" title="Nothing to draw">No record with a time and a number fits.</Empty>}
      {plotted.x.length > 0 && (
        <Chart
          label={`${dataset.name} over time`}
          x={plotted.x}
          lines={plotted.lines}
          time={!byOnset}
          {...(byOnset ? { xLabel: 'milliseconds from the session’s start' } : {})}
          points={dataset.kind === 'sparse_ratings'}
          height={360}
          onPick={(index) => {
            const seq = plotted.records[index]?.seq;
            if (seq !== undefined) open(seq);
          }}
        />
      )}
    </div>
  );
}

function usualFields(kind: string, ids: string[]): string[] {
  if (ids.includes('value')) return ['value'];
  if (kind === 'sync_metrics' && ids.includes('timeDrift')) return ['timeDrift'];
  const axes = ids.filter((id) => /(^|_)[xyz](_|$)/.test(id));
  return axes.length > 0 ? axes : ids.filter((id) => !/accu/.test(id)).slice(0, 2);
}

