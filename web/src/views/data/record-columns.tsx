import { Link } from '@tanstack/react-router';

import type { Dataset } from '@/api/datasets';
import type { Record_ } from '@/api/records';
import { titleOf } from '@/filter/model';
import type { Column } from '@/table/columns';
import { Time } from '@/time/zone';
import { number } from '@/ui/format';

import type { Scope } from './scope';
import { isNumeric, Value, type Show } from './values';

const UNSORTABLE = new Set(['json', 'set']);

/** The columns of any dataset. A field that has the name of a record's own word hides it, as in the API. */
export function recordColumns(dataset: Dataset, scope: Scope, show: Show, hasSessions: boolean): Column<Record_>[] {
  const own = new Set(dataset.fields.map((field) => field.id));
  const word = (id: string) => (own.has(id) ? `record.${id}` : id);
  const wide = (type: string) => (type === 'json' ? 240 : type === 'string' ? 190 : type === 'datetime' ? 190 : type === 'boolean' ? 90 : 150);
  return [
    { id: word('time'), title: 'Time', size: 190, cell: (row) => <Time at={row.time} digits="ms" /> },
    {
      id: 'participant', title: 'Participant', size: 170, hidden: scope.participant !== undefined,
      cell: (row) => row.participant && <Link to="/studies/$study/participants/$participant" params={{ study: scope.study, participant: row.participant }} className="mono">{row.participant}</Link>,
    },
    {
      id: 'session', title: 'Session', size: 120, hidden: scope.session !== undefined || !hasSessions,
      cell: (row) => row.session && <Link to="/studies/$study/sessions/$session" params={{ study: scope.study, session: row.session }}>{row.session}</Link>,
    },
    { id: word('onset_ms'), title: 'Onset', size: 110, align: 'right', hidden: !hasSessions, hint: 'Milliseconds from the start of the session', cell: (row) => (row.onset_ms === undefined ? '' : number(row.onset_ms)) },
    ...dataset.fields.map((field): Column<Record_> => ({
      id: field.id,
      title: titleOf(field) + (field.unit ? ` (${field.unit})` : ''),
      size: Math.min(wide(field.type), 260),
      hidden: Boolean(field.system),
      fixed: UNSORTABLE.has(field.type),
      hint: [titleOf(field), field.id, field.type, field.privacy && field.privacy !== 'plain' ? `privacy: ${field.privacy}` : ''].filter(Boolean).join(' · '),
      ...(isNumeric(field) ? { align: 'right' as const, size: 110 } : {}),
      cell: (row) => <Value record={row} field={field} show={show} />,
    })),
    { id: word('id'), title: 'Record id', size: 190, hidden: true, cell: (row) => <span className="mono">{row.id}</span> },
    { id: word('seq'), title: 'Seq', size: 90, align: 'right', hidden: true, cell: (row) => row.seq },
    { id: word('received_at'), title: 'Received', size: 190, hidden: true, cell: (row) => <Time at={row.received_at} digits="ms" /> },
    { id: word('updated_at'), title: 'Changed', size: 190, hidden: true, cell: (row) => <Time at={row.updated_at} digits="ms" /> },
  ];
}
