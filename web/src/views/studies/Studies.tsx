import { Button } from '@mantine/core';
import { useQueries, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';

import type { Schemas } from '@/api/client';
import { studyOverviewQuery } from '@/api/plots';
import { studiesQuery, type Study } from '@/api/studies';
import type { Column } from '@/table/columns';
import { ListTable } from '@/table/ListTable';
import { Time } from '@/time/zone';
import { count } from '@/ui/format';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { Empty } from '@/ui/notes';
import { Status } from '@/ui/Status';

import { NewStudy } from './NewStudy';

/** So many studies are counted when the list is opened. */
const COUNTED = 200;
type Counted = 'participants' | 'sessions' | 'records';

export function StudiesView() {
  const query = useQuery(studiesQuery);
  const navigate = useNavigate();
  const [making, setMaking] = useState(false);
  const listed = useMemo(() => (query.data?.items ?? []).slice(0, COUNTED).map((study) => study.id), [query.data]);
  const combine = useCallback((all: UseQueryResult<Schemas['StudyOverview']>[]) => new Map<string, Overview>(all.map((one, index) => [listed[index] ?? '', one.isError ? 'hidden' : one.data])), [listed]);
  const overviews = useQueries({ queries: listed.map((study) => studyOverviewQuery(study)), combine });
  const columns = useMemo<Column<Study>[]>(() => {
    const numbers = (id: Counted, title: string): Column<Study> => ({
      id, title, size: 110, align: 'right', value: (study) => figureOf(overviews.get(study.id), id), cell: (study) => <Figure of={overviews.get(study.id)} known={overviews.has(study.id)} what={id} />,
    });
    return [
      { id: 'name', title: 'Study', size: 320, value: (study) => study.name, cell: (study) => <Link to="/studies/$study" params={{ study: study.id }}>{study.name}</Link> },
      { id: 'id', title: 'Id', size: 190, value: (study) => study.id, cell: (study) => <span className="mono quiet">{study.id}</span> },
      { id: 'status', title: 'Status', size: 110, value: (study) => study.status, cell: (study) => <Status of={study.status} /> },
      numbers('participants', 'Participants'),
      { ...numbers('sessions', 'Sessions'), hidden: true },
      numbers('records', 'Records'),
      { id: 'ends', title: 'Collecting ends', size: 130, value: (study) => study.ends_at, cell: (study) => <Time at={study.ends_at} digits="day" none="open" /> },
      { id: 'created', title: 'Created', size: 130, value: (study) => study.created_at, cell: (study) => <Time at={study.created_at} digits="day" /> },
      { id: 'changed', title: 'Settings changed', size: 150, value: (study) => study.updated_at, cell: (study) => <Time at={study.updated_at} digits="min" /> },
      { id: 'description', title: 'Description', size: 300, value: (study) => study.description, cell: (study) => study.description || <span className="quiet">–</span> },
      { id: 'owner', title: 'Owner', size: 180, hidden: true, value: (study) => study.owner, cell: (study) => <span className="mono quiet">{study.owner}</span> },
    ];
  }, [overviews]);
  return (
    <main className="view" id="main" tabIndex={-1}>
      <Heading title="Studies" about="Yours, and those you have been let into.">
        <Button leftSection={<Icon name="plus" />} onClick={() => setMaking(true)}>
          New study
        </Button>
      </Heading>
      <ListTable
        label="Studies"
        searchLabel="Search studies"
        columns={columns}
        query={query}
        rowKey={(study) => study.id}
        state={(study) => study.status}
        onOpen={(study) => void navigate({ to: '/studies/$study', params: { study: study.id } })}
        empty={
          <Empty title="No study yet" action={<Button onClick={() => setMaking(true)}>New study</Button>}>
            A study holds participants, sessions and data. Make one and drop a file into it, or ask a colleague to let you into theirs. To try things first, <code>sheaf demo</code> fills a server with
            examples.
          </Empty>
        }
      />
      <NewStudy opened={making} onClose={() => setMaking(false)} />
    </main>
  );
}

type Overview = Schemas['StudyOverview'] | 'hidden' | undefined;
const figureOf = (overview: Overview, what: Counted) => (overview && overview !== 'hidden' ? overview[what] : null);

function Figure({ of, known, what }: { of: Overview; known: boolean; what: Counted }) {
  const number = figureOf(of, what);
  if (number !== null) return <>{count(number)}</>;
  return <span className="quiet">{known && of !== 'hidden' ? '…' : '–'}</span>;
}
