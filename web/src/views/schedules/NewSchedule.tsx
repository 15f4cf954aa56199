import { Button, Group, Modal, MultiSelect, Select, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { datasetsQuery } from '@/api/datasets';
import type { Export, ExportRequest } from '@/api/exports';
import { createSchedule } from '@/api/schedules';
import { CodeBlock } from '@/code/CodeBlock';
import { useZone, zones } from '@/time/zone';
import { FormDialog } from '@/ui/FormDialog';
import { Note } from '@/ui/notes';
import { whatOf } from '@/views/exports/what';

/** The same again. A run that takes only what is new finds the beginning by itself. */
function repeated(asked: ExportRequest, mode: 'complete' | 'new'): ExportRequest {
  if (mode === 'complete') return asked;
  const { since, ...rest } = asked;
  return rest;
}

const WHEN = [
  { value: '0 3 * * *', label: 'every night at 3' }, { value: '0 3 * * 1', label: 'Mondays at 3' }, { value: '0 3 1 * *', label: 'on the first of the month at 3' }, { value: '@hourly', label: 'every hour' }, { value: 'own', label: 'as a cron line says' },
];

/** A schedule from the beginning, or one that repeats an export: then what was asked stays as it was, but for what is changed here. */
export function NewSchedule({ study, job, onClose }: { study: string; job?: Export | undefined; onClose: () => void }) {
  const asked = job && (job.request as ExportRequest);
  const { zone } = useZone();
  const { data: datasets = [] } = useQuery(datasetsQuery(study));
  const [name, setName] = useState(job ? whatOf(job) : '');
  const [when, setWhen] = useState('0 3 * * *');
  const [cron, setCron] = useState('0 3 * * *');
  const [timezone, setTimezone] = useState(zone);
  const [mode, setMode] = useState<'complete' | 'new'>('complete');
  const [only, setOnly] = useState<string[]>([]);
  const [files, setFiles] = useState<'csv' | 'json' | 'ndjson' | 'parquet'>('csv');
  const [identifiers, setIdentifiers] = useState<'keep' | 'remove'>('keep');
  const [kind, setKind] = useState<'none' | 'directory' | 'webhook'>('none');
  const [target, setTarget] = useState('');
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: () =>
      createSchedule(study, {
        name, cron: when === 'own' ? cron : when, timezone, mode,
        request: asked ? repeated(asked, mode) : { format: 'zip', files, identifiers, ...(only.length > 0 ? { datasets: only } : {}) },
        delivery: { kind, ...(kind === 'directory' ? { path: target } : kind === 'webhook' ? { url: target } : {}) },
      }),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: ['study', study, 'schedules'] });
      if (!made.webhook_secret) onClose();
    },
  });
  if (make.data?.webhook_secret) {
    return (
      <Modal opened onClose={onClose} title="The schedule is made" closeOnClickOutside={false}>
        <Note tone="fair" icon="key" title="The webhook’s secret, shown this once">
          <Text size="sm" mb={6}>
            With it the receiver checks that a message is this server’s.
          </Text>
          <CodeBlock text={make.data.webhook_secret} label="The secret" />
        </Note>
        <Group justify="flex-end">
          <Button onClick={onClose}>I have it</Button>
        </Group>
      </Modal>
    );
  }
  return (
    <FormDialog title="New schedule" action="Make the schedule" deed={make} onClose={onClose}>
      <TextInput label="Name" required data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <Group grow align="flex-start">
        <Select label="When" allowDeselect={false} data={WHEN} value={when} onChange={(value) => value && setWhen(value)} />
        <Select label="In the time zone" searchable selectFirstOptionOnChange limit={60} allowDeselect={false} data={zones()} value={timezone} onChange={(value) => value && setTimezone(value)} />
      </Group>
      {when === 'own' && <TextInput label="Cron line" description="Minute, hour, day of the month, month, day of the week." required value={cron} onChange={(event) => setCron(event.currentTarget.value)} />}
      {asked ? (
        <>
          <Select label="Each time" allowDeselect={false} data={[{ value: 'complete', label: 'everything' }, { value: 'new', label: 'only what is new' }]} value={mode} onChange={(value) => setMode(value as typeof mode)} />
          <Text size="sm" fw={500}>
            What each run exports
          </Text>
          <CodeBlock text={JSON.stringify(repeated(asked, mode), null, 2)} label="The request of each run" maxHeight={180} />
        </>
      ) : (
        <>
          <MultiSelect label="Datasets" placeholder={only.length === 0 ? 'All' : undefined} data={datasets.map((dataset) => ({ value: dataset.id, label: dataset.name }))} value={only} onChange={setOnly} />
          <Group grow>
            <Select label="Each time" allowDeselect={false} data={[{ value: 'complete', label: 'everything' }, { value: 'new', label: 'only what is new' }]} value={mode} onChange={(value) => setMode(value as typeof mode)} />
            <Select label="Files" allowDeselect={false} data={['csv', 'json', 'ndjson', 'parquet']} value={files} onChange={(value) => setFiles(value as typeof files)} />
            <Select label="Who is in it" allowDeselect={false} data={[{ value: 'keep', label: 'with identifiers' }, { value: 'remove', label: 'without identifiers' }]} value={identifiers} onChange={(value) => setIdentifiers(value as typeof identifiers)} />
          </Group>
        </>
      )}
      <Group grow align="flex-start">
        <Select label="Handed to" allowDeselect={false} data={[{ value: 'none', label: 'nobody: kept here' }, { value: 'directory', label: 'a folder of the server' }, { value: 'webhook', label: 'a webhook' }]} value={kind} onChange={(value) => setKind(value as typeof kind)} />
        {kind !== 'none' && <TextInput label={kind === 'directory' ? 'Folder' : 'Address'} placeholder={kind === 'directory' ? 'nightly' : 'https://…'} required value={target} onChange={(event) => setTarget(event.currentTarget.value)} />}
      </Group>
    </FormDialog>
  );
}

