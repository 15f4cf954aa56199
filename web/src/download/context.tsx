import { createContext, lazy, Suspense, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { useQueries, useQueryClient } from '@tanstack/react-query';

import { exportQuery, running, startExport, type Export, type ExportRequest } from '@/api/exports';
import type { Selection } from '@/api/records';
import { useToast } from '@/ui/toast';

import { saveExport, saveLocked } from './save';

const DownloadDialog = lazy(async () => ({ default: (await import('./DownloadDialog')).DownloadDialog }));
const ProgressDialog = lazy(async () => ({ default: (await import('./ProgressDialog')).ProgressDialog }));
const PassphraseDialog = lazy(async () => ({ default: (await import('./PassphraseDialog')).PassphraseDialog }));

/** What somebody wants to take along. Without `datasets`: all of the study. */
export interface Wanted {
  study: string;
  datasets?: string[];
  selection: Selection;
  columns?: string | undefined;
  sort?: string | undefined;
  what: string;
}

/** A job that was started in this browser. */
export interface Tracked {
  id: string;
  study: string;
  what: string;
  saved: boolean;
}

interface Download {
  open: (wanted: Wanted) => void;
  start: (study: string, what: string, request: ExportRequest) => Promise<Export>;
  save: (job: Export) => Promise<void>;
  show: (id: string) => void;
  forget: (id: string) => void;
  tracked: Tracked[];
  jobs: Map<string, Export>;
}

const Context = createContext<Download | null>(null);
const KEPT_AS = 'sheaf-exports';
const MOST = 30;
const HAND_OVER_MS = 1000;

function kept(): Tracked[] {
  try {
    const all: unknown = JSON.parse(localStorage.getItem(KEPT_AS) ?? '[]');
    return Array.isArray(all) ? (all as Tracked[]).filter((one) => typeof one?.id === 'string').slice(0, MOST) : [];
  } catch {
    return [];
  }
}

/** Downloads live here, above every view: going elsewhere, or closing the page, does not end them. */
export function DownloadProvider({ children }: { children: ReactNode }) {
  const [wanted, setWanted] = useState<Wanted | null>(null);
  const [shown, setShown] = useState<string | null>(null);
  const [locked, setLocked] = useState<Export | null>(null);
  const [tracked, setTracked] = useState<Tracked[]>(kept);
  const queries = useQueryClient();
  const toast = useToast();
  const saving = useRef(new Set<string>());
  useEffect(() => {
    try {
      localStorage.setItem(KEPT_AS, JSON.stringify(tracked));
    } catch {
      // Then the tray lasts as long as the page.
    }
  }, [tracked]);
  const jobs = useQueries({
    queries: tracked.map((one) => exportQuery(one.id)),
    combine: (all) => new Map(all.flatMap((one): [string, Export][] => (one.data ? [[one.data.id, one.data]] : []))),
  });
  const save = useCallback(
    (job: Export) =>
      saveExport(job, () => setLocked(job)).catch((error: unknown) => {
        toast.fail(error);
      }),
    [toast],
  );
  const settle = useCallback((id: string) => setTracked((all) => all.map((other) => (other.id === id ? { ...other, saved: true } : other))), []);
  // What was started here is saved here as soon as it is ready, whatever view is open then.
  useEffect(() => {
    for (const one of tracked) {
      const job = jobs.get(one.id);
      if (!job || one.saved || running(job) || saving.current.has(one.id)) continue;
      saving.current.add(one.id);
      void queries.invalidateQueries({ queryKey: ['study', one.study, 'exports'] });
      if (job.state === 'succeeded') {
        toast.say(`${job.file_name ?? one.what} is ready and is being saved.`);
        // Noted when the browser has the file in hand: a page that is left before saves it when it is back.
        void save(job).then(() => window.setTimeout(settle, HAND_OVER_MS, one.id));
        continue;
      }
      if (job.state === 'failed') toast.fail(new Error(`The download of ${one.what} failed: ${job.error ?? 'no reason is known'}`));
      settle(one.id);
    }
  }, [tracked, jobs, queries, toast, save, settle]);
  const start = useCallback(
    async (study: string, what: string, request: ExportRequest) => {
      const job = await startExport(study, request);
      saving.current.delete(job.id);
      setTracked((all) => [{ id: job.id, study, what, saved: false }, ...all.filter((one) => one.id !== job.id)].slice(0, MOST));
      await queries.invalidateQueries({ queryKey: ['export', job.id] });
      await queries.invalidateQueries({ queryKey: ['study', study, 'exports'] });
      setShown(job.id);
      return job;
    },
    [queries],
  );
  const forget = useCallback((id: string) => setTracked((all) => all.filter((one) => one.id !== id)), []);
  const value = useMemo<Download>(() => ({ open: setWanted, start, save, show: setShown, forget, tracked, jobs }), [start, save, forget, tracked, jobs]);
  return (
    <Context.Provider value={value}>
      {children}
      <Suspense fallback={null}>
        {wanted && <DownloadDialog wanted={wanted} onClose={() => setWanted(null)} />}
        {shown && <ProgressDialog id={shown} what={tracked.find((one) => one.id === shown)?.what ?? 'Export'} onClose={() => setShown(null)} />}
        {locked && (
          <PassphraseDialog action="Download" onGiven={(passphrase) => saveLocked(locked, passphrase)} onClose={() => setLocked(null)}>
            It is sent to this server for this one download and not kept.
          </PassphraseDialog>
        )}
      </Suspense>
    </Context.Provider>
  );
}

export function useDownload(): Download {
  const download = useContext(Context);
  if (!download) throw new Error('no DownloadProvider stands above');
  return download;
}
