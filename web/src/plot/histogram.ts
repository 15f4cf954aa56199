import { number } from '@/ui/format';

import type { Bar } from './Bars';

export interface Spread {
  n: number;
  mean: number;
  sd: number | null;
  min: number;
  q1: number;
  median: number;
  q3: number;
  max: number;
}

export function spreadOf(values: number[]): Spread | null {
  if (values.length === 0) return null;
  const inOrder = [...values].sort((a, b) => a - b);
  const at = (share: number) => {
    const place = share * (inOrder.length - 1);
    const low = inOrder[Math.floor(place)] ?? 0;
    const high = inOrder[Math.ceil(place)] ?? low;
    return low + (high - low) * (place - Math.floor(place));
  };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const sd = values.length > 1 ? Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)) : null;
  return { n: values.length, mean, sd, min: at(0), q1: at(0.25), median: at(0.5), q3: at(0.75), max: at(1) };
}

/** Bins of a round width. Few different whole numbers get a bin each. */
export function binsOf(values: number[], about = 12): Bar[] {
  const spread = spreadOf(values);
  if (!spread) return [];
  const distinct = new Set(values);
  if (distinct.size <= about && [...distinct].every(Number.isInteger)) {
    const bars: Bar[] = [];
    if (spread.max - spread.min <= about) {
      for (let value = spread.min; value <= spread.max; ++value) bars.push({ key: String(value), label: String(value), value: values.filter((one) => one === value).length });
      return bars;
    }
    return [...distinct].sort((a, b) => a - b).map((value) => ({ key: String(value), label: String(value), value: values.filter((one) => one === value).length }));
  }
  const raw = (spread.max - spread.min) / about || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const width = [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= raw) ?? raw;
  const first = Math.floor(spread.min / width);
  // The greatest value belongs to the last bin, not to one of its own.
  const last = Math.max(first, Math.ceil(spread.max / width) - 1);
  const counts = new Array<number>(last - first + 1).fill(0);
  for (const value of values) counts[Math.min(Math.floor(value / width), last) - first]! += 1;
  return counts.map((value, index) => ({ key: String(index), label: `${number((first + index) * width)} – ${number((first + index + 1) * width)}`, value }));
}
