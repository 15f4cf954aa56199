import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { manyRecordsQuery } from '@/api/records';
import { titleOf } from '@/filter/model';
import { Bars } from '@/plot/Bars';
import { binsOf, spreadOf } from '@/plot/histogram';
import { count, number } from '@/ui/format';
import { Busy, Empty, ErrorNote } from '@/ui/notes';

import { numericFields, type KindProps } from '../kinds';
import { valuesOf } from '../values';

const MOST = 20_000;

/** How ratings are spread, a figure for each thing rated. */
export function SpreadView({ scope, dataset, selection, search, change }: KindProps) {
  const { data, error, isPending, refetch } = useQuery(manyRecordsQuery(scope.study, dataset.id, selection, { most: MOST }));
  const numeric = numericFields(dataset);
  const field = numeric.find((one) => one.id === search.y) ?? numeric.find((one) => one.id === 'value') ?? numeric[0];
  const groupable = dataset.fields.filter((one) => ['string', 'enum', 'identifier', 'boolean'].includes(one.type));
  const by = groupable.find((one) => one.id === search.by)?.id ?? groupable.find((one) => one.id === 'componentId')?.id;
  const groups = useMemo(() => {
    const all = new Map<string, number[]>();
    if (!field) return [];
    for (const record of data?.records ?? []) {
      const values = valuesOf(record);
      const value = values[field.id];
      if (typeof value !== 'number') continue;
      const key = by ? String(values[by] ?? '–') : '';
      const list = all.get(key);
      if (list) list.push(value);
      else all.set(key, [value]);
    }
    return [...all].sort((a, b) => b[1].length - a[1].length).slice(0, 24);
  }, [data, field, by]);
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (isPending) return <Busy what="Reading the ratings" />;
  if (!field || groups.length === 0) return <Empty icon="chart" title="No ratings to show" />;
  return (
    <div className="panel">
      <div className="table-tools">
        <Select aria-label="What is counted" w={200} allowDeselect={false} data={numeric.map((one) => ({ value: one.id, label: titleOf(one) }))} value={field.id} onChange={(y) => change({ y: y ?? undefined })} />
        <Select aria-label="Figure for each" w={200} clearable placeholder="all together" data={groupable.map((one) => ({ value: one.id, label: `each ${titleOf(one)}` }))} value={by ?? null} onChange={(next) => change({ by: next ?? undefined })} />
        {!data.complete && <span className="quiet small">of the first {count(data.records.length)} of {count(data.total)} records</span>}
      </div>
      <div className="spreads">
        {groups.map(([key, values]) => {
          const spread = spreadOf(values);
          return (
            <section key={key} className="spread">
              <h3>{key || titleOf(field)}</h3>
              <Bars label={`Distribution of ${field.id}${key ? ` for ${key}` : ''}`} bars={binsOf(values)} total={values.length} />
              {spread && (
                <p className="quiet small">
                  n {count(spread.n)} · mean {number(Number(spread.mean.toPrecision(4)))}
                  {spread.sd !== null && ` · sd ${number(Number(spread.sd.toPrecision(3)))}`} · median {number(spread.median)} · {number(spread.min)} to {number(spread.max)}
                </p>
              )}
            </section>
          );
        })}
      </div>
    </div>
  );
}
