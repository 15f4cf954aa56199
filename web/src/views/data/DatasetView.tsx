import { Button, SegmentedControl, Select, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useMemo } from 'react';

import type { Dataset } from '@/api/datasets';
import { participantsQuery, sessionsQuery } from '@/api/people';
import { useAddress } from '@/app/address';
import { useDownload } from '@/download/context';
import { countRules } from '@/filter/model';
import { ColumnChooser } from '@/table/ColumnChooser';
import { SearchBox } from '@/table/SearchBox';
import { Icon } from '@/ui/Icon';
import { Busy } from '@/ui/notes';
import { attributeNames } from '@/views/participants/attributes';

import { kindViews, usualView } from './kinds';
import { recordColumns } from './record-columns';
import { RecordDrawer } from './RecordDrawer';
import { RecordsTable } from './RecordsTable';
import { selectionOf, type DataSearch, type Scope } from './scope';
import { TimeRange } from './TimeRange';

const FilterBuilder = lazy(async () => ({ default: (await import('@/filter/FilterBuilder')).FilterBuilder }));

/** One dataset in a scope: as a table or as what its kind is, searched, filtered, opened and taken along. */
export function DatasetView({ scope, dataset }: { scope: Scope; dataset: Dataset }) {
  const [search, change] = useAddress<DataSearch>();
  const { data: sessions } = useQuery(sessionsQuery(scope.study));
  const { data: people } = useQuery(participantsQuery(scope.study));
  const download = useDownload();
  const hasSessions = (sessions?.total ?? 0) > 0;
  // The same as long as it picks the same: views read everything again when it is another.
  const picked = JSON.stringify([search.filter, search.q, search.since, search.until]);
  const selection = useMemo(() => {
    const [filter, q, since, until] = JSON.parse(picked) as [DataSearch['filter'] | null, ...(string | null)[]];
    return selectionOf(scope, { filter: filter ?? undefined, q: q ?? undefined, since: since ?? undefined, until: until ?? undefined }, dataset);
  }, [scope, picked, dataset]);
  const attributes = useMemo(() => attributeNames(people?.items ?? []).slice(0, 40), [people]);
  const views = kindViews(dataset);
  const view = views.find((one) => one.id === search.view) ?? views.find((one) => one.id === usualView(dataset, scope)) ?? views[0]!;
  const show = search.show ?? 'labels';
  const rules = countRules(search.filter);
  const setFilter = useCallback((filter: DataSearch['filter']) => change({ filter }), [change]);
  const columns = useMemo(() => recordColumns(dataset, scope, show, hasSessions), [dataset, scope, show, hasSessions]);
  const hasOptions = dataset.fields.some((field) => field.type === 'enum' || field.type === 'set');
  const View = view.component;
  return (
    <>
      <div className="table-tools">
        {views.length > 1 && (
          <SegmentedControl aria-label="Shown as" data={views.map((one) => ({ value: one.id, label: one.title }))} value={view.id} onChange={(next) => change({ view: next === usualView(dataset, scope) ? undefined : next, y: undefined, by: undefined, zoom: undefined })} />
        )}
        <SearchBox label="Search texts" value={search.q ?? ''} onChange={(q) => change({ q: q || undefined })} />
        <Button variant={rules > 0 ? 'light' : 'default'} leftSection={<Icon name="filter" />} aria-expanded={Boolean(search.filtering)} onClick={() => change({ filtering: search.filtering ? undefined : true })}>
          Filter{rules > 0 ? ` · ${rules}` : ''}
        </Button>
        <TimeRange since={search.since} until={search.until} onChange={(range) => change(range)} />
        <div className="grow" />
        {hasOptions && (
          <Tooltip label="How answers from a list are shown">
            <Select aria-label="Show options as" w={96} allowDeselect={false} data={[{ value: 'labels', label: 'Labels' }, { value: 'codes', label: 'Codes' }, { value: 'ids', label: 'Ids' }]} value={show} onChange={(next) => change({ show: next === 'labels' ? undefined : (next as DataSearch['show']) })} />
          </Tooltip>
        )}
        {view.id === 'table' && <ColumnChooser columns={columns} chosen={search.columns} onChange={(chosen) => change({ columns: chosen })} />}
        <Button leftSection={<Icon name="download" />} onClick={() => download.open({ study: scope.study, datasets: [dataset.id], selection, columns: view.id === 'table' ? search.columns : undefined, sort: search.sort, what: dataset.name })}>
          Download
        </Button>
      </div>
      {search.filtering && (
        <Suspense fallback={<Busy what="Opening the filter" />}>
          <FilterBuilder key={dataset.id} study={scope.study} dataset={dataset} attributes={attributes} selection={{ ...selection, filter: undefined }} filter={search.filter} onChange={setFilter} />
        </Suspense>
      )}
      <Suspense fallback={<Busy what="Opening the view" />}>
        {view.id === 'table' || !View ? (
          <RecordsTable scope={scope} dataset={dataset} selection={selection} search={search} change={change} hasSessions={hasSessions} />
        ) : (
          <View scope={scope} dataset={dataset} selection={selection} show={show} open={(record) => change({ record }, { push: true })} search={search} change={change} />
        )}
      </Suspense>
      <RecordDrawer scope={scope} dataset={dataset} show={show} search={search} change={change} />
    </>
  );
}
