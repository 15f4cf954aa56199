import { ActionIcon, Button, Paper, Text } from '@mantine/core';
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';

import { asProblem } from '@/api/problem';

import { Icon } from './Icon';

interface Toast {
  id: number;
  text: string;
  tone: 'good' | 'bad';
  undo?: (() => void) | undefined;
}

interface Toasts {
  say: (text: string, undo?: () => void) => void;
  fail: (error: unknown) => void;
}

const Context = createContext<Toasts>({ say: () => undefined, fail: () => undefined });
const SHOWN_MS = 7000;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const next = useRef(1);
  const frame = useRef<HTMLDivElement>(null);
  const remove = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const add = useCallback(
    (toast: Omit<Toast, 'id'>) => {
      const id = next.current++;
      setToasts((all) => [...all.slice(-3), { ...toast, id }]);
      const leave = () => {
        // Not while somebody is at it.
        if (frame.current?.matches(':hover, :focus-within')) window.setTimeout(leave, SHOWN_MS);
        else remove(id);
      };
      window.setTimeout(leave, toast.undo ? SHOWN_MS * 3 : toast.tone === 'bad' ? SHOWN_MS * 2 : SHOWN_MS);
    },
    [remove],
  );
  const undoable = toasts.filter((toast) => toast.undo).at(-1);
  useEffect(() => {
    if (!undoable) return;
    const onKey = (event: KeyboardEvent) => {
      // In a field the same keys undo the typing.
      if (event.key !== 'z' || !(event.ctrlKey || event.metaKey) || event.shiftKey || (event.target as HTMLElement).matches('input, textarea, [contenteditable]')) return;
      event.preventDefault();
      undoable.undo?.();
      remove(undoable.id);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [undoable, remove]);
  const value = useMemo<Toasts>(
    () => ({
      say: (text, undo) => add({ text, undo, tone: 'good' }),
      fail: (error) => add({ text: asProblem(error).message, tone: 'bad' }),
    }),
    [add],
  );
  return (
    <Context.Provider value={value}>
      {children}
      <div ref={frame} className="toasts" role="status" aria-live="polite">
        {toasts.map((toast) => (
          <Paper key={toast.id} className="toast" shadow="md" withBorder data-tone={toast.tone}>
            <Icon name={toast.tone === 'good' ? 'check' : 'warning'} />
            <Text size="sm" style={{ flex: 1 }}>
              {toast.text}
            </Text>
            {toast.undo && (
              <Button
                size="compact-xs"
                variant="subtle"
                onClick={() => {
                  toast.undo?.();
                  remove(toast.id);
                }}
              >
                Undo
              </Button>
            )}
            <ActionIcon size="sm" aria-label="Close this message" onClick={() => remove(toast.id)}>
              <Icon name="close" size={12} />
            </ActionIcon>
          </Paper>
        ))}
      </div>
    </Context.Provider>
  );
}

export const useToast = () => useContext(Context);
