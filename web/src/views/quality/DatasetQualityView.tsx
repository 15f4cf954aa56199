import { Button, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';

import { datasetsQuery } from '@/api/datasets';
import { sessionsQuery } from '@/api/people';
import { datasetQualityQuery, participantQualityQuery, sessionQualityQuery, type ParticipantQuality } from '@/api/quality';
import { useAddress } from '@/app/address';
import type { Column } from '@/table/columns';
import { ListTable } from '@/table/ListTable';
import { Time } from '@/time/zone';
import { count, duration } from '@/ui/format';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { Busy, Empty, ErrorNote, Note } from '@/ui/notes';

import { Figures } from './Figures';
import { Findings } from './Findings';
import { Complete, Counted, percent } from './parts';
import type { QualitySearch } from './search';
import { When } from './When';

/** How good one dataset's data is, and whose. */
export function DatasetQualityView() {
  const { study, dataset: id } = useParams({ strict: false }) as { study: string; dataset: string };
  const { data: datasets = [] } = useQuery(datasetsQuery(study));
  const { data: sessions } = useQuery(sessionsQuery(study));
  const { data: quality, error, isPending, isFetching, refetch } = useQuery(datasetQualityQuery(study, id));
  const [search, change] = useAddress<QualitySearch>();
  const dataset = datasets.find((one) => one.id === id);
  const scope = useMemo(() => ({ study }), [study]);
  const these = useMemo(() => (dataset ? [dataset] : []), [dataset]);
  const bySession = search.by === 'session';
  return (
    <>
      <Heading title={`Quality of ${dataset?.name ?? id}`} about={quality && <>{quality.kind.replaceAll('_', ' ')} · {quality.completeness ? `${percent(quality.completeness.fraction)} of what is expected` : 'nothing is expected of it'}</>}>
        <Button variant="default" component={Link} to={`/studies/${study}/data/${id}` as '/'} leftSection={<Icon name="table" />}>
          The records
        </Button>
        <Button variant="default" leftSection={<Icon name="undo" />} loading={isFetching && !isPending} onClick={() => void refetch()}>
          Check again
        </Button>
      </Heading>
      <ErrorNote error={error} retry={() => void refetch()} title="The data could not be checked" />
      {isPending && <Busy what="Checking the records" />}
      {quality && !quality.complete && <Note tone="own" icon="clock" title="Checking goes on">What you see is of the records checked so far.</Note>}
      {quality && (
        <>
          <Figures qualities={[quality]} counts={quality.counts} />
          <dl className="strip">
            <div><dt>Completeness</dt><dd><Complete of={quality.completeness} /></dd></div>
            <div><dt>Between samples</dt><dd>{quality.interval_ms === null ? <span className="quiet">not applicable</span> : <>{duration(quality.interval_ms)} {quality.interval_inferred && <span className="quiet">as its first records suggest</span>}</>}</dd></div>
          </dl>
          <h2 className="section">What failed</h2>
          <Findings scope={scope} qualities={[quality]} datasets={datasets} />
          {quality.records > 0 && <When scope={scope} datasets={these} />}
          <div className="section-row">
            <h2 className="section">{bySession ? 'By session' : 'Compliance by participant'}</h2>
            {(sessions?.total ?? 0) > 0 && <SegmentedControl size="xs" aria-label="A row for each" data={[{ value: 'participant', label: 'Participants' }, { value: 'session', label: 'Sessions' }]} value={search.by ?? 'participant'} onChange={(by) => change({ by: by === 'session' ? 'session' : undefined, q: undefined, sort: undefined, columns: undefined })} />}
          </div>
          {bySession ? <BySession study={study} dataset={id} /> : <ByParticipant study={study} dataset={id} />}
        </>
      )}
    </>
  );
}

type Measured = Omit<ParticipantQuality, 'participant'>;

/** What is told of a participant and of a session alike. */
function measures<Row extends Measured>(): Column<Row>[] {
  return [
    { id: 'records', title: 'Records', size: 100, align: 'right', value: (row) => row.records, cell: (row) => count(row.records) },
    { id: 'complete', title: 'Completeness', size: 300, unit: '0 to 1', value: (row) => row.completeness?.fraction, cell: (row) => <Complete of={row.completeness} /> },
    { id: 'errors', title: 'Errors', size: 80, align: 'right', value: (row) => row.counts.error, cell: (row) => <Counted of={row.counts.error} tone="bad" /> },
    { id: 'warnings', title: 'Warnings', size: 90, align: 'right', value: (row) => row.counts.warning, cell: (row) => <Counted of={row.counts.warning} tone="fair" /> },
    { id: 'notes', title: 'Notes', size: 80, align: 'right', hidden: true, value: (row) => row.counts.info, cell: (row) => <Counted of={row.counts.info} tone="busy" /> },
    { id: 'first', title: 'First', size: 150, value: (row) => row.first_time, cell: (row) => <Time at={row.first_time} digits="min" /> },
    { id: 'last', title: 'Last', size: 150, value: (row) => row.last_time, cell: (row) => <Time at={row.last_time} digits="min" /> },
  ];
}

const nothing = <Empty icon="pulse" title="No record yet">Records are checked as they arrive.</Empty>;

function ByParticipant({ study, dataset }: { study: string; dataset: string }) {
  const query = useQuery(participantQualityQuery(study, dataset));
  const columns = useMemo<Column<ParticipantQuality>[]>(
    () => [
      { id: 'participant', title: 'Participant', size: 230, value: (row) => row.participant, cell: (row) => <Link to="/studies/$study/participants/$participant/quality" params={{ study, participant: row.participant }} className="mono">{row.participant}</Link> },
      ...measures<ParticipantQuality>(),
    ],
    [study],
  );
  return <ListTable label="Quality by participant" searchLabel="Search participants" columns={columns} query={query} rowKey={(row) => row.participant} empty={nothing} />;
}

function BySession({ study, dataset }: { study: string; dataset: string }) {
  const query = useQuery(sessionQualityQuery(study, dataset));
  type Row = NonNullable<typeof query.data>['items'][number];
  const columns = useMemo<Column<Row>[]>(
    () => [
      { id: 'session', title: 'Session', size: 230, value: (row) => row.session, cell: (row) => (row.session === null ? <span className="quiet">in no session</span> : <Link to="/studies/$study/sessions/$session/quality" params={{ study, session: row.session }}>{row.session}</Link>) },
      ...measures<Row>(),
    ],
    [study],
  );
  return <ListTable label="Quality by session" searchLabel="Search sessions" columns={columns} query={query} rowKey={(row) => row.session ?? ''} empty={nothing} />;
}
