import 'uplot/dist/uPlot.min.css';

import { Button } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';

import { formatTime, useZone } from '@/time/zone';
import { number } from '@/ui/format';

export interface Line {
  label: string;
  values: (number | null)[];
}

interface Props {
  label: string;
  /** Milliseconds since 1970 when `time`, else whatever is plotted along. */
  x: number[];
  lines: Line[];
  time: boolean;
  xLabel?: string;
  height?: number;
  points?: boolean;
  /** Called with what is in sight after a zoom, null when all is. */
  onZoom?: (range: [number, number] | null) => void;
  onPick?: (index: number) => void;
}

// Told apart by people who do not see all colours, on light and on dark.
const COLOURS = ['#1f8f89', '#d1763b', '#5b6fd6', '#b0508f', '#8a8f2f', '#4f9bd9', '#a66a4f', '#7a7f86'];

const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Lines over time. Drag to zoom, double-click to see all again. */
export function Chart({ label, x, lines, time, xLabel, height = 300, points, onZoom, onPick }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  const { zone } = useZone();
  const [zoomed, setZoomed] = useState(false);
  const callbacks = useRef({ onZoom, onPick });
  callbacks.current = { onZoom, onPick };
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const axis = { stroke: css('--quiet'), grid: { stroke: css('--edge'), width: 1 }, ticks: { stroke: css('--edge'), width: 1 }, font: '11px sans-serif' };
    const full: [number, number] = [x[0] ?? 0, x[x.length - 1] ?? 1];
    const words = (value: number) => (time ? formatTime(new Date(value).toISOString(), zone, 'ms') : number(value));
    const made = new uPlot(
      {
        width: element.clientWidth,
        height,
        ms: 1,
        tzDate: (at) => uPlot.tzDate(new Date(at), zone),
        cursor: { drag: { x: true, y: false, dist: 6 }, points: { size: 7 }, bind: { dblclick: () => () => { made.setScale('x', { min: full[0], max: full[1] }); return null; } } },
        legend: { live: true },
        scales: { x: { time } },
        axes: [{ ...axis, ...(xLabel ? { label: xLabel, labelSize: 22, labelFont: '11px sans-serif' } : {}) }, { ...axis, size: 58 }],
        series: [
          { label: time ? 'Time' : (xLabel ?? 'x'), value: (_, value) => (value === null || value === undefined ? '–' : words(value)) },
          ...lines.map((line, index): uPlot.Series => ({
            label: line.label, stroke: COLOURS[index % COLOURS.length] ?? '#1f8f89', width: points ? 0 : 1.3, spanGaps: false,
            points: { show: points ? true : x.length < 120, size: points ? 6 : 4, fill: COLOURS[index % COLOURS.length] ?? '#1f8f89' }, value: (_, value) => (value === null || value === undefined ? '–' : number(value)),
          })),
        ],
        hooks: {
          setScale: [
            (self, key) => {
              if (key !== 'x') return;
              const { min, max } = self.scales['x'] ?? {};
              if (min === undefined || max === undefined || min === null || max === null) return;
              const all = min <= full[0] && max >= full[1];
              setZoomed(!all);
              callbacks.current.onZoom?.(all ? null : [min, max]);
            },
          ],
        },
      },
      [x, ...lines.map((line) => line.values)] as uPlot.AlignedData,
      element,
    );
    plot.current = made;
    const pick = () => {
      const index = made.cursor.idx;
      if (index !== null && index !== undefined && made.select.width === 0) callbacks.current.onPick?.(index);
    };
    made.over.addEventListener('click', pick);
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [x, lines, time, xLabel, height, zone, points]);
  return (
    <figure className="chart" aria-label={label}>
      <div ref={frame} role="img" aria-label={`${label}: ${lines.map((line) => line.label).join(', ')}; ${x.length} points. The table has the same numbers.`} />
      <figcaption className="quiet small">
        Drag to zoom{zoomed ? '' : ', double-click to see all'}.
        {zoomed && (
          <Button size="compact-xs" variant="subtle" onClick={() => plot.current?.setScale('x', { min: x[0] ?? 0, max: x[x.length - 1] ?? 1 })}>
            See all again
          </Button>
        )}
      </figcaption>
    </figure>
  );
}
