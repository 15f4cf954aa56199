import { fileAddress, save, type Export } from '@/api/exports';
import { problemOf, unreachable } from '@/api/problem';

/** Lets the browser save a finished job's file. A locked study's files open with its passphrase only: `ask` is called then. */
export async function saveExport(job: Export, ask: () => void): Promise<void> {
  const answer = await fetch(fileAddress(job.id), { headers: { Range: 'bytes=0-0' } }).catch(() => {
    throw unreachable();
  });
  // Without rows a file may have no first byte.
  if (answer.ok || answer.status === 416) {
    save(fileAddress(job.id), job.file_name ?? undefined);
    return;
  }
  const problem = problemOf(await answer.json().catch(() => null), answer.status);
  if (problem.slug === 'study-locked') ask();
  else throw problem;
}

export async function saveLocked(job: Export, passphrase: string): Promise<void> {
  const answer = await fetch(fileAddress(job.id), { headers: { 'X-Study-Passphrase': passphrase } }).catch(() => {
    throw unreachable();
  });
  if (!answer.ok) throw problemOf(await answer.json().catch(() => null), answer.status);
  const address = URL.createObjectURL(await answer.blob());
  save(address, job.file_name ?? 'export');
  window.setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
