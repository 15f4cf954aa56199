import { useCallback, useLayoutEffect, useRef, useState, type RefObject } from 'react';
import { flushSync } from 'react-dom';

/** Browsers lose count somewhere above 16 million pixels: what is higher is drawn through a frame of this height. */
const HIGHEST = 8_000_000;
const SPARE = 12;

interface Place {
  /** Where the upper edge of what is seen is, as if the rows had all their height. */
  top: number;
  /** How far the frame is moved against that. */
  offset: number;
  view: number;
}

/** Where a frame of HIGHEST stands for a row at `top`: by pages, so that scrolling within one moves pixel by pixel, and the
 *  first and the last row lie at the frame's own ends. */
function offsetAt(top: number, whole: number): number {
  if (whole <= HIGHEST) return 0;
  const page = HIGHEST / 100;
  const pages = Math.floor(whole / page);
  return Math.round((Math.min(pages - 1, Math.floor(top / page)) * (whole - HIGHEST)) / (pages - 1));
}

/** Rows of one height, of which only those in sight are drawn: of any number, with a scroll bar that reaches every one. */
export function useTallRows(count: number, rowHeight: number, headHeight: number, scroller: RefObject<HTMLDivElement>) {
  const whole = count * rowHeight;
  const height = Math.min(whole, HIGHEST);
  const [place, setPlace] = useState<Place>({ top: 0, offset: 0, view: 600 });
  const seen = useRef(0);
  const known = useRef<HTMLDivElement | null>(null);
  const current = useRef(place);
  current.current = place;

  const go = useCallback(
    (to: number) => {
      const element = scroller.current;
      if (!element) return;
      const view = element.clientHeight - headHeight;
      const top = Math.max(0, Math.min(to, whole - view));
      const offset = offsetAt(top, whole);
      if (Math.abs(element.scrollTop - (top - offset)) > 0.5) element.scrollTop = top - offset;
      seen.current = element.scrollTop;
      flushSync(() => setPlace({ top, offset, view }));
    },
    [scroller, headHeight, whole],
  );

  const onScroll = useCallback(() => {
    const element = scroller.current;
    if (!element) return;
    const at = element.scrollTop;
    const moved = Math.abs(at - seen.current);
    // Sideways, or told already.
    if (moved < 0.5) return;
    const view = element.clientHeight - headHeight;
    // A short way is gone pixel by pixel; one that is longer than what a pixel of the bar stands for was dragged, and the bar says
    // the share of the whole.
    const drawn = height - view;
    if (whole <= HIGHEST || moved < Math.max(view, height / view / 2)) go(at + current.current.offset);
    else go(drawn > 0 ? (at / drawn) * (whole - view) : 0);
  }, [scroller, headHeight, height, whole, go]);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    // Another table took the place of the one before: it begins at its beginning.
    const anew = known.current !== element;
    known.current = element;
    if (anew) {
      seen.current = element.scrollTop;
      setPlace((old) => ({ ...old, top: element.scrollTop, offset: 0 }));
    }
    const measure = () => {
      const view = Math.max(0, element.clientHeight - headHeight);
      setPlace((old) => {
        const top = Math.max(0, Math.min(old.top, whole - view));
        return old.view === view && old.top === top ? old : { top, offset: offsetAt(top, whole), view };
      });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller, headHeight, whole]);

  const show = useCallback(
    (index: number) => {
      const { top, view } = current.current;
      const upper = index * rowHeight;
      if (upper < top) go(upper);
      else if (upper + rowHeight > top + view) go(upper + rowHeight - view);
    },
    [rowHeight, go],
  );

  const first = Math.max(0, Math.min(count - 1, Math.floor(place.top / rowHeight)));
  const last = Math.max(0, Math.min(count - 1, Math.ceil((place.top + place.view) / rowHeight) - 1));
  const from = Math.max(0, first - SPARE);
  const to = Math.min(count - 1, last + SPARE);
  const items = Array.from({ length: count === 0 ? 0 : to - from + 1 }, (_, index) => ({ index: from + index, top: (from + index) * rowHeight - place.offset }));
  return { height, items, first, last, onScroll, show };
}
