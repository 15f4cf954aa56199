import { Button, Checkbox, Group, Progress, Select, Stack, Text, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useRef, useState } from 'react';

import { datasetsQuery, putDataset, type Kind } from '@/api/datasets';
import { sendFile } from '@/api/ingest';
import { save } from '@/api/exports';
import { ApiProblem, type Rejection } from '@/api/problem';
import { bytes, count } from '@/ui/format';
import { Heading } from '@/ui/Heading';
import { ErrorNote, Note } from '@/ui/notes';
import { KINDS } from '@/views/settings/DatasetEditor';

import { ColumnsTable } from './ColumnsTable';
import { DropZone } from './DropZone';
import { faults, fieldId, type ColumnPlan, type Preview } from './plan';
import { batches, preview } from './read';

interface Progress_ {
  read: number;
  accepted: number;
  rejected: Rejection[];
  rejectedTotal: number;
  state: 'running' | 'done' | 'stopped' | 'failed';
}

const KEPT_REJECTIONS = 10_000;

export function ImportView() {
  const { study } = useParams({ strict: false }) as { study: string };
  const { data: datasets = [] } = useQuery(datasetsQuery(study));
  const queries = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [found, setFound] = useState<Preview | null>(null);
  const [columns, setColumns] = useState<ColumnPlan[]>([]);
  const [into, setInto] = useState<string | null>(null);
  const [id, setId] = useState('');
  const [kind, setKind] = useState<Kind>('custom');
  const [participant, setParticipant] = useState('');
  const [skipBad, setSkipBad] = useState(true);
  const [problem, setProblem] = useState<unknown>(null);
  const [progress, setProgress] = useState<Progress_ | null>(null);
  const stopping = useRef<AbortController | null>(null);
  const dataset = datasets.find((one) => one.id === into) ?? null;
  const target = dataset?.id ?? id;

  const look = async (next: File, of = dataset) => {
    setProblem(null);
    setProgress(null);
    setFile(next);
    try {
      const seen = await preview(next, of);
      setFound(seen);
      setColumns(seen.columns);
      if (!of) setId((old) => old || fieldId(next.name.replace(/\.[^.]+$/, '')).toLowerCase());
    } catch (error) {
      setFound(null);
      setProblem(error);
    }
  };

  const run = async () => {
    if (!file || !found) return;
    const controller = new AbortController();
    stopping.current = controller;
    setProblem(null);
    const now: Progress_ = { read: 0, accepted: 0, rejected: [], rejectedTotal: 0, state: 'running' };
    const show = () => setProgress({ ...now });
    show();
    try {
      const known = new Set(dataset?.fields.map((field) => field.id));
      const added = columns.filter((column) => column.use === 'field' && !known.has(column.field));
      if (!dataset || added.length > 0) {
        await putDataset(study, target, {
          ...(dataset ? {} : { name: target, kind, ...(columns.some((column) => column.use === 'id') ? {} : { mode: 'append' as const }) }),
          fields: added.map((column) => ({ id: column.field, type: column.type, ...(column.source === column.field ? {} : { label: column.source }) })),
        });
      }
      const key = `page-${file.name}-${file.size}-${file.lastModified}-${Date.now()}`.replace(/[^\x21-\x7e]/g, '_').slice(0, 200);
      let number = 0;
      for await (const batch of batches(file, found.format, found.delimiter, columns, participant)) {
        const answer = await sendFile(study, target, new Blob([batch.body]), batch.type, { skipBad, signal: controller.signal, key: `${key}-${number++}`, onProgress: () => undefined });
        now.read = batch.read;
        now.accepted += answer.accepted;
        now.rejectedTotal += answer.rejected_total;
        const header = batch.type === 'text/csv' ? 2 : 1;
        if (now.rejected.length < KEPT_REJECTIONS) now.rejected.push(...answer.rejected.map((one) => ({ ...one, line: batch.lines[one.line - header] ?? one.line })));
        show();
      }
      now.read = file.size;
      now.state = 'done';
    } catch (error) {
      now.state = error instanceof DOMException ? 'stopped' : 'failed';
      if (error instanceof ApiProblem && error.rejectedTotal > 0) {
        now.rejected.push(...error.rejected);
        now.rejectedTotal += error.rejectedTotal;
      }
      if (now.state === 'failed') setProblem(error);
    }
    show();
    await queries.invalidateQueries({ queryKey: ['study', study] });
  };

  const wrong = found && found.format !== 'records' ? faults(columns, participant) : [];
  const running = progress?.state === 'running';
  return (
    <>
      <Heading title="Import" about="Drop a file, look at what was found in it, correct it, import it." />
      <DropZone onFile={(next) => void look(next)} disabled={running} name={file?.name} />
      <ErrorNote error={problem} title={progress ? 'The import stopped' : 'This file cannot be read'} />
      {file && found && (
        <Stack gap="sm" mt="sm">
          <Group align="flex-end">
            <Select label="Into" w={220} disabled={running} data={[{ value: '', label: 'a new dataset' }, ...datasets.map((one) => ({ value: one.id, label: one.name }))]} value={into ?? ''} allowDeselect={false} onChange={(next) => {
              setInto(next || null);
              void look(file, datasets.find((one) => one.id === next) ?? null);
            }} />
            {!dataset && (
              <>
                <TextInput label="Id of the dataset" required disabled={running} value={id} onChange={(event) => setId(event.currentTarget.value)} />
                <Select label="Kind" w={170} allowDeselect={false} disabled={running} data={KINDS.map((one) => ({ value: one, label: one.replaceAll('_', ' ') }))} value={kind} onChange={(next) => next && setKind(next as Kind)} />
              </>
            )}
            {found.format !== 'records' && !columns.some((column) => column.use === 'participant') && <TextInput label="Participant of all rows" disabled={running} value={participant} onChange={(event) => setParticipant(event.currentTarget.value)} />}
          </Group>
          <Text size="sm" c="dimmed">
            {file.name}, {bytes(file.size)}. {found.format === 'records' ? 'Records in Sheaf’s own form: sent as they are.' : `${columns.length} columns; the types come from the first rows and can be corrected before the first import.`}
          </Text>
          <ColumnsTable columns={columns} fixed={found.format === 'records'} known={dataset} disabled={running} onChange={setColumns} />
          {wrong.map((fault) => (
            <Note key={fault} tone="fair" icon="warning" title={fault} />
          ))}
          <Checkbox label="Leave bad rows out and list them (otherwise the first batch with one stops the import)" checked={skipBad} disabled={running} onChange={(event) => setSkipBad(event.currentTarget.checked)} />
          <Group>
            <Button loading={running} disabled={wrong.length > 0 || !target} onClick={() => void run()}>
              Import
            </Button>
            {running && (
              <Button variant="light" color="red" onClick={() => stopping.current?.abort()}>
                Stop
              </Button>
            )}
          </Group>
        </Stack>
      )}
      {progress && file && <Outcome study={study} dataset={target} file={file} progress={progress} />}
    </>
  );
}

function Outcome({ study, dataset, file, progress }: { study: string; dataset: string; file: File; progress: Progress_ }) {
  const rejections = () => {
    const quote = (text: unknown) => `"${String(text ?? '').replaceAll('"', '""')}"`;
    const text = ['line,field,error', ...progress.rejected.map((one) => [one.line, quote(one.field), quote(one.error)].join(','))].join('\r\n') + '\r\n';
    const address = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
    save(address, `${file.name}.rejected.csv`);
    window.setTimeout(() => URL.revokeObjectURL(address), 60_000);
  };
  const words = { running: 'Importing', done: 'Imported', stopped: 'Stopped; what was accepted before is kept', failed: 'Not finished; what was accepted before is kept' }[progress.state];
  return (
    <section className="panel" style={{ marginTop: 14, paddingTop: 12 }}>
      <Progress value={(progress.read / Math.max(1, file.size)) * 100} animated={progress.state === 'running'} size="lg" aria-label={`${Math.round((progress.read / Math.max(1, file.size)) * 100)} % read`} />
      <p role="status">
        {words}: {count(progress.accepted)} rows accepted, {count(progress.rejectedTotal)} rejected, {bytes(progress.read)} of {bytes(file.size)} read.{' '}
        {progress.state === 'done' && (
          <Link to="/studies/$study/data/$dataset" params={{ study, dataset }}>
            See the data
          </Link>
        )}
      </p>
      {progress.rejected.length > 0 && (
        <>
          <Button variant="light" onClick={rejections}>
            Save the list of rejected rows
          </Button>
          <table className="plain">
            <thead>
              <tr><th scope="col">Line</th><th scope="col">Field</th><th scope="col">Why</th></tr>
            </thead>
            <tbody>
              {progress.rejected.slice(0, 100).map((one, index) => (
                <tr key={index}><td>{one.line}</td><td className="mono">{one.field ?? ''}</td><td>{one.error}</td></tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </section>
  );
}
