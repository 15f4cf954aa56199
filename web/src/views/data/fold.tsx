import { Button, Group } from '@mantine/core';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';

import { recordPage, type Record_, type Selection } from '@/api/records';
import { count } from '@/ui/format';
import { ErrorNote } from '@/ui/notes';

/** What becomes of records that are gone through one page after the other. */
export interface Fold<Result> {
  add: (records: Record_[]) => void;
  result: () => Result;
}

const PAGE = 10_000;
/** So many are read without being asked; the rest when somebody wants it. */
const UNASKED = 100_000;

interface State<Result> {
  result: Result | undefined;
  read: number;
  total: number;
  /** `waits`: there are more, and nobody has asked for them. */
  state: 'reads' | 'waits' | 'done';
  error: unknown;
}
export interface Folded<Result> extends State<Result> {
  goOn: () => void;
  stop: () => void;
}

/** Goes through the records of a selection, as many as there are, holding only what `make` keeps of them. `make` and `columns` are to
 *  stay the same from one drawing to the next. */
export function useFold<Result>(study: string, dataset: string, selection: Selection, columns: string[], make: () => Fold<Result>): Folded<Result> {
  const [now, setNow] = useState<State<Result>>({ result: undefined, read: 0, total: 0, state: 'reads', error: null });
  const allowed = useRef(UNASKED);
  const goOnReading = useRef<() => void>(() => undefined);
  const names = useMemo(() => columns.join(','), [columns]);
  useEffect(() => {
    const abort = new AbortController();
    const fold = make();
    let [read, total, cursor, busy, done] = [0, 0, undefined as string | undefined, false, false];
    allowed.current = UNASKED;
    setNow({ result: undefined, read: 0, total: 0, state: 'reads', error: null });
    const tell = (state: State<Result>['state'], error: unknown = null) => setNow({ result: fold.result(), read, total, state, error });
    const run = async () => {
      if (busy || done) return;
      busy = true;
      let told = performance.now();
      try {
        while (!done && read < allowed.current) {
          const page = await recordPage(study, dataset, selection, { limit: PAGE, columns: names, ...(cursor ? { cursor } : {}) }, abort.signal);
          fold.add(page.records);
          read += page.records.length;
          if (!cursor) total = page.total;
          cursor = page.cursor;
          done = !page.has_more;
          // What is drawn costs more than what is read.
          if (!done && read < allowed.current && performance.now() - told > 700) {
            tell('reads');
            told = performance.now();
          }
        }
        if (done) total = read;
        tell(done ? 'done' : 'waits');
      } catch (error) {
        if (!abort.signal.aborted) tell('waits', error);
      } finally {
        busy = false;
      }
    };
    goOnReading.current = () => {
      if (busy || done) return;
      tell('reads');
      void run();
    };
    void run();
    return () => abort.abort();
  }, [study, dataset, selection, names, make]);
  const goOn = useCallback(() => {
    allowed.current = Infinity;
    goOnReading.current();
  }, []);
  const stop = useCallback(() => {
    allowed.current = 0;
  }, []);
  return { ...now, goOn, stop };
}

/** How much of what there is has been gone through, and the way to the rest. */
export function HowMuch({ of, what }: { of: Folded<unknown>; what: string }) {
  return (
    <>
      <Group gap="xs" className="how-much">
        <span className="quiet small" role="status">
          {of.state === 'done' ? `All ${count(of.total)} ${what}` : `${count(of.read)} of ${count(of.total)} ${what}${of.state === 'reads' ? ' · reading…' : ''}`}
        </span>
        {of.state === 'waits' && !of.error && (
          <Button size="compact-xs" variant="light" onClick={of.goOn}>
            Read the other {count(Math.max(0, of.total - of.read))}
          </Button>
        )}
        {of.state === 'reads' && of.read > 0 && (
          <Button size="compact-xs" variant="default" onClick={of.stop}>
            Stop
          </Button>
        )}
      </Group>
      <ErrorNote error={of.error} retry={of.goOn} title="The others could not be read" />
    </>
  );
}
