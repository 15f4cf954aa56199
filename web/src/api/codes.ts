import { client, must } from './client';
import { datasetsQuery } from './datasets';
import { recordPage, type Filter, type Selection } from './records';
import { queryClient } from '@/app/query-client';

type Who = 'participants' | 'sessions';
const MEMBER = { participants: 'participant', sessions: 'session' } as const;

/** Without identifiers, filters name people and sessions by their codes. The code of an id is what the same record says
 *  without identifiers; undefined for somebody who has no record. */
async function codeOf(study: string, who: Who, id: string): Promise<string | undefined> {
  for (const dataset of await queryClient.ensureQueryData(datasetsQuery(study))) {
    const [record] = (await recordPage(study, dataset.id, { [who]: [id] }, { limit: 1 })).records;
    if (!record) continue;
    const filter = JSON.stringify({ field: 'record.seq', op: '=', value: record.seq });
    const page = await must(client.GET('/api/v1/studies/{study}/datasets/{dataset}/records', { params: { path: { study, dataset: dataset.id }, query: { limit: 1, filter, identifiers: 'remove' } } }));
    const code = page.records[0]?.[MEMBER[who]];
    if (code) return code;
  }
  return undefined;
}

const NAMES: Record<string, Who> = { participant: 'participants', 'participant.id': 'participants', session: 'sessions', 'session.id': 'sessions' };

/** The same selection for a mode without identifiers. Whoever has no record keeps the id, which then matches nobody. */
export async function codedSelection(study: string, selection: Selection): Promise<Selection> {
  const known = new Map<string, Promise<string | undefined>>();
  const code = async (who: Who, id: string): Promise<string> => {
    const key = `${who} ${id}`;
    const pending = known.get(key) ?? codeOf(study, who, id);
    known.set(key, pending);
    return (await pending) ?? id;
  };
  const rule = async (node: Record<string, unknown>): Promise<Record<string, unknown>> => {
    for (const joint of ['all', 'any'] as const) {
      const parts = node[joint];
      if (Array.isArray(parts)) return { [joint]: await Promise.all(parts.map((one) => rule(one as Record<string, unknown>))) };
    }
    if (node['not']) return { not: await rule(node['not'] as Record<string, unknown>) };
    const who = NAMES[String(node['field'])];
    const { value } = node;
    if (!who) return node;
    if (Array.isArray(value)) return { ...node, value: await Promise.all(value.map((one) => code(who, String(one)))) };
    return node['op'] === '=' || node['op'] === '!=' ? { ...node, value: await code(who, String(value)) } : node;
  };
  const list = (who: Who) => (selection[who] ? Promise.all(selection[who].map((id) => code(who, id))) : undefined);
  return {
    ...selection,
    participants: await list('participants'),
    sessions: await list('sessions'),
    filter: selection.filter ? ((await rule(selection.filter as Record<string, unknown>)) as Filter) : undefined,
  };
}
