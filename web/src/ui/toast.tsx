import { ActionIcon, Button, Paper, Text } from '@mantine/core';
import { createContext, useCallback, useContext, useMemo, useRef, useState, type ReactNode } from 'react';

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
  const remove = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const add = useCallback(
    (toast: Omit<Toast, 'id'>) => {
      const id = next.current++;
      setToasts((all) => [...all.slice(-3), { ...toast, id }]);
      window.setTimeout(() => remove(id), toast.tone === 'bad' ? SHOWN_MS * 2 : SHOWN_MS);
    },
    [remove],
  );
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
      <div className="toasts" role="status" aria-live="polite">
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
