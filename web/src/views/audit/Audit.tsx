import { Button, Drawer, Menu, Select, TextInput } from '@mantine/core';
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';

import { save } from '@/api/exports';
import { auditExportAddress, auditQuery, verifyAudit, type AuditEntry, type AuditFilter } from '@/api/keeping';
import { sessionQuery } from '@/api/session';
import { useAddress, useTyped } from '@/app/address';
import { CodeBlock } from '@/code/CodeBlock';
import { ColumnChooser } from '@/table/ColumnChooser';
import { shownColumns, type Column } from '@/table/columns';
import { DataTable } from '@/table/DataTable';
import { Time } from '@/time/zone';
import { TimeRange } from '@/views/data/TimeRange';
import { count } from '@/ui/format';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { Busy, Empty, ErrorNote } from '@/ui/notes';
import { Status } from '@/ui/Status';

import { Verified } from './Verified';

export interface AuditSearch extends AuditFilter {
  columns?: string | undefined;
}

const GROUPS = [
  { value: 'records.', label: 'records' }, { value: 'export.', label: 'exports' }, { value: 'participant.', label: 'participants' }, { value: 'consent.', label: 'consent' }, { value: 'grant.', label: 'grants' },
  { value: 'key.', label: 'keys' }, { value: 'account.', label: 'accounts' }, { value: 'session.', label: 'signing in' }, { value: 'study.', label: 'studies' }, { value: 'dataset.', label: 'datasets' }, { value: 'retention.', label: 'retention' },
];

const columns: Column<AuditEntry>[] = [
  { id: 'time', title: 'Time', size: 190, fixed: true, cell: (row) => <Time at={row.time} digits="ms" /> },
  { id: 'action', title: 'Action', size: 170, fixed: true, cell: (row) => <span className="mono">{row.action}</span> },
  { id: 'outcome', title: 'Outcome', size: 100, fixed: true, cell: (row) => <Status of={row.outcome} /> },
  { id: 'actor', title: 'Who', size: 190, fixed: true, cell: (row) => <span className="mono" title={row.actor_kind}>{row.actor || row.actor_kind}</span> },
  { id: 'study', title: 'Study', size: 150, fixed: true, cell: (row) => row.study },
  { id: 'dataset', title: 'Dataset', size: 140, fixed: true, cell: (row) => row.dataset },
  { id: 'participant', title: 'Participant', size: 160, fixed: true, cell: (row) => (row.redacted ? <i className="quiet">erased</i> : <span className="mono">{row.participant}</span>) },
  { id: 'rows', title: 'Rows', size: 90, align: 'right', fixed: true, cell: (row) => (row.rows === null ? '' : count(row.rows)) },
  { id: 'reason', title: 'Reason', size: 200, fixed: true, cell: (row) => row.reason },
  { id: 'key', title: 'Key', size: 160, hidden: true, fixed: true, cell: (row) => <span className="mono">{row.key}</span> },
  { id: 'address', title: 'Address', size: 130, hidden: true, fixed: true, cell: (row) => row.address },
  { id: 'target', title: 'About', size: 180, hidden: true, fixed: true, cell: (row) => <span className="mono">{row.target}</span> },
  { id: 'request', title: 'Request', size: 180, hidden: true, fixed: true, cell: (row) => <span className="mono">{row.request_id}</span> },
  { id: 'seq', title: 'Seq', size: 80, align: 'right', hidden: true, fixed: true, cell: (row) => row.seq },
];

/** Who did what: of a study, or, without one, of the whole server. */
export function AuditView() {
  const { study } = useParams({ strict: false }) as { study?: string };
  const [search, change] = useAddress<AuditSearch>();
  const filter = useMemo<AuditFilter>(() => ({ action: search.action, actor: search.actor, participant: search.participant, since: search.since, until: search.until }), [search]);
  const query = useInfiniteQuery(auditQuery(study, filter));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.entries) ?? [], [query.data]);
  const { data: session } = useQuery(sessionQuery);
  const verify = useMutation({ mutationFn: verifyAudit });
  const [open, setOpen] = useState<AuditEntry | null>(null);
  const [actor, typeActor] = useTyped(search.actor ?? '', (text) => change({ actor: text || undefined }));
  const [participant, typeParticipant] = useTyped(search.participant ?? '', (text) => change({ participant: text || undefined }));
  const { fetchNextPage } = query;
  const more = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  const body = (
    <>
      <Heading title="Audit" about={<>Entries are only ever added, each chained to the one before by its hash. Verifying proves that none was changed or taken out; <code>sheaf audit verify</code> does it on the server.</>}>
        {session?.account.admin && (
          <Button variant="default" leftSection={<Icon name="shield" />} disabled={verify.isPending} onClick={() => verify.mutate()}>
            Verify
          </Button>
        )}
        <Menu position="bottom-end">
          <Menu.Target>
            <Button leftSection={<Icon name="download" />}>Export</Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => save(auditExportAddress(study, filter, 'csv'))}>As CSV</Menu.Item>
            <Menu.Item onClick={() => save(auditExportAddress(study, filter, 'ndjson'))}>As NDJSON, with the hashes</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Heading>
      {verify.isPending && <Busy what="Reading every entry of this server" />}
      <ErrorNote error={verify.error} retry={() => verify.mutate()} title="The audit could not be verified" />
      {verify.data && !verify.isPending && <Verified report={verify.data} />}
      <div className="table-tools">
        <Select aria-label="Only actions about" placeholder="Any action" clearable searchable selectFirstOptionOnChange data={GROUPS} value={search.action ?? null} onChange={(action) => change({ action: action ?? undefined })} w={160} />
        <TextInput aria-label="Only what this account did" placeholder="Account id" value={actor} onChange={(event) => typeActor(event.currentTarget.value)} w={200} />
        <TextInput aria-label="Only about this participant" placeholder="Participant" value={participant} onChange={(event) => typeParticipant(event.currentTarget.value)} w={180} />
        <TimeRange since={search.since} until={search.until} onChange={(range) => change(range)} />
        <div className="grow" />
        <ColumnChooser columns={columns} chosen={search.columns} onChange={(chosen) => change({ columns: chosen })} />
      </div>
      <ErrorNote error={query.error} retry={() => void query.refetch()} />
      {!query.error && (
        <DataTable
          label="Audit"
          columns={shownColumns(columns, search.columns)}
          rows={rows}
          rowKey={(row) => String(row.seq)}
          onOpen={setOpen}
          opened={open ? String(open.seq) : undefined}
          hasMore={query.hasNextPage}
          loadingMore={query.isFetchingNextPage}
          onMore={more}
          busy={query.isPending ? <Busy what="Reading the audit" /> : undefined}
          empty={<Empty icon="list" title="No entry fits">Widen the time, or take a filter away.</Empty>}
        />
      )}
      <Drawer opened={open !== null} onClose={() => setOpen(null)} position="right" size="min(520px, 100vw)" title={open ? `${open.action}, entry ${open.seq}` : ''}>
        {open && <CodeBlock text={JSON.stringify(open, null, 2)} label="The entry as JSON" maxHeight={640} />}
      </Drawer>
    </>
  );
  return study ? body : <main className="view" id="main" tabIndex={-1}>{body}</main>;
}
