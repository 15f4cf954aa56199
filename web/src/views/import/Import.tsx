import { Button, Checkbox, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useRef, useState } from 'react';

import { datasetsQuery, putDataset, type Kind } from '@/api/datasets';
import { sendFile } from '@/api/ingest';
import { ApiProblem } from '@/api/problem';
import { bytes } from '@/ui/format';
import { Heading } from '@/ui/Heading';
import { ErrorNote, Note } from '@/ui/notes';
import { KINDS } from '@/views/settings/DatasetEditor';

import { ColumnsTable } from './ColumnsTable';
import { DropZone } from './DropZone';
import { noteRejections, Outcome, type Progress_ } from './Outcome';
import { faults, fieldId, type ColumnPlan, type Preview } from './plan';
import { batches, preview, type Batch } from './read';

/** How far a file has been sent. What breaks off goes on from there, and a batch that was on its way comes again under its own key:
 *  no row is taken twice. */
interface Course {
  key: string;
  /** Batches that the server has answered for. */
  done: number;
  progress: Progress_;
}
const courseOf = (file: File): Course => ({
  key: `page-${file.name}-${file.size}-${file.lastModified}-${Date.now()}`.replace(/[^\x21-\x7e]/g, '_').slice(0, 180),
  done: 0,
  progress: { read: 0, accepted: 0, rejected: [], rejectedTotal: 0, header: null, state: 'running' },
});

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
  const course = useRef<Course | null>(null);
  const dataset = datasets.find((one) => one.id === into) ?? null;
  const target = dataset?.id ?? id;

  const look = async (next: File, of = dataset) => {
    setProblem(null);
    setProgress(null);
    course.current = null;
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

  const run = async (goOn: boolean) => {
    if (!file || !found) return;
    const controller = new AbortController();
    stopping.current = controller;
    setProblem(null);
    const way = (goOn && course.current) || courseOf(file);
    course.current = way;
    const now: Progress_ = { ...way.progress, rejected: [...way.progress.rejected], state: 'running' };
    let sent: Batch | null = null;
    const show = () => setProgress({ ...now });
    show();
    try {
      const known = new Set(dataset?.fields.map((field) => field.id));
      const added = columns.filter((column) => column.use === 'field' && !known.has(column.field));
      if (way.done === 0 && (!dataset || added.length > 0)) {
        await putDataset(study, target, {
          ...(dataset ? {} : { name: target, kind, ...(columns.some((column) => column.use === 'id') ? {} : { mode: 'append' as const }) }),
          fields: added.map((column) => ({ id: column.field, type: column.type, ...(column.source === column.field ? {} : { label: column.source }) })),
        });
      }
      let number = 0;
      for await (const batch of batches(file, found.format, found.delimiter, columns, participant)) {
        if (number++ < way.done) continue;
        sent = batch;
        const answer = await sendFile(study, target, new Blob([batch.body]), batch.type, { skipBad, signal: controller.signal, key: `${way.key}-${way.done}-${skipBad ? 'skip' : 'all'}`, onProgress: () => undefined });
        now.read = batch.read;
        now.accepted += answer.accepted;
        now.rejectedTotal += answer.rejected_total;
        now.header = batch.header;
        noteRejections(now, batch, answer.rejected);
        way.done += 1;
        way.progress = { ...now, rejected: [...now.rejected] };
        show();
      }
      now.read = file.size;
      now.state = 'done';
    } catch (error) {
      now.state = error instanceof DOMException && error.name === 'AbortError' ? 'stopped' : 'failed';
      if (error instanceof ApiProblem && error.rejectedTotal > 0) {
        now.header = sent?.header ?? null;
        noteRejections(now, sent, error.rejected);
        now.rejectedTotal += error.rejectedTotal;
      }
      if (now.state === 'failed') setProblem(error);
    }
    show();
    await queries.invalidateQueries({ queryKey: ['study', study] });
  };

  const wrong = found && found.format !== 'records' ? faults(columns, participant) : [];
  const running = progress?.state === 'running';
  const broken = progress?.state === 'failed' || progress?.state === 'stopped';
  /** Otherwise sent: what was sent before has nothing to do with it. */
  const anew = <T,>(set: (value: T) => void) => (value: T) => {
    course.current = null;
    setProgress(null);
    set(value);
  };
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
                <TextInput label="Id of the dataset" required disabled={running} value={id} onChange={(event) => anew(setId)(event.currentTarget.value)} />
                <Select label="Kind" w={170} allowDeselect={false} disabled={running} data={KINDS.map((one) => ({ value: one, label: one.replaceAll('_', ' ') }))} value={kind} onChange={(next) => next && setKind(next as Kind)} />
              </>
            )}
            {found.format !== 'records' && !columns.some((column) => column.use === 'participant') && <TextInput label="Participant of all rows" disabled={running} value={participant} onChange={(event) => anew(setParticipant)(event.currentTarget.value)} />}
          </Group>
          <Text size="sm" c="dimmed">
            {file.name}, {bytes(file.size)}. {found.format === 'records' ? 'Records in Sheaf’s own form: sent as they are.' : `${columns.length} columns; the types come from the first rows and can be corrected before the first import.`}
          </Text>
          <ColumnsTable columns={columns} fixed={found.format === 'records'} known={dataset} disabled={running} onChange={anew(setColumns)} />
          {wrong.map((fault) => (
            <Note key={fault} tone="fair" icon="warning" title={fault} />
          ))}
          <Checkbox label="Leave bad rows out and list them (otherwise the first batch with one stops the import)" checked={skipBad} disabled={running} onChange={(event) => setSkipBad(event.currentTarget.checked)} />
          <Group>
            <Button loading={running} disabled={wrong.length > 0 || !target} onClick={() => void run(broken)}>
              {broken ? 'Go on' : running ? 'Importing' : 'Import'}
            </Button>
            {broken && (
              <Button variant="subtle" disabled={wrong.length > 0 || !target} onClick={() => void run(false)}>
                Begin again
              </Button>
            )}
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
