import { createParser } from 'eventsource-parser';

import { sessionEnded, type Schemas } from './client';
import { asProblem, problemOf, unreachable, type ApiProblem } from './problem';
import type { Record_ } from './records';

export interface LiveDataset {
  dataset: string;
  records: number;
  participants: number;
  sessions: number;
  last_time: string | null;
  last_received: string | null;
  added?: number;
}
export type LiveRecord = Record_ & { dataset: string };
export interface LiveFinding {
  dataset: string;
  check: string;
  severity: Schemas['Severity'];
  field: string | null;
  count?: number;
  added?: number;
}
export interface Present {
  minutes: number;
  count: number;
  participants: string[];
}
export type LiveEvent =
  | { event: 'snapshot'; at: string; seq: number; datasets: LiveDataset[]; present: Present; records: LiveRecord[]; quality: LiveFinding[] | null }
  | { event: 'update'; at: string; seq: number; datasets: LiveDataset[]; present: Present; records: LiveRecord[] }
  | { event: 'alert'; at: string; seq: number; alerts: LiveFinding[] };

export type Connection =
  | { state: 'connecting' }
  | { state: 'connected' }
  | { state: 'paused'; at: number }
  /** It will be tried again at `until`. */
  | { state: 'waiting'; until: number; why: string }
  /** It will not be tried again by itself. */
  | { state: 'ended'; why: string; problem?: ApiProblem };

const FIRST_WAIT_MS = 1000;
const MOST_WAIT_MS = 15_000;
/** The server gives a sign of life every 15 seconds; without one for so long, the line is dead though nobody said so. */
const SILENCE_MS = 40_000;

const ends: Record<string, string> = { access: 'Your rights in this study have changed.', deleted: 'The study was deleted.' };

/** Watches a study until `stop`; comes back by itself, behind the last event that was heard. */
export class StudyWatch {
  private last: string | undefined;
  private line: AbortController | undefined;
  private timer: number | undefined;
  private silence: number | undefined;
  private failures = 0;

  constructor(
    private readonly study: string,
    private readonly hear: (event: LiveEvent) => void,
    private readonly tell: (connection: Connection) => void,
  ) {}

  start(): void {
    this.hangUp();
    void this.listen();
  }
  pause(): void {
    this.hangUp();
    this.tell({ state: 'paused', at: Date.now() });
  }
  stop(): void {
    this.hangUp();
  }

  private hangUp(): void {
    window.clearTimeout(this.timer);
    window.clearTimeout(this.silence);
    this.line?.abort();
    this.line = undefined;
  }

  private async listen(): Promise<void> {
    const line = new AbortController();
    this.line = line;
    this.tell({ state: 'connecting' });
    try {
      const answer = await fetch(`/api/v1/studies/${encodeURIComponent(this.study)}/live`, {
        headers: { Accept: 'text/event-stream', ...(this.last ? { 'Last-Event-ID': this.last } : {}) }, signal: line.signal, cache: 'no-store',
      });
      if (!answer.ok || !answer.body) return this.refused(problemOf(await answer.json().catch(() => undefined), answer.status));
      const over = await this.read(answer.body, line);
      if (this.line !== line) return;
      if (over && ends[over]) this.tell({ state: 'ended', why: ends[over] });
      else this.again(over === 'stopping' ? 'The server is stopping.' : 'The connection was closed.');
    } catch (error) {
      // Whoever hung up knows; a line that fell silent is hung up by us and dialled again.
      if (this.line !== line) return;
      this.again(error instanceof TypeError || line.signal.aborted ? unreachable().title + '.' : asProblem(error).message);
    }
  }

  /** Until the stream is over; answers why, when the server said so. */
  private async read(body: ReadableStream<Uint8Array>, line: AbortController): Promise<string | undefined> {
    let over: string | undefined;
    const parser = createParser({
      onEvent: (message) => {
        if (message.id !== undefined) this.last = message.id;
        const data = JSON.parse(message.data) as object;
        if (message.event === 'end') over = (data as { reason: string }).reason;
        else this.hear({ event: message.event, ...data } as LiveEvent);
      },
    });
    const reader = body.getReader();
    const decoder = new TextDecoder();
    this.failures = 0;
    this.tell({ state: 'connected' });
    for (;;) {
      window.clearTimeout(this.silence);
      this.silence = window.setTimeout(() => line.abort(), SILENCE_MS);
      const { value, done } = await reader.read();
      if (done) return over;
      parser.feed(decoder.decode(value, { stream: true }));
      // The server closes after it has said why; there is nothing to wait for.
      if (over) return over;
    }
  }

  private refused(problem: ApiProblem): void {
    if (problem.status === 401) sessionEnded();
    if (problem.status >= 500 || problem.status === 429) this.again(problem.message);
    else this.tell({ state: 'ended', why: problem.status === 401 ? 'Your session has ended.' : problem.title, problem });
  }

  private again(why: string): void {
    window.clearTimeout(this.silence);
    this.line?.abort();
    this.line = undefined;
    const wait = Math.min(FIRST_WAIT_MS * 2 ** this.failures++, MOST_WAIT_MS);
    this.tell({ state: 'waiting', until: Date.now() + wait, why });
    this.timer = window.setTimeout(() => void this.listen(), wait);
  }
}
