import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';

import { recordPagesQuery } from '@/api/records';
import { titleOf } from '@/filter/model';
import { Time } from '@/time/zone';
import { count } from '@/ui/format';
import { JsonTree } from '@/ui/JsonTree';
import { Busy, Empty, ErrorNote } from '@/ui/notes';
import { Status } from '@/ui/Status';

import type { KindProps } from '../kinds';
import { More } from '../More';
import { Value, valuesOf } from '../values';

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
      {records.map((record) => {
        const values = valuesOf(record);
        const nested = dataset.fields.filter((field) => field.type === 'json' && values[field.id] !== null && values[field.id] !== undefined);
        const flat = dataset.fields.filter((field) => field.type !== 'json' && field.id !== 'status');
        return (
          <details key={record.seq} className="donation" open={records.length === 1}>
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
      })}
      <ErrorNote error={query.error} retry={() => void query.fetchNextPage()} title="The donations that follow could not be read" />
      <More read={records.length} total={query.data?.pages[0]?.total ?? 0} what="donations" query={query} />
    </div>
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
