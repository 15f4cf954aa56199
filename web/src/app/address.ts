import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useRef, useState } from 'react';

/** What the address says behind the `?`, and how to change part of it. What becomes undefined leaves the address. */
export function useAddress<T extends object>(): [T, (change: Partial<T>, options?: { push?: boolean }) => void] {
  const search = useSearch({ strict: false }) as unknown as T;
  const navigate = useNavigate();
  const change = useCallback(
    (part: Partial<T>, options?: { push?: boolean }) => {
      void navigate({ to: '.', search: ((old: object) => ({ ...old, ...part })) as never, replace: !options?.push, resetScroll: false });
    },
    [navigate],
  );
  return [search, change];
}

/** A text that is typed here and reaches `commit` when the typing pauses. */
export function useTyped(value: string, commit: (text: string) => void, pauseMs = 220): [string, (text: string) => void] {
  const [text, setText] = useState(value);
  const timer = useRef<number>();
  const sent = useRef(value);
  useEffect(() => {
    // Somebody else changed it: a link, the back button.
    if (value !== sent.current) {
      sent.current = value;
      setText(value);
    }
  }, [value]);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const type = (next: string) => {
    setText(next);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      sent.current = next;
      commit(next);
    }, pauseMs);
  };
  return [text, type];
}
