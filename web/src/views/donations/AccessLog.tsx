import { Button, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { donationLogQuery, type DonationEvent, type DonationException } from '@/api/donations';
import { useAddress } from '@/app/address';
import type { Column } from '@/table/columns';
import { ListTable } from '@/table/ListTable';
import { Time } from '@/time/zone';
import { Icon } from '@/ui/Icon';
import { Empty } from '@/ui/notes';

import type { DonationSearch } from './search';

const events: Column<DonationEvent>[] = [
  { id: 'time', title: 'Time', size: 180, value: (row) => row.time, cell: (row) => <Time at={row.time} /> },
  { id: 'description', title: 'What', size: 480, value: (row) => row.description, cell: (row) => <span title={row.description}>{row.description}</span> },
  { id: 'message', title: 'Message', size: 380, value: (row) => row.message, cell: (row) => row.message },
];
const exceptions: Column<DonationException>[] = [
  { id: 'time', title: 'Time', size: 180, value: (row) => row.time, cell: (row) => <Time at={row.time} /> },
  { id: 'participant', title: 'Participant', size: 220, value: (row) => row.participant, cell: (row) => <span className="mono">{row.participant}</span> },
  { id: 'type', title: 'Type', size: 120, value: (row) => row.type, cell: (row) => row.type },
  { id: 'raised', title: 'Raised by', size: 120, value: (row) => row.raised_by, cell: (row) => row.raised_by },
  { id: 'blueprint', title: 'Blueprint', size: 120, value: (row) => row.blueprint, cell: (row) => row.blueprint },
  { id: 'message', title: 'Message', size: 380, value: (row) => row.message, cell: (row) => row.message },
];

/** Who fetched, and what went wrong in donors' browsers. */
export function AccessLog({ study }: { study: string }) {
  const [search, change] = useAddress<DonationSearch>();
  const { data, ...query } = useQuery(donationLogQuery(study));
  const loaded = <T,>(items: T[]) => ({ items, total: items.length, complete: true });
  const tools = (
    <>
      <SegmentedControl aria-label="Log of" data={[{ value: 'events', label: 'Access' }, { value: 'exceptions', label: 'Failures' }]} value={search.log ?? 'events'} onChange={(log) => change({ log: log === 'exceptions' ? 'exceptions' : undefined, q: undefined, sort: undefined, columns: undefined, where: undefined })} />
      <Button variant="default" leftSection={<Icon name="list" />} component={Link} to={`/studies/${study}/audit?action=donations.` as '/'}>
        In the audit
      </Button>
    </>
  );
  if (search.log === 'exceptions') {
    return (
      <ListTable label="Failures" searchLabel="Search failures" columns={exceptions} query={{ ...query, data: data && loaded(data.exceptions) }} rowKey={(row) => JSON.stringify(row)} usualSort="-time" tools={tools} empty={<Empty icon="check" title="Nothing went wrong in a donor’s browser" />} />
    );
  }
  return (
    <ListTable label="Access log" searchLabel="Search the log" columns={events} query={{ ...query, data: data && loaded(data.events) }} rowKey={(row) => JSON.stringify(row)} usualSort="-time" tools={tools} empty={<Empty icon="list" title="Nobody has fetched anything yet">Every read, download, deletion and refusal at DDM’s addresses stands here.</Empty>} />
  );
}
