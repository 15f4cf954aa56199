import { Button, Group, Progress } from '@mantine/core';
import { Link } from '@tanstack/react-router';

import { save } from '@/api/exports';
import type { Rejection } from '@/api/problem';
import { bytes, count } from '@/ui/format';

import type { Batch } from './read';

/** A row that was not taken, as it was sent. */
export interface Rejected extends Rejection {
  text: string;
}

export interface Progress_ {
  read: number;
  accepted: number;
  rejected: Rejected[];
  rejectedTotal: number;
  header: string | null;
  state: 'running' | 'done' | 'stopped' | 'failed';
}

const KEPT = 10_000;
const LISTED = 100;

/** Rejections of a batch, by the lines of the file. */
export function noteRejections(progress: Progress_, batch: Batch | null, rejected: Rejection[]): void {
  const first = batch?.header === null ? 1 : 2;
  for (const one of rejected) {
    if (progress.rejected.length >= KEPT) return;
    const at = one.line - first;
    progress.rejected.push({ ...one, line: batch?.lines[at] ?? one.line, text: batch?.texts[at] ?? '' });
  }
}

function saveText(name: string, type: string, lines: string[]): void {
  const address = URL.createObjectURL(new Blob([lines.join('\r\n') + '\r\n'], { type }));
  save(address, name);
  window.setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

const quote = (text: unknown) => `"${String(text ?? '').replaceAll('"', '""')}"`;

/** How far an import is, what was not taken and why. */
export function Outcome({ study, dataset, file, progress }: { study: string; dataset: string; file: File; progress: Progress_ }) {
  const { rejected, rejectedTotal, header, state } = progress;
  const saveList = () => saveText(`${file.name}.rejected.csv`, 'text/csv', ['line,field,error', ...rejected.map((one) => [one.line, quote(one.field), quote(one.error)].join(','))]);
  // Once each, whatever was wrong with it.
  const rows = [...new Map(rejected.filter((one) => one.text).map((one) => [one.line, one.text])).values()];
  const saveRows = () => (header === null ? saveText(`${file.name}.to-correct.ndjson`, 'application/x-ndjson', rows) : saveText(`${file.name}.to-correct.csv`, 'text/csv', [header, ...rows]));
  const words = { running: 'Importing', done: 'Imported', stopped: 'Stopped; what was accepted is kept, and Go on sends the rest', failed: 'Not finished; what was accepted is kept, and Go on sends the rest' }[state];
  const share = (progress.read / Math.max(1, file.size)) * 100;
  return (
    <section className="panel" style={{ marginTop: 14, paddingTop: 12 }}>
      <Progress value={share} animated={state === 'running'} size="lg" aria-label={`${Math.round(share)} % read`} />
      <p role="status">
        {words}: {count(progress.accepted)} rows accepted, {count(rejectedTotal)} rejected, {bytes(progress.read)} of {bytes(file.size)} read.{' '}
        {state === 'done' && (
          <Link to="/studies/$study/data/$dataset" params={{ study, dataset }}>
            See the data
          </Link>
        )}
      </p>
      {rejected.length > 0 && (
        <>
          <Group gap="xs">
            <Button variant="light" onClick={saveList}>
              Save the list of rejected rows
            </Button>
            {rows.length > 0 && (
              <Button variant="light" onClick={saveRows}>
                Save these rows, to correct them
              </Button>
            )}
          </Group>
          {(rejected.length < rejectedTotal || rejected.length > LISTED) && (
            <p className="quiet small">
              {rejected.length > LISTED && `The first ${count(LISTED)} are shown here. `}
              {rejected.length < rejectedTotal ? `The files hold ${count(rejected.length)} of ${count(rejectedTotal)}: the server names the first 1,000 of every 5,000 rows, and ${count(KEPT)} are kept.` : `The files hold all ${count(rejected.length)}.`}
            </p>
          )}
          <div className="wide" tabIndex={0} role="region" aria-label="Rejected rows">
            <table className="plain">
              <thead>
                <tr><th scope="col">Line</th><th scope="col">Field</th><th scope="col">Why</th><th scope="col">The row</th></tr>
              </thead>
              <tbody>
                {rejected.slice(0, LISTED).map((one, index) => (
                  <tr key={index}><td>{one.line}</td><td className="mono">{one.field ?? ''}</td><td>{one.error}</td><td className="mono examples" title={one.text.slice(0, 500)}>{one.text.slice(0, 200)}</td></tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </section>
  );
}
