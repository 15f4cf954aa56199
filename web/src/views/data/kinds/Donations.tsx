import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { recordPagesQuery, type Record_ } from '@/api/records';
import { titleOf } from '@/filter/model';
import { Time } from '@/time/zone';
import { count } from '@/ui/format';
import { JsonTree } from '@/ui/JsonTree';
import { Busy, Empty, ErrorNote } from '@/ui/notes';
import { Status } from '@/ui/Status';

import type { KindProps } from '../kinds';
import { More } from '../More';
import { Value, valuesOf } from '../values';

import { Payload, payloadOf } from './Payload';

const PAGE = 100;

/** Donations as trees: what somebody gave, opened as far as one wants to look. */
export function DonationsView({ scope, dataset, selection, show, open }: KindProps) {
  const query = useInfiniteQuery(recordPagesQuery(scope.study, dataset.id, selection, { limit: PAGE }));
  const records = useMemo(() => query.data?.pages.flatMap((page) => page.records) ?? [], [query.data]);
  if (query.error && records.length === 0) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  if (query.isPending) return <Busy what="Reading donations" />;
  if (records.length === 0) return <Empty icon="tree" title="Nobody has donated anything here" />;
  return (
    <div className="donations">
      {records.map((record) => (
        <Donation key={record.seq} scope={scope} dataset={dataset} record={record} show={show} open={open} alone={records.length === 1} />
      ))}
      <ErrorNote error={query.error} retry={() => void query.fetchNextPage()} title="The donations that follow could not be read" />
      <More read={records.length} total={query.data?.pages[0]?.total ?? 0} what="donations" query={query} />
    </div>
  );
}

interface DonationProps extends Pick<KindProps, 'scope' | 'dataset' | 'show' | 'open'> {
  record: Record_;
  alone: boolean;
}

function Donation({ scope, dataset, record, show, open, alone }: DonationProps) {
  const [unfolded, setUnfolded] = useState(alone);
  const values = valuesOf(record);
  const file = payloadOf(values);
  const nested = dataset.fields.filter((field) => field.type === 'json' && values[field.id] !== null && values[field.id] !== undefined);
  const flat = dataset.fields.filter((field) => field.type !== 'json' && field.id !== 'status' && (field.id !== 'payload' || file === undefined));
  return (
    <details className="donation" open={unfolded} onToggle={(event) => setUnfolded(event.currentTarget.open)}>
      <summary>
        <span className="mono">{record.participant}</span>
        {typeof values['status'] === 'string' && <Status of={values['status']} />}
        <span className="quiet small">
          {nested.map((field) => sizeOf(titleOf(field), values[field.id])).join(' · ')}
        </span>
        <span className="grow" />
        <Time at={record.time} />
      </summary>
      <dl className="facts">
        {flat.map((field) => (
          <FlatFact key={field.id} title={titleOf(field)}>
            <Value record={record} field={field} show={show} />
          </FlatFact>
        ))}
      </dl>
      {unfolded && file !== undefined && <Payload study={scope.study} file={file} />}
      {nested.map((field) => (
        <JsonTree key={field.id} name={titleOf(field)} value={values[field.id]} />
      ))}
      <p className="donation-links">
        <Link to="/studies/$study/participants/$participant" params={{ study: scope.study, participant: record.participant ?? '' }}>
          The participant
        </Link>
        <button type="button" className="linklike" onClick={() => record.seq !== undefined && open(record.seq)}>
          The whole record
        </button>
      </p>
    </details>
  );
}

function FlatFact({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </>
  );
}

function sizeOf(name: string, value: unknown): string {
  if (Array.isArray(value)) return `${name}: ${count(value.length)} entries`;
  return typeof value === 'object' && value !== null ? `${name}: ${count(Object.keys(value).length)} members` : name;
}
