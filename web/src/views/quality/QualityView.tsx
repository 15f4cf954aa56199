import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';

import { datasetsQuery } from '@/api/datasets';
import { qualityQuery, type DatasetQuality } from '@/api/quality';
import { Time } from '@/time/zone';
import { count } from '@/ui/format';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { Busy, Empty, ErrorNote, Note } from '@/ui/notes';
import { dataPath, type Scope } from '@/views/data/scope';

import { Compliance } from './Compliance';
import { Findings } from './Findings';
import { Figures } from './Figures';
import { Complete, Counted } from './parts';
import { When } from './When';

/** How good the data is: of a study, a session, a participant, or a participant in a session. */
export function QualityView() {
  const { study, session, participant } = useParams({ strict: false }) as { study: string; session?: string; participant?: string };
  const scope = useMemo<Scope>(() => ({ study, session, participant }), [study, session, participant]);
  const { data: datasets = [] } = useQuery(datasetsQuery(study));
  const { data: quality, error, isPending, isFetching, refetch } = useQuery(qualityQuery(study, { session, participant }));
  const whose = participant && session ? `Of ${participant} in session ${session}` : participant ? `Of participant ${participant}` : session ? `Of session ${session}` : 'Of the whole study';
  const about = quality ? <>{whose} · checked <Time at={quality.checked_at} /></> : whose;
  const seen = useMemo(() => datasets.filter((dataset) => quality?.datasets.some((one) => one.dataset === dataset.id && one.records > 0)), [datasets, quality]);
  return (
    <>
      <Heading title="Quality" about={about}>
        <Button variant="default" leftSection={<Icon name="undo" />} loading={isFetching && !isPending} onClick={() => void refetch()}>
          Check again
        </Button>
      </Heading>
      <ErrorNote error={error} retry={() => void refetch()} title="The data could not be checked" />
      {isPending && <Busy what="Checking the records" />}
      {quality && !quality.complete && <Note tone="own" icon="clock" title="Checking goes on">What you see is of the records checked so far.</Note>}
      {quality && quality.records === 0 && (
        <Empty icon="pulse" title="There is nothing to check yet" action={<Button component={Link} to={`/studies/${study}/import` as '/'} variant="light">Import a file</Button>}>
          Records are checked as they arrive.
        </Empty>
      )}
      {quality && quality.records > 0 && (
        <>
          <Figures qualities={quality.datasets} counts={quality.counts} />
          <h2 className="section">What failed</h2>
          <Findings scope={scope} qualities={quality.datasets} datasets={datasets} sessions={session || participant ? [] : quality.findings} />
          <h2 className="section">By dataset</h2>
          <ByDataset scope={scope} qualities={quality.datasets} names={new Map(datasets.map((dataset) => [dataset.id, dataset.name]))} />
          <When scope={scope} datasets={seen} />
          {!session && !participant && (
            <>
              <h2 className="section">Compliance by participant</h2>
              <Compliance study={study} datasets={datasets} />
            </>
          )}
        </>
      )}
    </>
  );
}

function ByDataset({ scope, qualities, names }: { scope: Scope; qualities: DatasetQuality[]; names: Map<string, string> }) {
  const whole = !scope.session && !scope.participant;
  const notes = qualities.some((one) => one.counts.info > 0);
  return (
    <div className="wide">
      <table className="plain" aria-label="Quality by dataset">
        <thead>
          <tr>
            <th>Dataset</th>
            <th className="number">Records</th>
            {!scope.participant && <th className="number">Participants</th>}
            <th>First</th>
            <th>Last</th>
            <th>Completeness</th>
            <th className="number">Errors</th>
            <th className="number">Warnings</th>
            {notes && <th className="number">Notes</th>}
          </tr>
        </thead>
        <tbody>
          {qualities.map((one) => (
            <tr key={one.dataset}>
              <td>
                {whole ? (
                  <Link to="/studies/$study/quality/$dataset" params={{ study: scope.study, dataset: one.dataset }}>{names.get(one.dataset) ?? one.dataset}</Link>
                ) : (
                  <Link to={dataPath(scope, one.dataset) as '/'}>{names.get(one.dataset) ?? one.dataset}</Link>
                )}
              </td>
              <td className="number">{count(one.records)}</td>
              {!scope.participant && <td className="number">{count(one.participants)}</td>}
              <td className="nowrap"><Time at={one.first_time} digits="min" /></td>
              <td className="nowrap"><Time at={one.last_time} digits="min" /></td>
              <td><Complete of={one.completeness} /></td>
              <td className="number"><Counted of={one.counts.error} tone="bad" /></td>
              <td className="number"><Counted of={one.counts.warning} tone="fair" /></td>
              {notes && <td className="number"><Counted of={one.counts.info} tone="busy" /></td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
