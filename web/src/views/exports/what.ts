import type { Export, ExportRequest } from '@/api/exports';

/** "ratings as csv, without identifiers" */
export function whatOf(job: Export): string {
  const request = (job.request ?? {}) as ExportRequest;
  const names = request.datasets ?? [];
  const what = names.length === 0 ? 'All datasets' : names.length > 3 ? `${names.length} datasets` : names.join(', ');
  const mode = request.identifiers === 'remove' ? ', without identifiers' : request.identifiers === 'aggregate' ? ', numbers only' : '';
  return `${what} as ${request.format ?? 'csv'}${mode}`;
}
