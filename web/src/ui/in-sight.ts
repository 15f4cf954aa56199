import { useEffect, useRef } from 'react';

/** Of a strip that is wider than the window: what is marked as current is scrolled into sight, whenever that is another. */
export function useCurrentInSight<Strip extends HTMLElement>(current: unknown) {
  const strip = useRef<Strip>(null);
  useEffect(() => {
    const frame = strip.current;
    const shown = frame?.querySelector<HTMLElement>('[aria-current]');
    if (!frame || !shown) return;
    const [left, right] = [shown.offsetLeft - frame.offsetLeft, shown.offsetLeft - frame.offsetLeft + shown.offsetWidth];
    if (left < frame.scrollLeft || right > frame.scrollLeft + frame.clientWidth) frame.scrollLeft = right > frame.clientWidth ? Math.min(left, right - frame.clientWidth + 12) : 0;
  }, [current]);
  return strip;
}
