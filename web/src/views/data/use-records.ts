import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useSyncExternalStore } from 'react';

import { countRecords, firstPageQuery, recordPage, type Filter, type Selection } from '@/api/records';

import { RecordWindow, type Reader } from './record-window';

const PAGE = 1000;

const and = (selection: Selection, rule: Filter): Selection => ({ ...selection, filter: selection.filter ? ({ all: [selection.filter, rule] } as Filter) : rule });
const nothing = () => () => undefined;

/** The records of a selection as rows of a table, however many they are. */
export function useRecords(study: string, dataset: string, selection: Selection, sort: string | undefined) {
  const query = useQuery(firstPageQuery(study, dataset, selection, sort));
  const rows = useMemo(() => {
    if (!query.data) return null;
    const bySeq = (op: string, value: number) => and(selection, { field: 'record.seq', op, value } as Filter);
    const reader: Reader = {
      page: (from, cursor, signal) => recordPage(study, dataset, from === undefined ? selection : bySeq('>=', from), { sort, limit: PAGE, ...(cursor ? { cursor } : {}) }, signal),
      before: (seq, signal) => countRecords(study, dataset, bySeq('<', seq), signal),
      lastSeq: async (signal) => (await recordPage(study, dataset, selection, { sort: '-record.seq', limit: 1 }, signal)).records[0]?.seq,
    };
    return new RecordWindow(query.data, reader, !sort);
  }, [query.data, study, dataset, selection, sort]);
  useEffect(() => {
    rows?.open();
    return () => rows?.close();
  }, [rows]);
  useSyncExternalStore(rows?.subscribe ?? nothing, rows?.snapshot ?? (() => 0));
  return { query, rows };
}
