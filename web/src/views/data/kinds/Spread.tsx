import { Select } from '@mantine/core';
import { useCallback, useMemo } from 'react';

import { titleOf } from '@/filter/model';
import { Bars } from '@/plot/Bars';
import { binsOf, spreadOf } from '@/plot/histogram';
import { count, number } from '@/ui/format';
import { Busy, Empty, ErrorNote } from '@/ui/notes';

import { HowMuch, useFold, type Fold } from '../fold';
import { numericFields, type KindProps } from '../kinds';
import { valuesOf } from '../values';

const FIGURES = 24;
const TOGETHER = '-';

/** How ratings are spread, a figure for each thing rated. */
export function SpreadView({ scope, dataset, selection, search, change }: KindProps) {
  const numeric = numericFields(dataset);
  const field = numeric.find((one) => one.id === search.y) ?? numeric.find((one) => one.id === 'value') ?? numeric[0];
  const groupable = dataset.fields.filter((one) => ['string', 'enum', 'identifier', 'boolean'].includes(one.type));
  const by = search.by === TOGETHER ? undefined : (groupable.find((one) => one.id === search.by)?.id ?? groupable.find((one) => one.id === 'componentId')?.id);
  const columns = useMemo(() => [field?.id ?? '', by ?? ''].filter(Boolean), [field?.id, by]);
  const make = useCallback(() => grouped(field?.id ?? '', by), [field?.id, by]);
  const folded = useFold(scope.study, dataset.id, selection, columns, make);
  const groups = folded.result;
  const figures = useMemo(() => (groups ?? []).slice(0, FIGURES).map(([key, values]) => ({ key, n: values.length, spread: spreadOf(values), bins: binsOf(values) })), [groups]);
  if (!groups) return folded.error ? <ErrorNote error={folded.error} retry={folded.goOn} /> : <Busy what="Reading the ratings" />;
  if (!field || (groups.length === 0 && folded.state === 'done')) return <Empty icon="chart" title="No ratings to show" />;
  return (
    <div className="panel">
      <div className="table-tools">
        <Select aria-label="What is counted" w={200} allowDeselect={false} data={numeric.map((one) => ({ value: one.id, label: titleOf(one) }))} value={field.id} onChange={(y) => change({ y: y ?? undefined })} />
        <Select aria-label="Figure for each" w={200} clearable placeholder="all together" data={groupable.map((one) => ({ value: one.id, label: `each ${titleOf(one)}` }))} value={by ?? null} onChange={(next) => change({ by: next ?? TOGETHER })} />
        <HowMuch of={folded} what="records" />
        {groups.length > FIGURES && <span className="quiet small">The {FIGURES} with most of {count(groups.length)} figures. Filter to see another.</span>}
      </div>
      <div className="spreads">
        {figures.map(({ key, n, spread, bins }) => (
          <section key={key} className="spread">
            <h3>{key || titleOf(field)}</h3>
            <Bars label={`Distribution of ${field.id}${key ? ` for ${key}` : ''}`} bars={bins} total={n} />
            {spread && (
              <p className="quiet small">
                n {count(spread.n)} · mean {number(Number(spread.mean.toPrecision(4)))}
                {spread.sd !== null && ` · sd ${number(Number(spread.sd.toPrecision(3)))}`} · median {number(spread.median)} · {number(spread.min)} to {number(spread.max)}
              </p>
            )}
          </section>
        ))}
      </div>
    </div>
  );
}

/** The numbers of a field by what they are of, most of them first. */
function grouped(field: string, by: string | undefined): Fold<[string, number[]][]> {
  const all = new Map<string, number[]>();
  return {
    add: (records) => {
      for (const record of records) {
        const values = valuesOf(record);
        const value = values[field];
        if (typeof value !== 'number') continue;
        const key = by ? String(values[by] ?? '–') : '';
        const list = all.get(key);
        if (list) list.push(value);
        else all.set(key, [value]);
      }
    },
    result: () => [...all].sort((a, b) => b[1].length - a[1].length),
  };
}
