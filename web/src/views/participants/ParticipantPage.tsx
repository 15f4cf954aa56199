import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';

import { datasetsQuery } from '@/api/datasets';
import { participantQuery, sessionsQuery } from '@/api/people';
import { useDownload } from '@/download/context';
import { Time } from '@/time/zone';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { Busy, ErrorNote } from '@/ui/notes';
import { Status } from '@/ui/Status';
import { DataCards } from '@/views/data/DataCards';
import { qualityPath } from '@/views/data/scope';
import { Arrivals } from '@/views/study/Arrivals';

import { Attribute } from './Attribute';
import { Care } from './Care';

/** A participant in the whole study, or in one session of it. */
export function ParticipantPage() {
  const { study, participant: id, session } = useParams({ strict: false }) as { study: string; participant: string; session?: string };
  const { data: participant, error, isPending, refetch } = useQuery(participantQuery(study, id));
  const { data: sessions } = useQuery(sessionsQuery(study));
  const { data: datasets } = useQuery(datasetsQuery(study));
  const selection = useMemo(() => ({ participants: [id] }), [id]);
  const download = useDownload();
  if (error && !participant) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (isPending) return <Busy what="Reading the participant" />;
  const attended = (sessions?.items ?? []).flatMap((one) => one.attendance.filter((entry) => entry.participant === id).map((entry) => ({ session: one, role: entry.role, joined: entry.joined_at, left: entry.left_at })));
  const here = session ? attended.find((one) => one.session.id === session) : undefined;
  return (
    <>
      <Heading title={<span className="mono">{participant.id}</span>} about={session ? <>Participant, in session <Link to="/studies/$study/sessions/$session" params={{ study, session }}>{session}</Link> only. <Link to="/studies/$study/participants/$participant" params={{ study, participant: id }}>All of theirs</Link></> : 'Participant'}>
        <Button variant="default" component={Link} to={qualityPath({ study, session, participant: id }) as '/'} leftSection={<Icon name="pulse" />}>
          Quality
        </Button>
        <Button leftSection={<Icon name="download" />} onClick={() => download.open({ study, selection: { participants: [id], sessions: session ? [session] : undefined }, what: `Participant ${id}` })}>
          Download {session ? 'this part' : 'all of theirs'}
        </Button>
      </Heading>
      <dl className="strip">
        <div><dt>Code</dt><dd>{participant.code || '–'}</dd></div>
        <div><dt>Status</dt><dd><Status of={participant.status} /></dd></div>
        {here && (
          <>
            <div><dt>Role</dt><dd>{here.role || '–'}</dd></div>
            <div><dt>Joined</dt><dd><Time at={here.joined} /></dd></div>
            <div><dt>Left</dt><dd><Time at={here.left} /></dd></div>
          </>
        )}
        <div><dt>First known</dt><dd><Time at={participant.created_at} digits="min" /></dd></div>
        {Object.entries(participant.attributes as Record<string, unknown>).map(([name, value]) => (
          <div key={name}><dt>{name}</dt><dd><Attribute value={value} /></dd></div>
        ))}
      </dl>
      <h2 className="section">Data</h2>
      <DataCards scope={{ study, session, participant: id }} />
      {!session && datasets && datasets.length > 0 && (
        <>
          <h2 className="section">When</h2>
          <Arrivals study={study} datasets={datasets} selection={selection} />
        </>
      )}
      {!session && attended.length > 0 && (
        <>
          <h2 className="section">Sessions</h2>
          <div className="cards">
            {attended.map(({ session: one, role }) => (
              <Link key={one.id} to="/studies/$study/sessions/$session/participants/$participant" params={{ study, session: one.id, participant: id }} className="card">
                <span className="card-title">{one.name || one.id}</span>
                <span className="quiet small">
                  {role && `${role} · `}
                  <Time at={one.start} digits="min" />
                </span>
              </Link>
            ))}
          </div>
        </>
      )}
      {!session && <Care study={study} participant={id} />}
    </>
  );
}
