import { useCallback, useMemo } from 'react';

import type { DataSearch } from './scope';

/** As far as times can be written. */
const [FIRST, LAST] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T00:00:00Z')];

/** The stretch of a plot that is looked at, kept in the address: a link shows the same. */
export function useZoom(search: DataSearch, change: (change: Partial<DataSearch>) => void, time: boolean): [[number, number] | null, (range: [number, number] | null) => void] {
  const range = useMemo<[number, number] | null>(() => {
    const ends = (search.zoom ?? '').split('..').map((text) => (time ? Date.parse(text) : Number(text || NaN)));
    const [from, to] = ends;
    return ends.length === 2 && from !== undefined && to !== undefined && from < to ? [from, to] : null;
  }, [search.zoom, time]);
  const set = useCallback(
    (next: [number, number] | null) => {
      const text = (x: number) => (time ? new Date(Math.max(FIRST, Math.min(LAST, x))).toISOString() : String(Math.round(x)));
      change({ zoom: next ? next.map(text).join('..') : undefined });
    },
    [change, time],
  );
  return [range, set];
}
