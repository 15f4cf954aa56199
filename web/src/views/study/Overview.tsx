import { Button, Text } from '@mantine/core';
import { useQueries, useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';

import { datasetsQuery, summaryQuery } from '@/api/datasets';
import { participantsQuery, sessionsQuery } from '@/api/people';
import { studyQuery } from '@/api/studies';
import { useDownload } from '@/download/context';
import { Time } from '@/time/zone';
import { compact, count } from '@/ui/format';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { Empty } from '@/ui/notes';
import { Status } from '@/ui/Status';
import { completeness, Share } from '@/views/data/Datasets';

import { Arrivals } from './Arrivals';

export function OverviewView() {
  const { study: id } = useParams({ strict: false }) as { study: string };
  const { data: study } = useQuery(studyQuery(id));
  const { data: datasets } = useQuery(datasetsQuery(id));
  const { data: people } = useQuery(participantsQuery(id));
  const { data: sessions } = useQuery(sessionsQuery(id));
  const download = useDownload();
  const summaries = useQueries({ queries: (datasets ?? []).map((dataset) => summaryQuery(id, dataset.id)), combine: (all) => all.map((one) => one.data) });
  const known = summaries.filter((summary) => summary !== undefined);
  const records = known.reduce((sum, summary) => sum + summary.records, 0);
  const first = known.map((summary) => summary.first_time).filter(Boolean).sort()[0];
  const last = known.map((summary) => summary.last_time).filter(Boolean).sort().at(-1);
  if (!study) return null;
  return (
    <>
      <Heading title={study.name} about={study.description || undefined}>
        <Button variant="default" leftSection={<Icon name="upload" />} component={Link} to={`/studies/${id}/import` as '/'}>
          Import
        </Button>
        <Button leftSection={<Icon name="download" />} disabled={records === 0} onClick={() => download.open({ study: id, selection: {}, what: study.name })}>
          Download the study
        </Button>
      </Heading>
      <div className="figures">
        <Figure to="/studies/$study/participants" study={id} title="Participants" value={people && compact(people.total)} />
        <Figure to="/studies/$study/sessions" study={id} title="Sessions" value={sessions && compact(sessions.total)} />
        <Figure to="/studies/$study/data" study={id} title="Records" value={datasets && compact(records)} />
        <Figure to="/studies/$study/data" study={id} title="Datasets" value={datasets && count(datasets.length)} />
      </div>
      <dl className="strip">
        <div><dt>Status</dt><dd><Status of={study.status} /></dd></div>
        <div><dt>First record</dt><dd><Time at={first ?? null} digits="min" /></dd></div>
        <div><dt>Last record</dt><dd><Time at={last ?? null} digits="min" /></dd></div>
        <div><dt>Collecting ends</dt><dd><Time at={study.ends_at} digits="day" none="open" /></dd></div>
        <div><dt>Id</dt><dd className="mono">{study.id}</dd></div>
        {study.locked && <div><dt>Content</dt><dd><Icon name="lock" size={13} /> locked by a passphrase</dd></div>}
      </dl>
      {records > 0 && datasets && (
        <>
          <h2 className="section">When records were made</h2>
          <Arrivals study={id} datasets={datasets} selection={{}} />
        </>
      )}
      <h2 className="section">Datasets</h2>
      {datasets?.length === 0 && (
        <Empty
          title="No data yet"
          action={
            <Button component={Link} to={`/studies/${id}/import` as '/'}>
              Import a file
            </Button>
          }
        >
          Drop a CSV or NDJSON file on the import view, or let your platform send records with a key.
        </Empty>
      )}
      <div className="cards wide">
        {datasets?.map((dataset, index) => {
          const summary = summaries[index];
          return (
            <Link key={dataset.id} to="/studies/$study/data/$dataset" params={{ study: id, dataset: dataset.id }} className="card">
              <span className="card-row">
                <span className="card-title">{dataset.name}</span>
                <span className="card-number">{summary ? compact(summary.records) : '…'}</span>
              </span>
              <Text size="xs" c="dimmed">
                {dataset.kind.replaceAll('_', ' ')} · {summary ? count(summary.participants) : '…'} participants · answered <Share of={completeness(summary)} />
              </Text>
              <Text size="xs" c="dimmed">
                <Time at={summary?.first_time} digits="day" /> – <Time at={summary?.last_time} digits="day" />
              </Text>
            </Link>
          );
        })}
      </div>
    </>
  );
}

function Figure({ to, study, title, value }: { to: '/studies/$study/participants' | '/studies/$study/sessions' | '/studies/$study/data'; study: string; title: string; value: string | undefined }) {
  return (
    <Link to={to} params={{ study }} className="figure">
      <span className="figure-title">{title}</span>
      <span className="figure-value">{value ?? '…'}</span>
    </Link>
  );
}
