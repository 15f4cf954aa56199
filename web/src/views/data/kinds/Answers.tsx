import { TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import type { Field } from '@/api/datasets';
import { distributionQuery, type Distribution } from '@/api/plots';
import { useTyped } from '@/app/address';
import { titleOf } from '@/filter/model';
import { Bars, type Bar } from '@/plot/Bars';
import { count, number } from '@/ui/format';
import { Busy, Empty, ErrorNote } from '@/ui/notes';

import type { KindProps } from '../kinds';
import { valueText, type Show } from '../values';

type Figures = Distribution['fields'][number];

/** Question by question: what was answered, what was skipped, what was not asked. Counted by the server over all that fits. */
export function AnswersView({ scope, dataset, selection, show, search, change }: KindProps) {
  const ids = useMemo(() => dataset.fields.filter((field) => !field.system).map((field) => field.id), [dataset]);
  const { data, error, isPending, refetch } = useQuery(distributionQuery(scope.study, dataset.id, selection, ids));
  const [find, setFind] = useTyped(search.find ?? '', (text) => change({ find: text || undefined }));
  const known = useMemo(() => new Map(data?.map((one) => [one.field, one])), [data]);
  const fields = dataset.fields.filter((field) => known.has(field.id) && `${titleOf(field)} ${field.id} ${field.group ?? ''}`.toLowerCase().includes(find.toLowerCase()));
  if (error && !data) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (isPending) return <Busy what="Counting answers" />;
  if (data.every((one) => !one.n && !one.skipped)) return <Empty icon="list" title="Nobody has answered yet" />;
  return (
    <div>
      <div className="table-tools">
        <TextInput aria-label="Find a question" placeholder="Find a question" value={find} onChange={(event) => setFind(event.currentTarget.value)} w={260} />
      </div>
      <div className="spreads">
        {fields.map((field) => (
          <Question key={field.id} field={field} figures={known.get(field.id)!} show={show} />
        ))}
      </div>
    </div>
  );
}

const few = (value: number | null | undefined) => (value === null || value === undefined ? 'too few' : count(value));
const rounded = (value: number) => number(Number(value.toPrecision(4)));

function Question({ field, figures, show }: { field: Field; figures: Figures; show: Show }) {
  const bars: Bar[] = figures.options
    ? figures.options.map((option) => ({ key: option.id, label: field.options ? valueText({ ...field, type: 'enum' }, option.id, show) : field.type === 'boolean' ? (option.id === 'true' ? 'yes' : 'no') : option.label, value: option.n ?? 0 }))
    : (figures.bins ?? []).map((bin) => ({ key: String(bin.low), label: bin.high - bin.low === 1 && Number.isInteger(bin.low) && field.type === 'integer' ? number(bin.low) : `${number(bin.low)} – ${number(bin.high)}`, value: bin.n ?? 0 }));
  return (
    <section className="spread">
      <h3>{titleOf(field)}</h3>
      <p className="quiet small">
        {field.id}
        {field.group ? ` · ${field.group}` : ''} · {few(figures.n)} answered · <span className="skipped">{few(figures.skipped)} skipped</span> · {few(figures.absent)} not asked
      </p>
      {bars.length > 0 && <Bars label={`Answers to ${titleOf(field)}`} bars={bars} total={figures.n ?? 0} />}
      {typeof figures.mean === 'number' && (
        <p className="quiet small">
          mean {rounded(figures.mean)}
          {typeof figures.sd === 'number' && ` · sd ${rounded(figures.sd)}`}
          {typeof figures.median === 'number' && ` · median ${rounded(figures.median)}`}
          {typeof figures.min === 'number' && typeof figures.max === 'number' && ` · ${rounded(figures.min)} to ${rounded(figures.max)}`}
        </p>
      )}
      {field.type === 'set' && <p className="quiet small">Several answers were possible.</p>}
      {figures.suppressed && <p className="quiet small">What is of too few participants is left empty.</p>}
    </section>
  );
}
