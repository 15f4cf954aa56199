import { Link } from '@tanstack/react-router';

import type { LiveRecord } from '@/api/live';
import type { Dataset } from '@/api/datasets';
import { Time } from '@/time/zone';
import { Empty } from '@/ui/notes';
import { wordsOf } from '@/views/data/Around';

/** The newest first. A long record is told without its values. */
export function LastRecords({ study, records, datasets }: { study: string; records: LiveRecord[]; datasets: Dataset[] }) {
  if (records.length === 0) return <Empty icon="live" title="Nothing has arrived yet">Leave this view open: a record is here within a second of its arrival.</Empty>;
  return (
    <ol className="live-records" aria-label="Last records" tabIndex={0}>
      {records.map((record) => {
        const dataset = datasets.find((one) => one.id === record.dataset);
        return (
          <li key={record.seq}>
            <span className="quiet"><Time at={record.received_at} /></span>
            <Link to="/studies/$study/data/$dataset" params={{ study, dataset: record.dataset }} search={{ record: record.seq } as never}>
              {dataset?.name ?? record.dataset}
            </Link>
            {record.participant && <span className="mono live-who">{record.participant}</span>}
            <span className="moment-words">{dataset && record.values ? wordsOf(dataset, record) : ''}</span>
          </li>
        );
      })}
    </ol>
  );
}
