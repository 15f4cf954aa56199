import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';

import { datasetsQuery } from '@/api/datasets';
import { compact, count, duration } from '@/ui/format';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { Busy, ErrorNote } from '@/ui/notes';

import { Alerts } from './Alerts';
import { LastRecords } from './LastRecords';
import { Line } from './Line';
import { LiveDatasets } from './LiveDatasets';
import type { LiveState } from './state';
import { useLive, useNow } from './use-live';

/** A running study: what comes in, from whom, and what is wrong with it. */
export function LiveView() {
  const { study } = useParams({ strict: false }) as { study: string };
  // Another study is another view: nothing of the one before is counted in.
  return <Live key={study} study={study} />;
}

function Live({ study }: { study: string }) {
  const { data: datasets = [] } = useQuery(datasetsQuery(study));
  const { live, connection, pause, goOn } = useLive(study);
  const ended = connection.state === 'ended';
  const still = connection.state === 'paused' || ended || connection.state === 'waiting';
  return (
    <>
      <Heading title="Live" about={<Line connection={connection} at={live?.at} />}>
        {still ? (
          <Button leftSection={<Icon name="play" />} onClick={goOn}>
            {connection.state === 'paused' ? 'Go on' : 'Try now'}
          </Button>
        ) : (
          <Button variant="default" leftSection={<Icon name="pause" />} onClick={pause}>
            Pause
          </Button>
        )}
      </Heading>
      {ended && connection.problem && <ErrorNote error={connection.problem} title="This study cannot be watched" />}
      {!live && !ended && <Busy what="Waiting for the present state" />}
      {live && (
        <>
          <LiveFigures live={live} />
          <div className="live">
            <div className="live-main">
              <h2 className="section">Datasets</h2>
              <LiveDatasets study={study} live={live} datasets={datasets} />
              <h2 className="section">Last records</h2>
              <LastRecords study={study} records={live.records} datasets={datasets} />
            </div>
            <div className="live-side">
              <h2 className="section">Present</h2>
              <People study={study} live={live} />
              <h2 className="section">Quality alerts</h2>
              <Alerts study={study} live={live} datasets={datasets} />
            </div>
          </div>
        </>
      )}
    </>
  );
}

function LiveFigures({ live }: { live: LiveState }) {
  const now = useNow();
  const records = live.datasets.reduce((sum, one) => sum + one.records, 0);
  const added = Object.values(live.added).reduce((sum, one) => sum + one, 0);
  const last = live.datasets.map((one) => one.last_received).filter((at) => at !== null).sort().at(-1);
  const standing = live.findings?.reduce((sum, one) => sum + (one.count ?? 0), 0);
  return (
    <dl className="figures">
      <div className="figure"><dt className="figure-title">Present, last {live.present.minutes} min</dt><dd className="figure-value">{count(live.present.count)}</dd></div>
      <div className="figure"><dt className="figure-title">Records</dt><dd className="figure-value" title={count(records)}>{compact(records)}</dd></div>
      <div className="figure"><dt className="figure-title">Since you opened this</dt><dd className="figure-value">+{compact(added)}</dd></div>
      <div className="figure"><dt className="figure-title">Last arrival</dt><dd className="figure-time">{last ? `${duration(Math.max(0, now - Date.parse(last)))} ago` : 'none yet'}</dd></div>
      <div className="figure" data-tone={standing ? 'fair' : undefined}><dt className="figure-title">What failed</dt><dd className="figure-value">{standing === undefined ? '…' : compact(standing)}</dd></div>
    </dl>
  );
}

function People({ study, live }: { study: string; live: LiveState }) {
  const { present } = live;
  if (present.count === 0) return <p className="quiet small">Nobody has sent anything in the last {present.minutes} minutes.</p>;
  return (
    <>
      <ul className="present" aria-label="Participants present">
        {present.participants.map((participant) => (
          <li key={participant}>
            <Link to="/studies/$study/participants/$participant" params={{ study, participant }} className="mono">{participant}</Link>
          </li>
        ))}
      </ul>
      {present.count > present.participants.length && <p className="quiet small">and {count(present.count - present.participants.length)} more</p>}
    </>
  );
}
