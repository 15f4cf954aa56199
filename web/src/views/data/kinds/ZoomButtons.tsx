import { Button } from '@mantine/core';
import { useMemo } from 'react';

import type { Line } from '@/plot/Chart';

type Range = [number, number];

/** Closer, further, to and fro: for who has no mouse to drag with. */
export function ZoomButtons({ lines, range, onZoom }: { lines: Line[]; range: Range | null; onZoom: (range: Range | null) => void }) {
  const drawn = useMemo<Range | null>(() => {
    let [low, high] = [Infinity, -Infinity];
    for (const { points } of lines) {
      low = Math.min(low, points[0]?.[0] ?? low);
      high = Math.max(high, points.at(-1)?.[0] ?? high);
    }
    return high > low ? [low, high] : null;
  }, [lines]);
  const now = range ?? drawn;
  if (!now) return null;
  const [middle, half] = [(now[0] + now[1]) / 2, (now[1] - now[0]) / 2];
  const closer = (factor: number) => onZoom([middle - half / factor, middle + half / factor]);
  const move = (share: number) => onZoom([now[0] + 2 * half * share, now[1] + 2 * half * share]);
  return (
    <>
      <Button.Group>
        <Button size="compact-sm" variant="default" onClick={() => closer(2)}>
          Closer
        </Button>
        {range && (
          <>
            <Button size="compact-sm" variant="default" onClick={() => closer(0.5)}>
              Further
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => move(-0.5)}>
              Earlier
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => move(0.5)}>
              Later
            </Button>
          </>
        )}
      </Button.Group>
      {range && (
        <Button size="compact-sm" variant="light" onClick={() => onZoom(null)}>
          See all again
        </Button>
      )}
    </>
  );
}
