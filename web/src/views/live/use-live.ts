import { useEffect, useReducer, useRef, useState } from 'react';

import { StudyWatch, type Connection } from '@/api/live';

import { heard, type LiveState } from './state';

/** A running study as it is told, and how the line is. It is hung up when the view is left. */
export function useLive(study: string): { live: LiveState | null; connection: Connection; pause: () => void; goOn: () => void } {
  const [live, hear] = useReducer(heard, null);
  const [connection, tell] = useState<Connection>({ state: 'connecting' });
  const watch = useRef<StudyWatch>();
  useEffect(() => {
    const line = new StudyWatch(study, hear, tell);
    watch.current = line;
    line.start();
    return () => line.stop();
  }, [study]);
  return { live, connection, pause: () => watch.current?.pause(), goOn: () => watch.current?.start() };
}

/** The present moment, each second. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}
