import { Accordion, Button, Checkbox, Group, Modal, MultiSelect, NumberInput, Radio, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import { codedSelection } from '@/api/codes';
import { datasetsQuery, type Dataset } from '@/api/datasets';
import { countRules, titleOf } from '@/filter/model';
import { useZone, zones } from '@/time/zone';
import { ErrorNote } from '@/ui/notes';
import { recordColumns } from '@/views/data/record-columns';

import { useDownload, type Wanted } from './context';
import { identifierWords, requestOf, usualOptions, type Options } from './request';
import { RiskFigures } from './RiskFigures';

/** What a record says of itself, and the fields of its dataset. */
const columnsOf = (dataset: Dataset) => recordColumns(dataset, { study: '' }, 'labels', true).map((column) => ({ value: column.id, label: column.title === column.id ? column.title : `${column.title} (${column.id})` }));

const FORMATS = [
  { value: 'csv', label: 'CSV' }, { value: 'json', label: 'JSON' }, { value: 'ndjson', label: 'NDJSON' }, { value: 'parquet', label: 'Parquet' }, { value: 'zip', label: 'ZIP' },
];

export function DownloadDialog({ wanted, onClose }: { wanted: Wanted; onClose: () => void }) {
  const { zone } = useZone();
  const { start } = useDownload();
  const { data: all = [] } = useQuery(datasetsQuery(wanted.study));
  const [chosen, setChosen] = useState<string[] | null>(wanted.datasets ?? null);
  const datasets = useMemo(() => chosen ?? all.map((one) => one.id), [chosen, all]);
  const many = datasets.length > 1;
  const [options, setOptions] = useState<Options>(() => usualOptions(!wanted.datasets || wanted.datasets.length > 1, zone, wanted.columns?.split(',') ?? []));
  const set = (part: Partial<Options>) => setOptions((old) => ({ ...old, ...part }));
  const format = many ? 'zip' : options.format;
  const effective: Options = { ...options, format };
  const inside = format === 'zip' ? options.files : format;
  const aggregate = options.identifiers === 'aggregate';
  const go = useMutation({
    mutationFn: async () => {
      const selection = options.identifiers === 'keep' ? wanted.selection : await codedSelection(wanted.study, wanted.selection);
      return start(wanted.study, wanted.what, requestOf({ ...wanted, selection }, datasets, effective));
    },
    onSuccess: onClose,
  });
  const { selection } = wanted;
  const narrowed = [
    countRules(selection.filter) > 0 ? 'the filter applies' : '',
    selection.participants?.length ? `participant ${selection.participants.join(', ')}` : '',
    selection.sessions?.length ? `session ${selection.sessions.join(', ')}` : '',
    selection.since || selection.until ? 'the time range applies' : '',
  ].filter(Boolean);
  const one = datasets.length === 1 ? all.find((dataset) => dataset.id === datasets[0]) : undefined;
  // Of another dataset than it was opened for, other columns.
  const choose = (ids: string[]) => {
    setChosen(ids);
    if (ids.length !== 1) set({ columns: [] });
  };
  const groupable = (one?.fields ?? []).filter((field) => ['enum', 'boolean', 'string', 'integer'].includes(field.type)).map((field) => ({ value: field.id, label: titleOf(field) }));
  return (
    <Modal opened onClose={onClose} title={`Download: ${wanted.what}`} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          go.mutate();
        }}
      >
        <Stack gap="md">
          {narrowed.length > 0 && (
            <Text size="sm" c="dimmed">
              What you see is what you get: {narrowed.join(', ')}.
            </Text>
          )}
          {(!wanted.datasets || wanted.datasets.length > 1) && (
            <MultiSelect label="Datasets" data={[...all.map((dataset) => ({ value: dataset.id, label: dataset.name })), { value: '_participants', label: 'The list of participants' }]} value={datasets} onChange={choose} error={datasets.length === 0 ? 'Choose at least one' : undefined} />
          )}
          <Stack gap={4}>
            <Text size="xs" fw={500} id="format-label">
              Format
            </Text>
            <SegmentedControl aria-labelledby="format-label" data={FORMATS.map((entry) => ({ ...entry, disabled: many && entry.value !== 'zip' }))} value={format} onChange={(value) => set({ format: value as Options['format'] })} />
          </Stack>
          {format === 'zip' && (
            <Group grow>
              <Select label="Files in the ZIP" allowDeselect={false} data={FORMATS.filter((entry) => entry.value !== 'zip')} value={options.files} onChange={(files) => set({ files: files as Options['files'] })} />
              {!aggregate && (
                <Select
                  label="Folders"
                  allowDeselect={false}
                  data={[{ value: 'dataset', label: 'One for each dataset' }, { value: 'participant', label: 'One for each session and participant' }]}
                  value={options.layout}
                  onChange={(layout) => set({ layout: layout as Options['layout'] })}
                />
              )}
            </Group>
          )}
          <Radio.Group label="Who is in it" value={options.identifiers} onChange={(value) => set({ identifiers: value as Options['identifiers'] })}>
            <Stack gap={8} mt={4}>
              {(Object.keys(identifierWords) as Options['identifiers'][]).map((mode) => (
                <Radio key={mode} value={mode} label={identifierWords[mode].title} description={options.identifiers === mode ? identifierWords[mode].says : undefined} />
              ))}
            </Stack>
          </Radio.Group>
          {aggregate && one && <MultiSelect label="Groups" description="A row for each field and group; none: one row a field." data={groupable} value={options.groupBy} onChange={(groupBy) => set({ groupBy })} searchable />}
          {options.identifiers === 'remove' && <RiskFigures study={wanted.study} datasets={datasets} selection={selection} />}
          <Accordion variant="contained" chevronPosition="left">
            <Accordion.Item value="more">
              <Accordion.Control>
                <Text size="sm">More: columns, time zone, Excel, consent</Text>
              </Accordion.Control>
              <Accordion.Panel>
                <Stack gap="sm">
                  {one && !aggregate && (
                    <MultiSelect
                      label="Columns"
                      description={wanted.columns ? 'Those that are shown, in that order. None: all.' : 'None chosen: all.'}
                      placeholder={options.columns.length === 0 ? 'All' : undefined}
                      data={columnsOf(one)}
                      value={options.columns}
                      onChange={(columns) => set({ columns })}
                      searchable
                      clearable
                      limit={200}
                    />
                  )}
                  <Group grow align="flex-start">
                    <Select label="Times in" searchable selectFirstOptionOnChange allowDeselect={false} data={zones()} value={options.zone} disabled={inside === 'parquet'} onChange={(value) => value && set({ zone: value })} limit={60} />
                    <Select
                      label="Options as"
                      allowDeselect={false}
                      disabled={inside === 'parquet'}
                      data={[{ value: 'usual', label: 'Usual for the format' }, { value: 'labels', label: 'Labels' }, { value: 'codes', label: 'Codes' }, { value: 'ids', label: 'Ids' }]}
                      value={options.values}
                      onChange={(value) => set({ values: value as Options['values'] })}
                    />
                  </Group>
                  {inside === 'csv' && (
                    <>
                      <Group grow align="flex-start">
                        <Select
                          label="Written for"
                          allowDeselect={false}
                          data={[{ value: 'rfc4180', label: 'Scripts: plain CSV, no BOM' }, { value: 'excel', label: 'Excel: with BOM' }, { value: 'excel-eu', label: 'Excel: BOM, ; and decimal comma' }]}
                          value={options.profile}
                          onChange={(value) => set({ profile: value as Options['profile'] })}
                        />
                        <Select label="Header" allowDeselect={false} data={[{ value: 'names', label: 'Ids of fields' }, { value: 'labels', label: 'Labels' }]} value={options.header} onChange={(value) => set({ header: value as Options['header'] })} />
                      </Group>
                      <Select
                        label="Questions with several answers"
                        allowDeselect={false}
                        data={[{ value: 'joined', label: 'One column, joined by ;' }, { value: 'split', label: 'A column for each option, 1 or 0' }, { value: 'both', label: 'Both' }]}
                        value={options.sets}
                        onChange={(value) => set({ sets: value as Options['sets'] })}
                      />
                      <Group grow align="flex-start">
                        <TextInput label="Skipped is written as" placeholder="empty" value={options.skipped} onChange={(event) => set({ skipped: event.currentTarget.value })} />
                        <TextInput label="Not asked is written as" placeholder="empty" value={options.absent} onChange={(event) => set({ absent: event.currentTarget.value })} />
                      </Group>
                    </>
                  )}
                  <Select
                    label="Consent"
                    allowDeselect={false}
                    data={[{ value: 'study', label: 'As the study’s settings say' }, { value: 'yes', label: 'Only participants who consent now' }, { value: 'no', label: 'Everybody who has not withdrawn' }]}
                    value={options.consented}
                    onChange={(value) => set({ consented: value as Options['consented'] })}
                  />
                  {!aggregate && (
                    <>
                      <Checkbox label="Shift each participant’s dates by a secret number of days" checked={options.shiftDates} onChange={(event) => set({ shiftDates: event.currentTarget.checked })} />
                      <NumberInput label="Decimals of places" description="Latitude and longitude are rounded: 2 is about a kilometre. Empty: as recorded." min={0} max={8} value={options.decimals ?? ''} onChange={(value) => set({ decimals: value === '' ? null : Number(value) })} />
                    </>
                  )}
                  {options.identifiers === 'remove' && (
                    <Group grow align="flex-start">
                      <NumberInput label="Smallest group allowed" description="0: no gate" min={0} value={options.requireK} onChange={(value) => set({ requireK: Number(value) || 0 })} />
                      <Select label="Smaller ones" description="what happens to them" allowDeselect={false} data={[{ value: 'fail', label: 'Refuse the download' }, { value: 'suppress', label: 'Leave their records out' }]} value={options.onRisk} onChange={(value) => set({ onRisk: value as Options['onRisk'] })} />
                    </Group>
                  )}
                </Stack>
              </Accordion.Panel>
            </Accordion.Item>
          </Accordion>
          <ErrorNote error={go.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Close
            </Button>
            <Button type="submit" loading={go.isPending} disabled={datasets.length === 0}>
              Download
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
