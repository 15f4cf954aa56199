import { Drawer, Tabs, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import type { Dataset } from '@/api/datasets';
import { recordPage, type Filter, type Record_ } from '@/api/records';
import { CodeBlock } from '@/code/CodeBlock';
import { titleOf } from '@/filter/model';
import { Time } from '@/time/zone';
import { number } from '@/ui/format';
import { Busy, Empty, ErrorNote } from '@/ui/notes';
import { Status } from '@/ui/Status';

import { Around } from './Around';
import { dataPath, type DataSearch, type Scope } from './scope';
import { Value, valuesOf, type Show } from './values';

interface Props {
  scope: Scope;
  dataset: Dataset;
  show: Show;
  /** What of it is shown, as the address says. */
  search: DataSearch;
  change: (change: Partial<DataSearch>) => void;
}

/** One record whole: every field, the JSON as the API gives it, and what else happened then. */
export function RecordDrawer({ scope, dataset, show, search, change }: Props) {
  const seq = search.record;
  const onClose = () => change({ record: undefined, pane: undefined, near: undefined });
  const { data, error, isPending } = useQuery({
    queryKey: ['study', scope.study, 'record', dataset.id, seq],
    enabled: seq !== undefined,
    queryFn: ({ signal }) => recordPage(scope.study, dataset.id, { filter: { field: 'record.seq', op: '=', value: seq } as Filter }, { limit: 1 }, signal),
  });
  const record = data?.records[0];
  return (
    <Drawer opened={seq !== undefined} onClose={onClose} position="right" size="min(560px, 100vw)" title={`Record of ${dataset.name}`} overlayProps={{ backgroundOpacity: 0.08 }} lockScroll={false}>
      <ErrorNote error={error} />
      {isPending && seq !== undefined && <Busy what="Reading the record" />}
      {data && !record && <Empty title="This record is not there any more">It was changed, which gives it another number, or deleted.</Empty>}
      {record && (
        <Tabs value={search.pane ?? 'record'} onChange={(pane) => change({ pane: pane === 'around' || pane === 'json' ? pane : undefined })} keepMounted={false}>
          <Tabs.List>
            <Tabs.Tab value="record">Record</Tabs.Tab>
            <Tabs.Tab value="around">Around that moment</Tabs.Tab>
            <Tabs.Tab value="json">JSON</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="record" pt="sm">
            <Whole scope={scope} dataset={dataset} record={record} show={show} />
          </Tabs.Panel>
          <Tabs.Panel value="around" pt="sm">
            <Around scope={scope} dataset={dataset} record={record} near={search.near} onNear={(near) => change({ near })} />
          </Tabs.Panel>
          <Tabs.Panel value="json" pt="sm">
            <CodeBlock text={JSON.stringify(record, null, 2)} label="The record as JSON" maxHeight={620} />
          </Tabs.Panel>
        </Tabs>
      )}
    </Drawer>
  );
}

function Whole({ scope, dataset, record, show }: { scope: Scope; dataset: Dataset; record: Record_; show: Show }) {
  return (
    <dl className="facts">
      <dt>Time</dt>
      <dd>
        <Time at={record.time} digits="ms" /> {record.time_offset && <span className="quiet">recorded at {record.time_offset}</span>}
      </dd>
      {record.onset_ms !== undefined && (
        <>
          <dt>Onset</dt>
          <dd>{number(record.onset_ms)} ms</dd>
        </>
      )}
      {record.participant && (
        <>
          <dt>Participant</dt>
          <dd>
            <Link to={dataPath({ study: scope.study, participant: record.participant }).replace(/\/data$/, '') as '/'} className="mono">
              {record.participant}
            </Link>
          </dd>
        </>
      )}
      {record.session && (
        <>
          <dt>Session</dt>
          <dd>
            <Link to={dataPath({ study: scope.study, session: record.session }).replace(/\/data$/, '') as '/'}>{record.session}</Link>
          </dd>
        </>
      )}
      {dataset.fields.map((field) => {
        const value = valuesOf(record)[field.id];
        const nested = typeof value === 'object' && value !== null && field.type === 'json';
        return (
          <FieldFact key={field.id} title={titleOf(field)} id={field.id} privacy={field.privacy}>
            {nested ? <CodeBlock text={JSON.stringify(value, null, 2)} label={titleOf(field)} maxHeight={220} /> : <Value record={record} field={field} show={show} />}
            {field.unit && !nested && value !== undefined && value !== null && <span className="quiet"> {field.unit}</span>}
          </FieldFact>
        );
      })}
      {record.metadata && Object.keys(record.metadata).length > 0 && (
        <>
          <dt>About answers</dt>
          <dd>
            <CodeBlock text={JSON.stringify(record.metadata, null, 2)} label="What is known about single answers" maxHeight={200} />
          </dd>
        </>
      )}
      <dt>Record id</dt>
      <dd className="mono">{record.id ?? <span className="quiet">none</span>}</dd>
      <dt>Received</dt>
      <dd>
        <Time at={record.received_at} digits="ms" />
        {record.updated_at !== record.received_at && (
          <>
            {' '}
            <span className="quiet">changed</span> <Time at={record.updated_at} digits="ms" />
          </>
        )}
      </dd>
      <dt>Seq</dt>
      <dd>{record.seq}</dd>
    </dl>
  );
}

function FieldFact({ title, id, privacy, children }: { title: string; id: string; privacy: string | undefined; children: React.ReactNode }) {
  return (
    <>
      <dt>
        <Tooltip label={id}>
          <span>{title}</span>
        </Tooltip>
        {privacy && privacy !== 'plain' && (
          <>
            {' '}
            <Status of={privacy} />
          </>
        )}
      </dt>
      <dd>{children}</dd>
    </>
  );
}
