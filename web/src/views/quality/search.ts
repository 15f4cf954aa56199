import { tableSearch, type TableSearch } from '@/table/search';

export interface QualitySearch extends TableSearch {
  /** Which days the calendar shows: those of the records, or those of their arrival. */
  days?: 'received' | undefined;
  /** Whom a dataset's table lists. */
  by?: 'session' | undefined;
}

export const qualitySearch = (search: Record<string, unknown>): QualitySearch => ({
  ...tableSearch(search),
  ...(search['days'] === 'received' ? { days: 'received' as const } : {}),
  ...(search['by'] === 'session' ? { by: 'session' as const } : {}),
});
