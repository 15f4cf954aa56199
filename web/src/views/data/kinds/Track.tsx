import { Button, Select } from '@mantine/core';
import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';

import { Time } from '@/time/zone';
import { count } from '@/ui/format';
import { Busy, Empty, ErrorNote } from '@/ui/notes';

import { HowMuch, useFold, type Fold } from '../fold';
import { placeFields, type KindProps } from '../kinds';
import { valuesOf } from '../values';
import { bounds, draw, nearest, project, type Point, type View } from './track-draw';

/** Where somebody was, as a line on an empty sheet: no map of anybody else's is asked for. */
export function TrackView({ scope, dataset, selection, open, search, change }: KindProps) {
  const fields = placeFields(dataset);
  const [latitude, longitude] = [fields?.latitude.id ?? '', fields?.longitude.id ?? ''];
  const columns = useMemo(() => ['record.time', 'participant', 'record.seq', latitude, longitude], [latitude, longitude]);
  const make = useCallback(() => placed(latitude, longitude), [latitude, longitude]);
  const folded = useFold(scope.study, dataset.id, selection, columns, make);
  const points = useMemo(() => folded.result ?? [], [folded.result]);
  const people = useMemo(() => [...new Set(points.map((point) => point.participant))], [points]);
  const person = search.by && people.includes(search.by) ? search.by : null;
  const shown = useMemo(() => points.filter((point) => point.participant === (person ?? people[0])), [points, person, people]);
  const [view, setView] = useState<View | null>(null);
  const [near, setNear] = useState<Point | null>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const whole = useMemo(() => bounds(shown), [shown]);
  const drag = useRef<{ x: number; y: number; view: View } | null>(null);
  useEffect(() => setView(null), [whole]);
  useEffect(() => {
    const element = canvas.current;
    if (!element || !whole) return;
    const paint = () => draw(element, shown, view ?? whole, near);
    paint();
    const observer = new ResizeObserver(paint);
    observer.observe(element);
    return () => observer.disconnect();
  }, [shown, whole, view, near]);
  if (!folded.result) return folded.error ? <ErrorNote error={folded.error} retry={folded.goOn} /> : <Busy what="Reading the track" />;
  if (!whole && folded.state === 'reads') return <Busy what="Looking for places" />;
  if (!whole) return <Empty icon="pin" title="No place was recorded here" />;
  const at = view ?? whole;
  const zoom = (factor: number) => setView({ ...at, span: at.span / factor });
  const onKey = (event: KeyboardEvent) => {
    const step = at.span / 8;
    const moves: Record<string, [number, number]> = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const move = moves[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (move) setView({ ...at, x: at.x + move[0], y: at.y + move[1] });
    else if (event.key === '+') zoom(1.6);
    else if (event.key === '-') zoom(1 / 1.6);
    else if (event.key === '0') setView(null);
    else if (event.key === 'n' || event.key === 'p') {
      const from = near ? shown.indexOf(near) : event.key === 'n' ? -1 : shown.length;
      setNear(shown[Math.max(0, Math.min(shown.length - 1, from + (event.key === 'n' ? 1 : -1)))] ?? null);
    } else if (event.key === 'Enter' && near) open(near.seq);
    else return;
    event.preventDefault();
  };
  return (
    <div className="panel">
      <div className="table-tools">
        {people.length > 1 && <Select aria-label="Whose track" w={230} allowDeselect={false} data={people} value={person ?? people[0] ?? null} onChange={(by) => change({ by: by ?? undefined })} />}
        <Button.Group>
          <Button variant="default" onClick={() => zoom(1.6)}>Closer</Button>
          <Button variant="default" onClick={() => zoom(1 / 1.6)}>Further</Button>
          <Button variant="default" onClick={() => setView(null)}>All</Button>
        </Button.Group>
        <span className="quiet small">
          {count(shown.length)} places
          {near && <> · <Time at={near.at} /> · {near.latitude.toFixed(5)}, {near.longitude.toFixed(5)}</>}
        </span>
        <HowMuch of={folded} what="records" />
      </div>
      <canvas
        ref={canvas}
        className="track"
        role="img"
        tabIndex={0}
        aria-label={`Track of ${person ?? people[0]}: ${shown.length} places. Arrows move, plus and minus zoom, n and p go from place to place, Enter opens the record. The table has the same numbers.`}
        onKeyDown={onKey}
        onWheel={(event) => zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2)}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          drag.current = { x: event.clientX, y: event.clientY, view: at };
        }}
        onPointerUp={(event) => {
          const moved = drag.current && Math.hypot(event.clientX - drag.current.x, event.clientY - drag.current.y) > 4;
          drag.current = null;
          if (!moved && near) open(near.seq);
        }}
        onPointerLeave={() => { drag.current = null; setNear(null); }}
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          if (drag.current) {
            const scale = project(drag.current.view, box.width, box.height).scale;
            const from = drag.current.view;
            setView({ ...from, x: from.x - (event.clientX - drag.current.x) / scale, y: from.y + (event.clientY - drag.current.y) / scale });
            return;
          }
          setNear(nearest(shown, at, box.width, box.height, event.clientX - box.left, event.clientY - box.top));
        }}
      />
      <p className="quiet small">From the light end to the dark end in time. North is up. Drag to move, wheel to zoom, click a place for its record. With keys: arrows, + and −, 0 for all, n and p for the next and the previous place, Enter for its record.</p>
    </div>
  );
}

/** Places in order of time. */
function placed(latitude: string, longitude: string): Fold<Point[]> {
  const all: Point[] = [];
  return {
    add: (records) => {
      for (const record of records) {
        const values = valuesOf(record);
        const [north, east] = [values[latitude], values[longitude]];
        if (typeof north !== 'number' || typeof east !== 'number' || record.seq === undefined) continue;
        all.push({ latitude: north, longitude: east, at: record.time ?? '', seq: record.seq, participant: record.participant ?? '' });
      }
    },
    result: () => [...all].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.seq - b.seq)),
  };
}
