import type { Export } from '@/api/exports';

/** Milliseconds until a running job is done, as it goes now; null while that cannot be said. */
export function timeLeft(job: Export, now = Date.now()): number | null {
  const { fraction } = job.progress;
  if (!job.started_at || fraction < 0.02 || fraction >= 1) return null;
  const spent = now - Date.parse(job.started_at);
  return spent < 500 ? null : (spent / fraction) * (1 - fraction);
}
