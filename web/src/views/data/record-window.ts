import type { Record_ } from '@/api/records';

export interface RecordPage {
  records: Record_[];
  cursor: string;
  has_more: boolean;
  total: number;
}

/** How a window reads: the records from a `seq` on, or what follows a page of them, and how many lie before one. */
export interface Reader {
  page: (from: number | undefined, cursor: string | undefined, signal: AbortSignal) => Promise<RecordPage>;
  before: (seq: number, signal: AbortSignal) => Promise<number>;
  lastSeq: (signal: AbortSignal) => Promise<number | undefined>;
}

/** Rows ahead of those in sight that are read as well. */
const AHEAD = 60;
/** So far is read on from what is there; further away is jumped to. */
const NEAR = 2000;
/** A jump lands at most so many rows before the one that is wanted; a page is twice as long. */
const BACK = 500;
/** More than this is not held: what is far from sight is forgotten, and read again when it is wanted. */
const MOST = 30_000;

/** A known place: `at` records have a smaller `seq`. */
interface Mark {
  at: number;
  seq: number;
}

/** The rows of a dataset in the order of `seq`, read around what is looked at. A row's number is exact wherever one jumps to: the
 *  server counts what lies before. Without `jumps` (another order) rows come one page after the other. */
export class RecordWindow {
  private readonly rows = new Map<number, Record_>();
  /** Where a page ended, what it was a page of, and the cursor that reads on from there. */
  private readonly ends = new Map<number, { from: number | undefined; cursor: string }>();
  private marks: Mark[] = [];
  private wanted: [number, number] = [0, 0];
  private busy = false;
  private stop = new AbortController();
  private readonly listeners = new Set<() => void>();
  private version = 0;
  private readTo = 0;
  readonly total: number;
  reading: [number, number] | null = null;
  error: unknown = null;

  constructor(
    first: RecordPage,
    private readonly reader: Reader,
    private readonly jumps: boolean,
  ) {
    this.total = Math.max(first.total, first.records.length);
    this.keep(0, first, undefined);
    const seq = first.records[0]?.seq;
    if (seq !== undefined) this.mark({ at: 0, seq });
  }

  /** Rows that can be scrolled to. */
  get length(): number {
    return this.jumps ? this.total : this.readTo;
  }
  get hasMore(): boolean {
    return !this.jumps && this.ends.has(this.readTo);
  }
  at(index: number): Record_ | undefined {
    return this.rows.get(index);
  }

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly snapshot = () => this.version;
  private tell(): void {
    this.version += 1;
    this.listeners.forEach((listener) => listener());
  }

  /** These rows are looked at. */
  readonly see = (first: number, last: number) => {
    this.wanted = [first, last];
    if (!this.error) void this.read();
  };
  readonly retry = () => {
    this.error = null;
    void this.read();
  };
  open(): void {
    if (this.stop.signal.aborted) this.stop = new AbortController();
  }
  close(): void {
    this.stop.abort();
  }

  private missing(): number | undefined {
    const to = Math.min(this.wanted[1] + AHEAD, (this.jumps ? this.total : this.readTo + 1) - 1);
    for (let index = Math.max(0, this.wanted[0]); index <= to; ++index) if (!this.rows.has(index)) return index;
    return undefined;
  }

  private async read(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      // Fewer were there than was said: others deleted some meanwhile.
      for (let index = this.missing(), before = -1; index !== undefined && !this.stop.signal.aborted && index !== before; before = index, index = this.missing()) {
        const end = this.endBefore(index);
        const known = end === undefined ? undefined : this.ends.get(end);
        if (!known && !this.jumps) break;
        this.reading = [index, Math.min(this.total, index + BACK)];
        this.tell();
        if (end !== undefined && known) this.keep(end, await this.reader.page(known.from, known.cursor, this.stop.signal), known.from);
        else await this.jump(index);
        this.forget();
      }
    } catch (error) {
      if (!this.stop.signal.aborted) this.error = error;
    } finally {
      this.busy = false;
      this.reading = null;
      this.tell();
    }
  }

  /** The end of what was read, near enough before a row to read on from. */
  private endBefore(index: number): number | undefined {
    let best: number | undefined;
    for (const end of this.ends.keys()) if (end <= index && (best === undefined || end > best)) best = end;
    return best !== undefined && (!this.jumps || index - best <= NEAR) ? best : undefined;
  }

  /** Guesses the `seq` that is a little before a row from those known around it, until the server's count says it is. */
  private async jump(index: number): Promise<void> {
    if (!this.marks.some((mark) => mark.at >= this.total)) {
      const last = await this.reader.lastSeq(this.stop.signal);
      if (last !== undefined) this.mark({ at: this.total, seq: last + 1 });
    }
    for (let tries = 0; tries < 60; ++tries) {
      const low = this.marks.filter((mark) => mark.at <= index).pop();
      const high = this.marks.find((mark) => mark.at > index);
      if (!low || !high || index - low.at <= BACK || high.seq - low.seq <= 1) break;
      const share = (index - BACK / 2 - low.at) / (high.at - low.at);
      // Where the numbers lie unevenly, halving is surer than guessing.
      const guess = low.seq + Math.round((high.seq - low.seq) * (tries % 3 === 2 ? 0.5 : share));
      const seq = Math.min(high.seq - 1, Math.max(low.seq + 1, guess));
      this.mark({ at: await this.reader.before(seq, this.stop.signal), seq });
    }
    const low = this.marks.filter((mark) => mark.at <= index).pop();
    if (low) this.keep(low.at, await this.reader.page(low.seq, undefined, this.stop.signal), low.seq);
  }

  private mark(mark: Mark): void {
    this.marks = [...this.marks.filter((one) => one.seq !== mark.seq), mark].sort((a, b) => a.seq - b.seq);
  }

  private keep(at: number, page: RecordPage, from: number | undefined): void {
    page.records.forEach((record, index) => this.rows.set(at + index, record));
    const end = at + page.records.length;
    this.ends.delete(at);
    if (page.has_more) this.ends.set(end, { from, cursor: page.cursor });
    this.readTo = Math.max(this.readTo, end);
  }

  private forget(): void {
    if (!this.jumps || this.rows.size <= MOST) return;
    const [first, last] = this.wanted;
    for (const index of this.rows.keys()) if (index < first - MOST / 4 || index > last + MOST / 4) this.rows.delete(index);
    for (const end of this.ends.keys()) if (!this.rows.has(end - 1)) this.ends.delete(end);
  }
}
