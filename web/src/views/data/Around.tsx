import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { datasetsQuery, type Dataset } from '@/api/datasets';
import { recordPage, type Record_ } from '@/api/records';
import { duration } from '@/ui/format';
import { Busy, Empty, ErrorNote } from '@/ui/notes';

import { dataPath, type Scope } from './scope';
import { valuesOf, valueText } from './values';

const WINDOWS = [{ value: '5000', label: '± 5 s' }, { value: '60000', label: '± 1 min' }, { value: '600000', label: '± 10 min' }, { value: '86400000', label: '± 1 day' }];
const USUAL = '60000';
const EACH = 40;

interface Moment {
  dataset: Dataset;
  record: Record_;
  away: number;
}

interface Props {
  scope: Scope;
  dataset: Dataset;
  record: Record_;
  /** How far around, in milliseconds. */
  near: number | undefined;
  onNear: (near: number | undefined) => void;
}

/** What else happened around a record: of the same session, else of the same participant, in every dataset. */
export function Around({ scope, dataset, record, near, onNear }: Props) {
  const window = WINDOWS.find((one) => one.value === String(near))?.value ?? USUAL;
  const { data: datasets } = useQuery(datasetsQuery(scope.study));
  const at = Date.parse(record.time ?? '');
  const { data, error, isPending } = useQuery({
    queryKey: ['study', scope.study, 'around', record.seq, window, datasets?.length],
    enabled: Boolean(datasets) && !Number.isNaN(at),
    queryFn: async ({ signal }) => {
      const half = Number(window);
      const selection = {
        since: new Date(at - half).toISOString(),
        until: new Date(at + half + 1).toISOString(),
        ...(record.session ? { sessions: [record.session] } : { participants: [record.participant ?? ''] }),
      };
      const pages = await Promise.all(
        (datasets ?? []).map(async (one): Promise<{ moments: Moment[]; cut: number }> => {
          const page = await recordPage(scope.study, one.id, selection, { limit: EACH }, signal);
          return { moments: page.records.map((found) => ({ dataset: one, record: found, away: Date.parse(found.time ?? '') - at })), cut: page.total - page.records.length };
        }),
      );
      return { moments: pages.flatMap((page) => page.moments).sort((a, b) => a.away - b.away), cut: pages.reduce((sum, page) => sum + page.cut, 0) };
    },
  });
  if (Number.isNaN(at)) return <Empty icon="clock" title="This record has no time">Nothing can be said of what happened around it.</Empty>;
  return (
    <>
      <SegmentedControl aria-label="How far around" data={WINDOWS} value={window} onChange={(next) => onNear(next === USUAL ? undefined : Number(next))} mb="xs" />
      <p className="quiet small">{record.session ? `Everybody in session ${record.session}` : `Participant ${record.participant}`}, all datasets.</p>
      <ErrorNote error={error} />
      {isPending && <Busy what="Looking around" />}
      <ol className="moments">
        {data?.moments.map(({ dataset: of, record: found, away }) => {
          const self = found.seq === record.seq && of.id === dataset.id;
          return (
            <li key={`${of.id} ${found.seq}`} data-self={self || undefined}>
              <span className="moment-away">{self ? 'this' : `${away >= 0 ? '+' : ''}${duration(away)}`}</span>
              <Link to={dataPath({ study: scope.study, session: scope.session, participant: scope.participant }, of.id) as '/'} search={{ record: found.seq } as never} className="moment-of">
                {of.name}
              </Link>
              {found.participant !== record.participant && <span className="mono quiet">{found.participant?.slice(0, 8)}</span>}
              <span className="moment-words">{wordsOf(of, found)}</span>
            </li>
          );
        })}
      </ol>
      {data && data.cut > 0 && <p className="quiet small">{data.cut.toLocaleString('en-US')} more records fall into this window. Choose a narrower one to see all.</p>}
    </>
  );
}

/** A record in a few words. */
export function wordsOf(dataset: Dataset, record: Record_): string {
  const values = valuesOf(record);
  return dataset.fields
    .filter((field) => values[field.id] !== undefined && values[field.id] !== null && field.type !== 'json' && !field.system)
    .slice(0, 4)
    .map((field) => `${field.id} ${valueText(field, values[field.id], 'labels').slice(0, 60)}`)
    .join(' · ');
}
