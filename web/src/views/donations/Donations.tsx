import { PasswordInput, Select } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import type { Dataset } from '@/api/datasets';
import { recordPagesQuery, type Record_ } from '@/api/records';
import { useAddress } from '@/app/address';
import { SearchBox } from '@/table/SearchBox';
import { Time } from '@/time/zone';
import { count } from '@/ui/format';
import { JsonTree } from '@/ui/JsonTree';
import { Busy, Empty, ErrorNote } from '@/ui/notes';
import { Status } from '@/ui/Status';
import { Payload, payloadOf } from '@/views/data/kinds/Payload';
import { More } from '@/views/data/More';
import { selectionOf } from '@/views/data/scope';
import { valuesOf } from '@/views/data/values';

import type { DonationSearch } from './search';

const PAGE = 100;

/** What people gave, as trees that are fetched when they are opened. */
export function Donations({ study, given, locked }: { study: string; given: Dataset[]; locked: boolean }) {
  const [search, change] = useAddress<DonationSearch>();
  const [passphrase, setPassphrase] = useState('');
  const dataset = given.find((one) => one.id === search.blueprint) ?? given[0];
  if (!dataset) return <Empty icon="tree" title="This project asks for no files">What is asked says which.</Empty>;
  return (
    <>
      <div className="table-tools">
        <Select aria-label="Blueprint" allowDeselect={false} data={given.map((one) => ({ value: one.id, label: one.name }))} value={dataset.id} onChange={(blueprint) => change({ blueprint: blueprint ?? undefined })} w={230} />
        <SearchBox label="Search participants and texts" value={search.q ?? ''} onChange={(q) => change({ q: q || undefined })} />
        {locked && <PasswordInput aria-label="Passphrase of the project" placeholder="Passphrase, to look inside" autoComplete="off" w={230} value={passphrase} onChange={(event) => setPassphrase(event.currentTarget.value)} />}
      </div>
      <Given study={study} dataset={dataset} passphrase={passphrase} />
    </>
  );
}

function Given({ study, dataset, passphrase }: { study: string; dataset: Dataset; passphrase: string }) {
  const [search] = useAddress<DonationSearch>();
  const selection = useMemo(() => selectionOf({ study }, { q: search.q }, dataset), [study, search.q, dataset]);
  const query = useInfiniteQuery(recordPagesQuery(study, dataset.id, selection, { limit: PAGE }));
  const records = useMemo(() => query.data?.pages.flatMap((page) => page.records) ?? [], [query.data]);
  if (query.error && records.length === 0) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  if (query.isPending) return <Busy what="Reading donations" />;
  if (records.length === 0) return <Empty icon="tree" title={search.q ? 'No donation fits' : 'Nobody has donated this yet'} />;
  return (
    <div className="donations">
      {records.map((record) => (
        <Gift key={record.seq} study={study} dataset={dataset} record={record} passphrase={passphrase} />
      ))}
      <ErrorNote error={query.error} retry={() => void query.fetchNextPage()} title="The donations that follow could not be read" />
      <More read={records.length} total={query.data?.pages[0]?.total ?? 0} what="donations" query={query} />
    </div>
  );
}

function Gift({ study, dataset, record, passphrase }: { study: string; dataset: Dataset; record: Record_; passphrase: string }) {
  const [open, setOpen] = useState(false);
  const values = valuesOf(record);
  const consent = values['consent'];
  return (
    <details className="donation" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span className="mono">{record.participant}</span>
        <Status of={String(values['status'] ?? '')} />
        <span className="quiet small">
          {consent === true || consent === 1 ? 'consents' : consent === false || consent === 0 ? 'no consent' : 'not asked'}
          {typeof values['entries'] === 'number' && ` · ${count(values['entries'])} entries`}
        </span>
        <span className="grow" />
        <Time at={record.time} />
      </summary>
      {open && <Content study={study} dataset={dataset} record={record} passphrase={passphrase} />}
      <p className="donation-links">
        <Link to="/studies/$study/participants/$participant" params={{ study, participant: record.participant ?? '' }}>The participant</Link>
        <Link to="/studies/$study/data/$dataset" params={{ study, dataset: dataset.id }} search={{ record: record.seq } as never}>The whole record</Link>
      </p>
    </details>
  );
}

/** The payload is a file of the record, or a field of it. */
function Content({ study, dataset, record, passphrase }: { study: string; dataset: Dataset; record: Record_; passphrase: string }) {
  const values = valuesOf(record);
  const file = payloadOf(values);
  const nested = dataset.fields.filter((field) => field.type === 'json' && values[field.id] !== null && values[field.id] !== undefined);
  return (
    <>
      {file !== undefined && <Payload study={study} file={file} passphrase={passphrase} />}
      {nested.map((field) => (
        <JsonTree key={field.id} name={field.label ?? field.name ?? field.id} value={values[field.id]} />
      ))}
      {file === undefined && nested.length === 0 && <p className="quiet small">Nothing was extracted.</p>}
    </>
  );
}
