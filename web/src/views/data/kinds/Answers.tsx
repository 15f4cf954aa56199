import { TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import type { Field } from '@/api/datasets';
import { manyRecordsQuery, type Record_ } from '@/api/records';
import { titleOf } from '@/filter/model';
import { Bars, type Bar } from '@/plot/Bars';
import { binsOf, spreadOf } from '@/plot/histogram';
import { count, number } from '@/ui/format';
import { Busy, Empty, ErrorNote } from '@/ui/notes';

import type { KindProps } from '../kinds';
import { stateOf, valuesOf, valueText, type Show } from '../values';

const MOST = 10_000;

/** Question by question: what was answered, what was skipped, what was not asked. */
export function AnswersView({ scope, dataset, selection, show }: KindProps) {
  const { data, error, isPending, refetch } = useQuery(manyRecordsQuery(scope.study, dataset.id, selection, { most: MOST }));
  const [find, setFind] = useState('');
  const fields = dataset.fields.filter((field) => !field.system && `${titleOf(field)} ${field.id} ${field.group ?? ''}`.toLowerCase().includes(find.toLowerCase()));
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (isPending) return <Busy what="Reading answers" />;
  if (data.records.length === 0) return <Empty icon="list" title="Nobody has answered yet" />;
  return (
    <div>
      <div className="table-tools">
        <TextInput aria-label="Find a question" placeholder="Find a question" value={find} onChange={(event) => setFind(event.currentTarget.value)} w={260} />
        <span className="quiet small">
          {count(data.records.length)} {data.complete ? 'responses' : `of ${count(data.total)} responses (the first)`}
        </span>
      </div>
      <div className="spreads">
        {fields.map((field) => (
          <Question key={field.id} field={field} records={data.records} show={show} />
        ))}
      </div>
    </div>
  );
}

function Question({ field, records, show }: { field: Field; records: Record_[]; show: Show }) {
  const figures = useMemo(() => figuresOf(field, records, show), [field, records, show]);
  return (
    <section className="spread">
      <h3>{titleOf(field)}</h3>
      <p className="quiet small">
        {field.id}
        {field.group ? ` · ${field.group}` : ''} · {count(figures.answered)} answered · <span className="skipped">{count(figures.skipped)} skipped</span> · {count(figures.absent)} not asked
      </p>
      {figures.bars.length > 0 && <Bars label={`Answers to ${titleOf(field)}`} bars={figures.bars} total={figures.answered} />}
      {figures.said && <p className="quiet small">{figures.said}</p>}
    </section>
  );
}

interface Figures {
  answered: number;
  skipped: number;
  absent: number;
  bars: Bar[];
  said: string;
}

function figuresOf(field: Field, records: Record_[], show: Show): Figures {
  const states = { answered: 0, skipped: 0, absent: 0 };
  const given: unknown[] = [];
  for (const record of records) {
    const state = stateOf(record, field.id);
    states[state] += 1;
    if (state === 'answered') given.push(valuesOf(record)[field.id]);
  }
  if (field.type === 'enum' || field.type === 'set') {
    const counts = new Map<string, number>();
    for (const value of given.flat()) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
    const bars = (field.options ?? []).map((option) => ({ key: option.id, label: valueText({ ...field, type: 'enum' }, option.id, show), value: counts.get(option.id) ?? 0 }));
    return { ...states, bars, said: field.type === 'set' ? 'Several answers were possible.' : '' };
  }
  if (field.type === 'boolean') {
    const yes = given.filter((value) => value === true).length;
    return { ...states, bars: [{ key: 'yes', label: 'yes', value: yes }, { key: 'no', label: 'no', value: given.length - yes }], said: '' };
  }
  const numbers = given.filter((value): value is number => typeof value === 'number');
  if (numbers.length > 0) {
    const spread = spreadOf(numbers);
    return { ...states, bars: binsOf(numbers), said: spread ? `mean ${number(Number(spread.mean.toPrecision(4)))}${spread.sd === null ? '' : ` · sd ${number(Number(spread.sd.toPrecision(3)))}`} · median ${number(spread.median)}` : '' };
  }
  const texts = new Map<string, number>();
  for (const value of given) {
    const text = valueText(field, value, show);
    texts.set(text, (texts.get(text) ?? 0) + 1);
  }
  const common = [...texts].sort((a, b) => b[1] - a[1]).slice(0, 6);
  return { ...states, bars: common.map(([label, value]) => ({ key: label, label, value })), said: texts.size > 6 ? `and ${count(texts.size - 6)} other different answers` : '' };
}
