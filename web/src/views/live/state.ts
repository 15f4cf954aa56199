import type { LiveDataset, LiveEvent, LiveFinding, LiveRecord, Present } from '@/api/live';

export interface Alert extends LiveFinding {
  key: number;
  at: string;
}

/** What is known of a running study. A snapshot replaces it, but for what was counted since the view was opened. */
export interface LiveState {
  at: string;
  datasets: LiveDataset[];
  present: Present;
  /** The newest first. */
  records: LiveRecord[];
  /** What stands, whenever it was found; null until the server has looked. */
  findings: LiveFinding[] | null;
  alerts: Alert[];
  /** By dataset, since the view was opened. */
  added: Record<string, number>;
}

const MOST_RECORDS = 60;
const MOST_ALERTS = 50;
let nextKey = 1;

const sameFinding = (a: LiveFinding, b: LiveFinding) => a.dataset === b.dataset && a.check === b.check && (a.field ?? '') === (b.field ?? '');

function newestFirst(records: LiveRecord[], before: LiveRecord[] = []): LiveRecord[] {
  const seen = new Set<number | undefined>();
  return [...records, ...before]
    .sort((a, b) => (b.seq ?? 0) - (a.seq ?? 0))
    .filter((record) => !seen.has(record.seq) && seen.add(record.seq))
    .slice(0, MOST_RECORDS);
}

export function heard(state: LiveState | null, event: LiveEvent): LiveState | null {
  if (event.event === 'snapshot') {
    // What came while nobody listened counts too: it is the difference of the two counts.
    const missed = Object.fromEntries(event.datasets.map((one) => [one.dataset, Math.max(0, one.records - (state?.datasets.find((old) => old.dataset === one.dataset)?.records ?? (state ? 0 : one.records)))]));
    return {
      at: event.at, datasets: event.datasets, present: event.present, records: newestFirst(event.records), findings: event.quality, alerts: state?.alerts ?? [],
      added: Object.fromEntries(event.datasets.map((one) => [one.dataset, (state?.added[one.dataset] ?? 0) + (missed[one.dataset] ?? 0)])),
    };
  }
  if (!state) return null;
  if (event.event === 'update') {
    const changed = new Map(event.datasets.map((one) => [one.dataset, one]));
    const kept = state.datasets.map((one) => changed.get(one.dataset) ?? one);
    const fresh = event.datasets.filter((one) => !state.datasets.some((old) => old.dataset === one.dataset));
    const added = { ...state.added };
    for (const one of event.datasets) added[one.dataset] = (added[one.dataset] ?? 0) + (one.added ?? 0);
    return { ...state, at: event.at, datasets: [...kept, ...fresh], present: event.present, records: newestFirst(event.records, state.records), added };
  }
  const findings = [...(state.findings ?? [])];
  for (const alert of event.alerts) {
    const index = findings.findIndex((one) => sameFinding(one, alert));
    const old = findings[index];
    const more = alert.added ?? 0;
    if (old) findings[index] = { ...old, count: (old.count ?? 0) + more };
    else findings.push({ ...alert, count: more });
  }
  return { ...state, findings, alerts: [...event.alerts.map((alert) => ({ ...alert, at: event.at, key: nextKey++ })), ...state.alerts].slice(0, MOST_ALERTS) };
}
