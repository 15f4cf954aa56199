import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { datasetsQuery } from '@/api/datasets';
import { donationProjectQuery } from '@/api/donations';
import { studyQuery } from '@/api/studies';
import { useAddress } from '@/app/address';
import { useDownload } from '@/download/context';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { useCurrentInSight } from '@/ui/in-sight';
import { Busy, Empty, ErrorNote } from '@/ui/notes';
import { DatasetView } from '@/views/data/DatasetView';

import { AccessLog } from './AccessLog';
import { Asked } from './Asked';
import { Donations } from './Donations';
import { NewProject } from './NewProject';
import { Participation } from './Participation';
import { Passphrase } from './Passphrase';
import type { DonationSearch, Tab } from './search';
import { Token } from './Token';

const TABS: { id: Tab | undefined; title: string }[] = [
  { id: undefined, title: 'Participation' }, { id: 'donations', title: 'Donations' }, { id: 'responses', title: 'Responses' }, { id: 'asked', title: 'What is asked' }, { id: 'token', title: 'Token' }, { id: 'log', title: 'Access log' }, { id: 'passphrase', title: 'Passphrase' },
];

/** A donation project: who takes part, what they gave and answered, and how others fetch it. */
export function DataCenterView() {
  const { study } = useParams({ strict: false }) as { study: string };
  // A token or a passphrase that was typed belongs to one study.
  return <DataCenter key={study} study={study} />;
}

function DataCenter({ study }: { study: string }) {
  const { data: project, error, isPending, refetch } = useQuery(donationProjectQuery(study));
  const { data: datasets } = useQuery(datasetsQuery(study));
  const { data: about } = useQuery(studyQuery(study));
  const [search] = useAddress<DonationSearch>();
  const [making, setMaking] = useState(false);
  const download = useDownload();
  const scope = useMemo(() => ({ study }), [study]);
  const given = useMemo(() => (datasets ?? []).filter((dataset) => dataset.kind === 'donation'), [datasets]);
  const questionnaire = datasets?.find((dataset) => dataset.id === 'questionnaire');
  const strip = useCurrentInSight<HTMLElement>(`${search.tab} ${about !== undefined && datasets !== undefined && project !== undefined}`);
  if (error && project === undefined) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (isPending || !datasets || !about) return <Busy what="Opening the Data Center" />;
  if (!project) {
    return (
      <>
        <Heading title="Data Center" />
        <Empty icon="tree" title="This study asks for no donations" action={<Button onClick={() => setMaking(true)}>Make it a donation project</Button>}>
          In a donation project participants hand over what platforms keep about them, file by file and with their consent, and answer a questionnaire.
        </Empty>
        {making && <NewProject study={study} onClose={() => setMaking(false)} />}
      </>
    );
  }
  return (
    <>
      <Heading title="Data Center" about={<>Donation project <code>{project.url_id}</code> · participants know it as <code>{project.slug}</code>{about.locked && <> · <Icon name="lock" size={12} /> super-secret</>}</>}>
        <Button leftSection={<Icon name="download" />} onClick={() => download.open({ study, selection: {}, what: about.name })}>
          Download everything
        </Button>
      </Heading>
      <nav ref={strip} className="data-tabs" aria-label="Parts of the Data Center">
        {TABS.map((tab) => (
          <Link key={tab.title} to="/studies/$study/data-center" params={{ study }} search={tab.id ? { tab: tab.id } : {}} className="data-tab" activeOptions={{ exact: true }} activeProps={{}} aria-current={search.tab === tab.id ? 'page' : undefined}>
            {tab.title}
          </Link>
        ))}
      </nav>
      {search.tab === undefined && <Participation study={study} given={given} />}
      {search.tab === 'donations' && <Donations study={study} given={given} locked={about.locked} />}
      {search.tab === 'responses' && (questionnaire ? <DatasetView scope={scope} dataset={questionnaire} /> : <Empty icon="list" title="This project has no questionnaire">Nothing is asked beside the donations.</Empty>)}
      {search.tab === 'asked' && <Asked study={study} project={project} />}
      {search.tab === 'token' && <Token study={study} project={project} />}
      {search.tab === 'log' && <AccessLog study={study} />}
      {search.tab === 'passphrase' && <Passphrase study={study} locked={about.locked} />}
    </>
  );
}
