import { MultiSelect, Select } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';

import { seriesQuery } from '@/api/plots';
import { recordPage } from '@/api/records';
import { titleOf } from '@/filter/model';
import { Chart, type Line } from '@/plot/Chart';
import { count, duration } from '@/ui/format';
import { Busy, Empty, ErrorNote } from '@/ui/notes';
import { useToast } from '@/ui/toast';

import { numericFields, type KindProps } from '../kinds';
import { useZoom } from '../zoom';
import { ZoomButtons } from './ZoomButtons';

const POINTS = 3000;
const MOST_LINES = 12;

/** Numbers over time, a line for each field and participant. Whatever the number of records, the extremes are drawn: the server
 *  chooses the points, anew for every stretch that is zoomed into. */
export function PlotView({ scope, dataset, selection, search, change, open }: KindProps) {
  const numeric = useMemo(() => numericFields(dataset), [dataset]);
  const usual = useMemo(() => usualFields(dataset.kind, numeric.map((field) => field.id)), [dataset.kind, numeric]);
  const fields = useMemo(() => (search.y ? search.y.split(',').filter((id) => numeric.some((field) => field.id === id)) : usual), [search.y, numeric, usual]);
  const onset = search.by === 'onset';
  const [range, setRange] = useZoom(search, change, !onset);
  const toast = useToast();
  const edge = useCallback((x: number) => (onset ? String(Math.round(x)) : new Date(x).toISOString()), [onset]);
  const { data, error, isPending, isFetching, refetch } = useQuery({
    ...seriesQuery(scope.study, dataset.id, selection, {
      fields, x: onset ? 'onset_ms' : 'time', by: scope.participant ? 'none' : 'participant', points: POINTS, ...(range ? { from: edge(range[0]), to: edge(range[1]) } : {}),
    }),
    placeholderData: keepPreviousData,
  });
  const lines = useMemo<Line[]>(() => {
    const all = (data?.series ?? []).filter((one) => one.points.length > 0);
    const people = new Set(all.map((one) => one.participant));
    return all.slice(0, MOST_LINES).map((one) => ({ label: people.size > 1 ? `${one.field} · ${(one.participant ?? '').slice(0, 10)}` : one.field, points: one.points as [number, number][] }));
  }, [data]);
  const left = (data?.series.filter((one) => one.points.length > 0).length ?? 0) - lines.length;
  const pick = async (x: number) => {
    // The record itself: the plot knows only its place in time.
    if (onset) return;
    try {
      const at = Math.floor(x);
      const { records } = await recordPage(scope.study, dataset.id, { ...selection, since: new Date(at).toISOString(), until: new Date(at + 2).toISOString() }, { limit: 1 });
      const seq = records[0]?.seq;
      if (seq !== undefined) open(seq);
    } catch (failure) {
      toast.fail(failure);
    }
  };
  return (
    <div className="panel">
      <div className="table-tools">
        <MultiSelect aria-label="Fields shown" data={numeric.map((field) => ({ value: field.id, label: titleOf(field) }))} value={fields} onChange={(next) => change({ y: next.join(',') || undefined })} w={340} />
        <Select aria-label="Along" w={190} allowDeselect={false} data={[{ value: 'time', label: 'by time' }, { value: 'onset', label: 'from the session’s start' }]} value={onset ? 'onset' : 'time'} onChange={(by) => change({ by: by === 'onset' ? 'onset' : undefined, zoom: undefined })} />
        <span className="quiet small" role="status">
          {data && `${count(data.rows)} records${data.bucket_ms ? `, the first, last, least and greatest of every ${duration(data.bucket_ms)} drawn` : ', each drawn'}`}
          {data && data.omitted > 0 ? ` · ${count(data.omitted)} records of further participants are not` : ''}
          {left > 0 ? ` · ${count(left)} more lines: choose a participant` : ''}
          {isFetching && data ? ' · reading…' : ''}
        </span>
        <ZoomButtons lines={lines} range={range} onZoom={setRange} />
      </div>
      <ErrorNote error={error} retry={() => void refetch()} />
      {isPending && fields.length > 0 && <Busy what="Reading what is to be drawn" />}
      {data && lines.length === 0 && <Empty icon="chart" title="Nothing to draw">{onset ? 'No record says how long after the session’s start it was.' : 'No record with a time and a number fits.'}</Empty>}
      {lines.length > 0 && (
        <Chart label={`${dataset.name} over time`} lines={lines} time={!onset} {...(onset ? { xLabel: 'milliseconds from the session’s start' } : {})} points={dataset.kind === 'sparse_ratings'} height={360} onZoom={setRange} onPick={(x) => void pick(x)} />
      )}
      <p className="quiet small">Drag to zoom, double-click to see all, click for the record. With keys: arrows, + and −, 0, Enter.</p>
    </div>
  );
}

function usualFields(kind: string, ids: string[]): string[] {
  if (ids.includes('value')) return ['value'];
  if (kind === 'sync_metrics' && ids.includes('timeDrift')) return ['timeDrift'];
  const axes = ids.filter((id) => /(^|_)[xyz](_|$)/.test(id));
  return axes.length > 0 ? axes : ids.filter((id) => !/accu/.test(id)).slice(0, 2);
}
