import { client, must } from './client';
import { datasetsQuery } from './datasets';
import { recordPage, type Filter, type Selection } from './records';
import { queryClient } from '@/app/query-client';

type Who = 'participants' | 'sessions';
/** So many ids are asked for at once: they stand in an address. */
const AT_ONCE = 100;

const coded = (study: string, dataset: string, seqs: (number | undefined)[]) => {
  const filter = JSON.stringify({ field: 'record.seq', op: 'in', value: seqs });
  return must(client.GET('/api/v1/studies/{study}/datasets/{dataset}/records', { params: { path: { study, dataset }, query: { limit: AT_ONCE, filter, identifiers: 'remove' } } }));
};

/** Without identifiers, filters name people and sessions by their codes. The code of an id is what the same record says without
 *  identifiers. Everybody has a record in the list of participants. */
async function codesOfPeople(study: string, ids: string[]): Promise<Map<string, string>> {
  const codes = new Map<string, string>();
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const { records } = await recordPage(study, '_participants', { participants: ids.slice(at, at + AT_ONCE) }, { limit: AT_ONCE });
    if (records.length === 0) continue;
    const codeOf = new Map((await coded(study, '_participants', records.map((record) => record.seq))).records.map((record) => [record.seq, record.participant]));
    for (const record of records) {
      const code = codeOf.get(record.seq);
      if (record.participant && code) codes.set(record.participant, code);
    }
  }
  return codes;
}

/** Undefined for a session without a record. */
async function codeOfSession(study: string, id: string): Promise<string | undefined> {
  for (const dataset of await queryClient.ensureQueryData(datasetsQuery(study))) {
    const [record] = (await recordPage(study, dataset.id, { sessions: [id] }, { limit: 1 })).records;
    if (!record) continue;
    const code = (await coded(study, dataset.id, [record.seq])).records[0]?.session;
    if (code) return code;
  }
  return undefined;
}

const NAMES: Record<string, Who> = { participant: 'participants', 'participant.id': 'participants', session: 'sessions', 'session.id': 'sessions' };

/** Every id that a selection names, of one sort. */
function namedIn(selection: Selection, who: Who): string[] {
  const found = new Set<string>(selection[who]);
  const look = (node: Record<string, unknown>): void => {
    for (const part of [node['all'], node['any'], node['not'] ? [node['not']] : []].flat()) if (part) look(part as Record<string, unknown>);
    if (NAMES[String(node['field'])] !== who) return;
    for (const id of [node['value']].flat()) if (id !== undefined) found.add(String(id));
  };
  if (selection.filter) look(selection.filter as Record<string, unknown>);
  return [...found];
}

/** The same selection for a mode without identifiers. What has no code keeps its id, which then matches nothing. */
export async function codedSelection(study: string, selection: Selection): Promise<Selection> {
  const sessions = namedIn(selection, 'sessions');
  const people = namedIn(selection, 'participants');
  const codes = {
    participants: people.length > 0 ? await codesOfPeople(study, people) : new Map<string, string>(),
    sessions: new Map(await Promise.all(sessions.map(async (id): Promise<[string, string]> => [id, (await codeOfSession(study, id)) ?? id]))),
  };
  const code = (who: Who, id: unknown) => codes[who].get(String(id)) ?? String(id);
  const rule = (node: Record<string, unknown>): Record<string, unknown> => {
    for (const joint of ['all', 'any'] as const) {
      const parts = node[joint];
      if (Array.isArray(parts)) return { [joint]: parts.map((one) => rule(one as Record<string, unknown>)) };
    }
    if (node['not']) return { not: rule(node['not'] as Record<string, unknown>) };
    const who = NAMES[String(node['field'])];
    const { value } = node;
    if (!who) return node;
    if (Array.isArray(value)) return { ...node, value: value.map((one) => code(who, one)) };
    return node['op'] === '=' || node['op'] === '!=' ? { ...node, value: code(who, value) } : node;
  };
  const list = (who: Who) => selection[who]?.map((id) => code(who, id));
  return { ...selection, participants: list('participants'), sessions: list('sessions'), filter: selection.filter ? (rule(selection.filter as Record<string, unknown>) as Filter) : undefined };
}
