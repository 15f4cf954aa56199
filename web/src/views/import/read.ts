import type { Dataset } from '@/api/datasets';

import { comma, CsvSplitter, delimiterOf, plain } from './csv';
import { planColumns, type ColumnPlan, type Preview } from './plan';

const HEAD = 256 * 1024;
const SHOWN = 50;
const BATCH_ROWS = 5000;

const textOf = (value: unknown) => (value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value));

/** The first rows of a file, and what its columns seem to be. */
export async function preview(file: File, dataset: Dataset | null): Promise<Preview> {
  const head = (await file.slice(0, HEAD).text()).replace(/^\uFEFF/, '');
  if (/^\s*[[{]/.test(head)) return previewJson(file, head, dataset);
  const delimiter = delimiterOf(head);
  const splitter = new CsvSplitter(delimiter);
  const rows = splitter.push(head);
  if (file.size <= HEAD) rows.push(...splitter.end());
  const [header, ...body] = rows;
  if (!header) throw new Error('The file is empty.');
  const names = header.cells.map((cell) => plain(cell).trim());
  const shown = body.slice(0, SHOWN).map((row) => row.cells.map(plain));
  return { format: 'csv', delimiter, columns: planColumns(names, shown, dataset), rows: shown };
}

async function objectsOf(file: Blob, whole: boolean): Promise<Record<string, unknown>[]> {
  const text = (await file.text()).replace(/^\uFEFF/, '').trim();
  if (text.startsWith('[')) {
    if (!whole && file.size >= HEAD) throw new Error('A JSON array of this size is read better as NDJSON, one object a line: `jq -c .[] file.json > file.ndjson`.');
    return JSON.parse(text) as Record<string, unknown>[];
  }
  const lines = text.split('\n');
  if (file.size >= HEAD) lines.pop();
  return lines.filter((line) => line.trim()).map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function previewJson(file: File, head: string, dataset: Dataset | null): Promise<Preview> {
  const array = head.trimStart().startsWith('[');
  if (array && file.size > 50e6) throw new Error('This JSON array is over 50 MB. Write it as NDJSON, one object a line: `jq -c .[] file.json > file.ndjson`.');
  const objects = await objectsOf(array ? file : file.slice(0, HEAD), true);
  const first = objects[0];
  if (!first) throw new Error('The file holds no object.');
  const records = 'values' in first && 'participant' in first;
  const flat = objects.slice(0, SHOWN).map((one) => (records ? { ...(one['values'] as object) } : one) as Record<string, unknown>);
  const names = [...new Set(flat.flatMap((one) => Object.keys(one)))];
  const rows = flat.map((one) => names.map((name) => textOf(one[name])));
  const columns = planColumns(names, rows, dataset);
  if (!records) return { format: 'objects', delimiter: ',', columns, rows };
  return { format: 'records', delimiter: ',', columns: columns.map((column) => ({ ...column, use: 'field', field: column.source })), rows };
}

export interface Batch {
  body: string;
  type: string;
  rows: number;
  /** Bytes of the file up to here. */
  read: number;
  /** The line of the file on which each line of the body stands. */
  lines: number[];
  /** Each row as it is sent; `header` before them makes a file of its own that can be imported. */
  texts: string[];
  header: string | null;
}

/** The whole file in batches that the server takes, each committed by itself. */
export async function* batches(file: File, format: Preview['format'], delimiter: string, columns: ColumnPlan[], participant: string): AsyncGenerator<Batch> {
  if (format === 'csv') yield* csvBatches(file, delimiter, columns, participant);
  else yield* jsonBatches(file, format, columns, participant);
}

async function* csvBatches(file: File, delimiter: string, columns: ColumnPlan[], participant: string): AsyncGenerator<Batch> {
  const kept = columns.map((column, index) => ({ column, index })).filter(({ column }) => column.use !== 'leave');
  const one = columns.some((column) => column.use === 'participant') ? '' : comma(participant.trim());
  const header = [...(one ? ['participant'] : []), ...kept.map(({ column }) => (column.use === 'field' ? column.field : column.use))].join(',');
  const splitter = new CsvSplitter(delimiter);
  let [body, lines, read, first]: [string[], number[], number, boolean] = [[], [], 0, true];
  const flush = (): Batch => {
    const batch = { body: [header, ...body].join('\r\n') + '\r\n', type: 'text/csv', rows: body.length, read, lines, texts: body, header };
    body = [];
    lines = [];
    return batch;
  };
  const decoder = new TextDecoder();
  for await (const piece of piecesOf(file)) {
    read += piece.length;
    for (const row of splitter.push(decoder.decode(piece, { stream: true }))) {
      if (first) {
        first = false;
        continue;
      }
      body.push([...(one ? [one] : []), ...kept.map(({ index }) => comma(row.cells[index] ?? ''))].join(','));
      lines.push(row.line);
      if (body.length >= BATCH_ROWS) yield flush();
    }
  }
  for (const row of splitter.end()) {
    if (first) continue;
    body.push([...(one ? [one] : []), ...kept.map(({ index }) => comma(row.cells[index] ?? ''))].join(','));
    lines.push(row.line);
  }
  if (body.length > 0) yield flush();
}

async function* piecesOf(file: Blob): AsyncGenerator<Uint8Array> {
  const step = 1 << 20;
  for (let at = 0; at < file.size; at += step) yield new Uint8Array(await file.slice(at, at + step).arrayBuffer());
}

async function* jsonBatches(file: File, format: 'records' | 'objects', columns: ColumnPlan[], participant: string): AsyncGenerator<Batch> {
  const array = (await file.slice(0, 64).text()).replace(/^\uFEFF/, '').trimStart().startsWith('[');
  let [body, lines, read]: [string[], number[], number] = [[], [], 0];
  const flush = (): Batch => {
    const batch = { body: body.join('\n') + '\n', type: 'application/x-ndjson', rows: body.length, read, lines, texts: body, header: null };
    body = [];
    lines = [];
    return batch;
  };
  const take = (text: string) => (format === 'records' ? text : JSON.stringify(recordOf(JSON.parse(text) as Record<string, unknown>, columns, participant)));
  if (array) {
    const objects = await objectsOf(file, true);
    for (const [index, object] of objects.entries()) {
      body.push(format === 'records' ? JSON.stringify(object) : JSON.stringify(recordOf(object, columns, participant)));
      lines.push(index + 1);
      read = Math.round((file.size * (index + 1)) / objects.length);
      if (body.length >= BATCH_ROWS) yield flush();
    }
  } else {
    const decoder = new TextDecoder();
    let rest = '';
    let line = 0;
    for await (const piece of piecesOf(file)) {
      read += piece.length;
      const all = (rest + decoder.decode(piece, { stream: true })).split('\n');
      rest = all.pop() ?? '';
      for (const text of all) {
        line += 1;
        if (!text.trim()) continue;
        body.push(take(text));
        lines.push(line);
        if (body.length >= BATCH_ROWS) yield flush();
      }
    }
    if (rest.trim()) {
      body.push(take(rest));
      lines.push(line + 1);
    }
  }
  if (body.length > 0) yield flush();
}

function recordOf(object: Record<string, unknown>, columns: ColumnPlan[], participant: string): object {
  const record: Record<string, unknown> = {};
  const values: Record<string, unknown> = {};
  for (const column of columns) {
    const value = object[column.source];
    if (value === undefined || column.use === 'leave') continue;
    if (column.use === 'field') values[column.field] = value;
    else if (value !== null) record[column.use] = column.use === 'onset_ms' ? Number(value) : String(value);
  }
  return { participant: participant.trim(), ...record, values };
}
