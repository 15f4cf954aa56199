import 'uplot/dist/uPlot.min.css';

import { useEffect, useRef } from 'react';
import uPlot from 'uplot';

import { formatTime, useZone } from '@/time/zone';
import { number } from '@/ui/format';

export interface Line {
  label: string;
  /** [x, y], in order of x. */
  points: [number, number][];
}

interface Props {
  label: string;
  lines: Line[];
  /** x is milliseconds since 1970, else whatever is plotted along. */
  time: boolean;
  xLabel?: string;
  height?: number;
  points?: boolean;
  /** A range was dragged over, or, with null, all is wanted again. */
  onZoom?: (range: [number, number] | null) => void;
  onPick?: (x: number, line: number) => void;
}

// Told apart by people who do not see all colours, on light and on dark.
const COLOURS = ['#1f8f89', '#d1763b', '#5b6fd6', '#b0508f', '#8a8f2f', '#4f9bd9', '#a66a4f', '#7a7f86'];

const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** One table of all lines: their x together, nothing where a line has no value of its own. */
function aligned(lines: Line[]): uPlot.AlignedData {
  const tables = lines.map((line): uPlot.AlignedData => [line.points.map(([x]) => x), line.points.map(([, y]) => y)]);
  return tables.length === 0 ? [[]] : tables.length === 1 ? tables[0]! : uPlot.join(tables);
}

const SECOND = 1000;
const DAY = 86_400 * SECOND;

/** Marks of the time axis, as everywhere in the page: 24 hours, the day where it begins. */
function marks(splits: number[], step: number, zone: string): string[] {
  return splits.map((at, index) => {
    const text = formatTime(new Date(at).toISOString(), zone, step < SECOND ? 'ms' : 's');
    const [day, time] = [text.slice(0, 10), text.slice(11)];
    if (step >= DAY) return day;
    const clock = step < 60 * SECOND ? time : time.slice(0, 5);
    const before = splits[index - 1];
    return before === undefined || formatTime(new Date(before).toISOString(), zone, 'day') !== day ? `${clock}\n${day}` : clock;
  });
}

/** Lines over time. Drag to zoom, double-click to see all again; with keys: arrows go from point to point, + and - zoom, Enter picks,
 *  0 shows all again. */
export function Chart({ label, lines, time, xLabel, height = 300, points, onZoom, onPick }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const { zone } = useZone();
  const callbacks = useRef({ onZoom, onPick });
  callbacks.current = { onZoom, onPick };
  const n = lines.reduce((sum, line) => sum + line.points.length, 0);
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const axis = { stroke: css('--quiet'), grid: { stroke: css('--edge'), width: 1 }, ticks: { stroke: css('--edge'), width: 1 }, font: '11px sans-serif' };
    const words = (value: number) => (time ? formatTime(new Date(value).toISOString(), zone, 'ms') : number(value));
    const many = lines.some((line) => line.points.length > 120);
    const made = new uPlot(
      {
        width: element.clientWidth,
        height,
        ms: 1,
        tzDate: (at) => uPlot.tzDate(new Date(at), zone),
        cursor: { drag: { x: true, y: false, dist: 6, setScale: false }, points: { size: 7 }, bind: { dblclick: () => () => { callbacks.current.onZoom?.(null); return null; } } },
        scales: { x: { time } },
        axes: [{ ...axis, ...(time ? { values: (_: uPlot, splits: number[], _axis: number, _space: number, step: number) => marks(splits, step, zone), label: `time in ${zone}`, labelSize: 20, labelFont: '11px sans-serif' } : {}), ...(xLabel ? { label: xLabel, labelSize: 22, labelFont: '11px sans-serif' } : {}) }, { ...axis, size: 58 }],
        series: [
          { label: time ? 'Time' : (xLabel ?? 'x'), value: (_, value) => (value === null || value === undefined ? '–' : words(value)) },
          ...lines.map((line, index): uPlot.Series => {
            const colour = COLOURS[index % COLOURS.length] ?? '#1f8f89';
            return {
              label: line.label, stroke: colour, width: points ? 0 : 1.3, spanGaps: true, points: { show: points ? true : !many, size: points ? 6 : 4, fill: colour },
              value: (_, value) => (value === null || value === undefined ? '–' : number(value)),
            };
          }),
        ],
        hooks: {
          setSelect: [
            (self) => {
              if (self.select.width < 6) return;
              callbacks.current.onZoom?.([self.posToVal(self.select.left, 'x'), self.posToVal(self.select.left + self.select.width, 'x')]);
              self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      aligned(lines),
      element,
    );
    const pick = () => {
      const { idx } = made.cursor;
      if (idx === null || idx === undefined) return;
      const line = lines.findIndex((_, index) => made.data[index + 1]?.[idx] !== null && made.data[index + 1]?.[idx] !== undefined);
      callbacks.current.onPick?.(made.data[0][idx] ?? 0, Math.max(0, line));
    };
    made.over.addEventListener('click', pick);
    const onKey = (event: KeyboardEvent) => {
      const xs = made.data[0];
      if (xs.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
      const at = made.cursor.idx ?? -1;
      const page = Math.max(1, Math.round(xs.length / 20));
      const steps: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: xs.length - 1 };
      const to = steps[event.key];
      if (to !== undefined) {
        const x = xs[Math.max(0, Math.min(xs.length - 1, to))] ?? 0;
        made.setCursor({ left: made.valToPos(x, 'x'), top: made.over.clientHeight / 2 });
      } else if (event.key === 'Enter') pick();
      else if (event.key === '0') callbacks.current.onZoom?.(null);
      else if (event.key === '+' || event.key === '-') {
        const [low, high] = [made.scales['x']?.min ?? 0, made.scales['x']?.max ?? 0];
        const middle = (at >= 0 ? xs[at] : undefined) ?? (low + high) / 2;
        const half = ((high - low) / 2) * (event.key === '+' ? 0.5 : 2);
        callbacks.current.onZoom?.([middle - half, middle + half]);
      } else return;
      event.preventDefault();
    };
    const focusable = element.parentElement;
    focusable?.addEventListener('keydown', onKey);
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      focusable?.removeEventListener('keydown', onKey);
      made.destroy();
    };
  }, [lines, time, xLabel, height, zone, points]);
  return (
    <figure className="chart" role="group" tabIndex={0} aria-label={`${label}. Arrows go from point to point, plus and minus zoom, Enter opens the record, 0 shows all.`}>
      <div ref={frame} role="img" aria-label={`${label}: ${lines.map((line) => line.label).join(', ')}; ${n} points. The table has the same numbers.`} />
    </figure>
  );
}
