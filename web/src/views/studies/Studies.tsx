import { Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { studiesQuery } from '@/api/studies';
import { Time } from '@/time/zone';
import { Busy, Empty, ErrorNote } from '@/ui/notes';

export function StudiesView() {
  const { data, error, refetch, isPending } = useQuery(studiesQuery);
  return (
    <main className="view" id="main">
      <Title order={1}>Studies</Title>
      <ErrorNote error={error} retry={() => void refetch()} />
      {isPending && <Busy what="Reading the studies" />}
      {data?.items.length === 0 && <Empty title="No study yet">Make one here or with the API.</Empty>}
      <ul>
        {data?.items.map((study) => (
          <li key={study.id}>
            <Link to="/studies/$study" params={{ study: study.id }}>
              {study.name}
            </Link>{' '}
            <Time at={study.created_at} digits="day" />
          </li>
        ))}
      </ul>
    </main>
  );
}
