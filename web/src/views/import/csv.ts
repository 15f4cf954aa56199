/** Splits CSV into raw cells, piece by piece, so that a file of any size passes through. Raw: quotes stay, because an empty
 *  cell and an empty text in quotes are not the same. */
export class CsvSplitter {
  private cell = '';
  private row: string[] = [];
  private quoted = false;
  private line = 1;
  private rowLine = 1;

  constructor(private readonly delimiter: string) {}

  /** The rows that are complete after this piece, each with the line it begins on. */
  push(piece: string): { cells: string[]; line: number }[] {
    const rows: { cells: string[]; line: number }[] = [];
    for (const c of piece) {
      if (c === '\n') this.line += 1;
      if (this.quoted) {
        this.cell += c;
        if (c === '"') this.quoted = false;
        continue;
      }
      if (c === '"') {
        this.quoted = true;
        this.cell += c;
      } else if (c === this.delimiter) {
        this.row.push(this.cell);
        this.cell = '';
      } else if (c === '\n') {
        this.finishRow(rows);
      } else if (c !== '\r') {
        this.cell += c;
      }
    }
    return rows;
  }

  end(): { cells: string[]; line: number }[] {
    const rows: { cells: string[]; line: number }[] = [];
    if (this.cell !== '' || this.row.length > 0) this.finishRow(rows);
    return rows;
  }

  private finishRow(rows: { cells: string[]; line: number }[]): void {
    this.row.push(this.cell);
    if (this.row.length > 1 || this.row[0] !== '') rows.push({ cells: this.row, line: this.rowLine });
    this.row = [];
    this.cell = '';
    this.rowLine = this.line;
  }
}

export const plain = (raw: string) => (raw.startsWith('"') && raw.endsWith('"') && raw.length >= 2 ? raw.slice(1, -1).replaceAll('""', '"') : raw);

/** As a cell of a file whose delimiter is the comma. */
export const comma = (raw: string) => (raw.startsWith('"') || !/[",\n]/.test(raw) ? raw : `"${raw.replaceAll('"', '""')}"`);

/** The delimiter that the header has most of, outside quotes. */
export function delimiterOf(head: string): string {
  const line = (head.split('\n')[0] ?? '').replace(/"[^"]*"/g, '');
  const counts = [',', ';', '\t'].map((one) => ({ one, n: line.split(one).length }));
  return counts.sort((a, b) => b.n - a.n)[0]?.one ?? ',';
}
