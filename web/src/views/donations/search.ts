import { texts } from '@/table/search';
import { whereOf, type Where } from '@/table/where';
import { dataSearch, type DataSearch } from '@/views/data/scope';

export type Tab = 'donations' | 'responses' | 'asked' | 'token' | 'log' | 'passphrase';
const TABS = new Set<string>(['donations', 'responses', 'asked', 'token', 'log', 'passphrase']);

export interface DonationSearch extends DataSearch {
  /** Left out: the overview. */
  tab?: Tab | undefined;
  /** Whose donations: a dataset. */
  blueprint?: string | undefined;
  status?: string | undefined;
  log?: 'exceptions' | undefined;
  where?: Where | undefined;
}

export const donationSearch = (search: Record<string, unknown>): DonationSearch => ({
  ...dataSearch(search),
  ...(whereOf(search['where']) ? { where: whereOf(search['where']) } : {}),
  ...texts(search, 'blueprint', 'status'),
  ...(typeof search['tab'] === 'string' && TABS.has(search['tab']) ? { tab: search['tab'] as Tab } : {}),
  ...(search['log'] === 'exceptions' ? { log: 'exceptions' as const } : {}),
});
