import { Button, Group, Select, Stack, Textarea } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import { save } from '@/api/exports';
import { meClient, type OwnRequest } from '@/api/me';
import { Time } from '@/time/zone';
import { ZonePicker } from '@/time/ZonePicker';
import { count } from '@/ui/format';
import { Heading } from '@/ui/Heading';
import { JsonTree } from '@/ui/JsonTree';
import { Busy, Empty, ErrorNote } from '@/ui/notes';
import { Status } from '@/ui/Status';
import { useToast } from '@/ui/toast';

const KINDS: { value: OwnRequest['kind']; label: string }[] = [
  { value: 'copy', label: 'send me a copy' }, { value: 'correction', label: 'correct something' }, { value: 'withdrawal', label: 'let me leave the study' }, { value: 'erasure', label: 'delete all of my data' },
];

/** A participant's own view, opened by a personal link. The token stands behind the #, which browsers send to nobody. */
export function MeView() {
  const token = decodeURIComponent(window.location.hash.slice(1));
  const api = useMemo(() => meClient(token), [token]);
  const { data: me, error, isPending } = useQuery({ queryKey: ['me', token], enabled: token !== '', retry: false, queryFn: api.me });
  const [open, setOpen] = useState<string | null>(null);
  const toast = useToast();
  const download = useMutation({
    mutationFn: api.download,
    onSuccess: (blob) => {
      const address = URL.createObjectURL(blob);
      save(address, `my-data-${me?.study.id ?? 'study'}.json`);
      window.setTimeout(() => URL.revokeObjectURL(address), 60_000);
    },
    onError: toast.fail,
  });
  return (
    <main className="view me" id="main">
      <div className="me-top">
        <img src="/icon.svg" alt="" width={24} height={24} />
        <ZonePicker />
      </div>
      {token === '' && <Empty icon="key" title="This page opens with your personal link">Ask the people of the study for it.</Empty>}
      <ErrorNote error={error} title={error ? 'This link does not open anything (any more)' : undefined} />
      {token !== '' && isPending && <Busy what="Looking for your data" />}
      {me && (
        <>
          <Heading title="Your data" about={<>What the study <b>{me.study.name}</b> keeps of you. You are <code>{me.participant}</code> there. {me.expires_at && <>This link is good until <Time at={me.expires_at} digits="day" />.</>}</>}>
            <Button loading={download.isPending} onClick={() => download.mutate()}>
              Download everything
            </Button>
          </Heading>
          {me.withdrawn && <p>You have left the study: nobody reads your records, and they are not shown here either.</p>}
          <ul className="lines">
            {me.datasets.map((dataset) => (
              <li key={dataset.id}>
                <button type="button" className="linklike" aria-expanded={open === dataset.id} onClick={() => setOpen(open === dataset.id ? null : dataset.id)}>
                  {dataset.name}
                </button>{' '}
                <span className="quiet">{count(dataset.records)} records</span>
                {open === dataset.id && <Records api={api} token={token} dataset={dataset.id} total={dataset.records} />}
              </li>
            ))}
          </ul>
          <Asking api={api} token={token} />
        </>
      )}
    </main>
  );
}

function Records({ api, token, dataset, total }: { api: ReturnType<typeof meClient>; token: string; dataset: string; total: number }) {
  const { data, error, isPending } = useQuery({ queryKey: ['me', token, dataset], queryFn: () => api.dataset(dataset) });
  if (error) return <ErrorNote error={error} />;
  if (isPending) return <Busy what="Reading your records" />;
  return (
    <div className="panel">
      {data.records.map((record) => (
        <details key={record.seq} className="json">
          <summary>
            <Time at={record.time} none="without a time" />
          </summary>
          <JsonTree name="answers" value={record.values ?? {}} />
        </details>
      ))}
      {total > data.records.length && <p className="quiet small">The first {count(data.records.length)} of {count(total)}; the download has all.</p>}
    </div>
  );
}

function Asking({ api, token }: { api: ReturnType<typeof meClient>; token: string }) {
  const [kind, setKind] = useState<OwnRequest['kind']>('copy');
  const [message, setMessage] = useState('');
  const queries = useQueryClient();
  const { data: requests = [] } = useQuery({ queryKey: ['me', token, 'requests'], queryFn: api.requests });
  const ask = useMutation({
    mutationFn: () => api.ask(kind, message),
    onSuccess: async () => {
      setMessage('');
      await queries.invalidateQueries({ queryKey: ['me', token, 'requests'] });
    },
  });
  return (
    <>
      <h2 className="section">Ask the people of the study</h2>
      <ul className="lines">
        {requests.map((request) => (
          <li key={request.id}>
            <Status of={request.state} /> {KINDS.find((one) => one.value === request.kind)?.label} <Time at={request.created_at} digits="min" /> {request.note && <>– {request.note}</>}
          </li>
        ))}
      </ul>
      <form className="form" onSubmit={(event) => { event.preventDefault(); ask.mutate(); }}>
        <Stack gap="sm">
          <Select label="Please" allowDeselect={false} data={KINDS} value={kind} onChange={(next) => next && setKind(next as OwnRequest['kind'])} />
          <Textarea label="What else they should know" autosize minRows={2} value={message} onChange={(event) => setMessage(event.currentTarget.value)} />
          <ErrorNote error={ask.error} />
          <Group>
            <Button type="submit" loading={ask.isPending}>
              Send
            </Button>
          </Group>
        </Stack>
      </form>
    </>
  );
}
