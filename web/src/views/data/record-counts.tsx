import { useQueries, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { datasetsQuery, type Dataset } from '@/api/datasets';
import { participantQualityQuery, sessionQualityQuery } from '@/api/quality';
import type { Column } from '@/table/columns';
import { count } from '@/ui/format';

type ByDataset = Map<string, number>;

interface Counts {
  datasets: Dataset[];
  /** By id of the participant or session. */
  by: Map<string, ByDataset>;
  state: 'counting' | 'counted' | 'hidden';
}

/** How many records each participant, or each session, has of each dataset. Hidden from who may not read records. */
export function useRecordCounts(study: string, of: 'participant' | 'session'): Counts {
  const { data: datasets } = useQuery(datasetsQuery(study));
  const lists = useQueries({
    queries: (datasets ?? []).map((dataset) => (of === 'participant' ? participantQualityQuery(study, dataset.id) : sessionQualityQuery(study, dataset.id)) as ReturnType<typeof sessionQualityQuery>),
    combine: (all) => ({ data: all.map((one) => one.data), failed: all.some((one) => one.isError) }),
  });
  return useMemo(() => {
    const by = new Map<string, ByDataset>();
    lists.data.forEach((list, index) => {
      for (const entry of (list?.items ?? []) as { participant?: string; session?: string | null; records: number }[]) {
        const id = entry.participant ?? entry.session;
        if (!id || entry.records === 0) continue;
        const counts: ByDataset = by.get(id) ?? new Map();
        counts.set(datasets?.[index]?.id ?? '', entry.records);
        by.set(id, counts);
      }
    });
    const state = lists.failed ? 'hidden' : !datasets || lists.data.some((list) => !list) ? 'counting' : 'counted';
    return { datasets: datasets ?? [], by, state };
  }, [datasets, lists]);
}

/** "Records", "Data available", and a column for each dataset that the chooser turns on. */
export function countColumns<Row extends { id: string }>({ datasets, by, state }: Counts): Column<Row>[] {
  const counted = state === 'counted';
  const unknown = <span className="quiet">{state === 'hidden' ? '–' : '…'}</span>;
  const all = (row: Row) => [...(by.get(row.id)?.values() ?? [])].reduce((sum, one) => sum + one, 0);
  const names = (row: Row) => datasets.filter((dataset) => by.get(row.id)?.has(dataset.id)).map((dataset) => dataset.name).join(', ');
  const number = (value: number) => (!counted ? unknown : value === 0 ? <span className="quiet">0</span> : count(value));
  return [
    { id: 'records', title: 'Records', size: 100, align: 'right', value: (row) => (counted ? all(row) : null), cell: (row) => number(all(row)) },
    {
      id: 'available', title: 'Data available', size: 220, hint: 'Datasets with records of it', value: (row) => (counted ? names(row) : ''),
      cell: (row) => (!counted ? unknown : names(row) ? <span title={names(row)}>{names(row)}</span> : <span className="quiet">nothing</span>),
    },
    ...datasets.map((dataset): Column<Row> => {
      const value = (row: Row) => by.get(row.id)?.get(dataset.id) ?? 0;
      return { id: `records.${dataset.id}`, title: `${dataset.name}: records`, size: 150, align: 'right', hidden: true, value: (row) => (counted ? value(row) : null), cell: (row) => number(value(row)) };
    }),
  ];
}
