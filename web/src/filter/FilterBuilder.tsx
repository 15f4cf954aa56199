import { ActionIcon, Button, Group as Row, Paper, Select, Stack, Text, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { keepPreviousData } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';

import type { Dataset } from '@/api/datasets';
import { countQuery, type Filter, type Selection } from '@/api/records';
import { CodeSamples } from '@/code/CodeSamples';
import { count } from '@/ui/format';
import { Icon } from '@/ui/Icon';
import { ErrorNote } from '@/ui/notes';
import { useToast } from '@/ui/toast';

import { apply, edit, emptyGroup, newKey, opsOf, targetsOf, type Group, type Part, type Target } from './model';
import { RuleEditor } from './RuleEditor';

interface Props {
  study: string;
  dataset: Dataset;
  attributes: string[];
  selection: Selection;
  filter: Filter | undefined;
  onChange: (filter: Filter | undefined) => void;
}

/** Rules within rules. What is complete counts at once: the table, the number of rows and the address follow. */
export function FilterBuilder({ study, dataset, attributes, selection, filter, onChange }: Props) {
  const [draft, setDraft] = useState<Group>(() => startOf(filter, dataset));
  const [code, setCode] = useState(false);
  const sent = useRef(JSON.stringify(filter));
  const targets = useMemo(() => targetsOf(dataset, attributes), [dataset, attributes]);
  useEffect(() => {
    if (JSON.stringify(filter) === sent.current) return;
    sent.current = JSON.stringify(filter);
    setDraft(startOf(filter, dataset));
  }, [filter, dataset]);
  useEffect(() => {
    const next = apply(draft);
    if (JSON.stringify(next) === sent.current) return;
    const timer = window.setTimeout(() => {
      sent.current = JSON.stringify(next);
      onChange(next);
    }, 250);
    return () => window.clearTimeout(timer);
  }, [draft, onChange]);
  const toast = useToast();
  const clear = () => {
    const was = draft;
    setDraft(startOf(undefined, dataset));
    if (apply(was)) toast.say('The filter is cleared.', () => setDraft(was));
  };
  const { data, error, isFetching } = useQuery({ ...countQuery(study, dataset.id, { ...selection, filter }), placeholderData: keepPreviousData, retry: false });
  return (
    <Paper withBorder p="sm" className="filter">
      <Stack gap="xs">
        <GroupEditor group={draft} targets={targets} onChange={setDraft} depth={0} />
        <ErrorNote error={error} title="The server does not take this filter" />
        <Row justify="space-between">
          <Text size="sm" role="status">
            {error ? '' : data ? `${count(data.count)} ${data.count === 1 ? 'row matches' : 'rows match'}` : 'Counting…'}
            {isFetching && data ? ' · counting…' : ''}
          </Text>
          <Row gap="xs">
            <Button variant="subtle" leftSection={<Icon name="braces" />} onClick={() => setCode(!code)} aria-expanded={code}>
              As code
            </Button>
            <Button variant="subtle" color="gray" onClick={clear}>
              Clear
            </Button>
          </Row>
        </Row>
        {code && <CodeSamples study={study} dataset={dataset.id} selection={{ ...selection, filter }} />}
      </Stack>
    </Paper>
  );
}

/** An empty filter starts with one rule to fill in. */
function startOf(filter: Filter | undefined, dataset: Dataset): Group {
  const group = edit(filter);
  return group.parts.length > 0 ? group : { ...group, parts: [newRule(dataset.fields[0]?.id ?? '', targetsOf(dataset, []))] };
}

function newRule(field: string, targets: Target[]): Part {
  const target = targets.find((one) => one.id === field);
  return { kind: 'rule', key: newKey(), field, op: opsOf(target)[0] ?? '=', value: '' };
}

function GroupEditor({ group, targets, onChange, onRemove, depth }: { group: Group; targets: Target[]; onChange: (group: Group) => void; onRemove?: () => void; depth: number }) {
  const set = (key: number, part: Part | null) => onChange({ ...group, parts: group.parts.flatMap((one) => (one.key === key ? (part ? [part] : []) : [one])) });
  const first = targets[0]?.id ?? '';
  return (
    <div className={depth > 0 ? 'filter-group' : undefined} role="group" aria-label={depth === 0 ? 'Filter' : 'Group of rules'}>
      <Row gap={6} mb={6}>
        <Select
          aria-label="How the rules are joined"
          data={[{ value: 'all', label: 'All of these' }, { value: 'any', label: 'Any of these' }, { value: 'none', label: 'None of these' }]}
          value={group.mode}
          allowDeselect={false}
          onChange={(mode) => onChange({ ...group, mode: mode as Group['mode'] })}
          w={140}
        />
        {onRemove && (
          <Tooltip label="Remove this group">
            <ActionIcon aria-label="Remove this group" onClick={onRemove}>
              <Icon name="close" size={13} />
            </ActionIcon>
          </Tooltip>
        )}
      </Row>
      <Stack gap={6}>
        {group.parts.map((part) =>
          part.kind === 'rule' ? (
            <RuleEditor key={part.key} rule={part} targets={targets} onChange={(rule) => set(part.key, rule)} onRemove={() => set(part.key, null)} />
          ) : (
            <GroupEditor key={part.key} group={part} targets={targets} onChange={(inner) => set(part.key, inner)} onRemove={() => set(part.key, null)} depth={depth + 1} />
          ),
        )}
      </Stack>
      <Row gap={4} mt={6}>
        <Button variant="subtle" size="compact-xs" leftSection={<Icon name="plus" size={12} />} onClick={() => onChange({ ...group, parts: [...group.parts, newRule(first, targets)] })}>
          Rule
        </Button>
        {depth < 6 && (
          <Button variant="subtle" size="compact-xs" leftSection={<Icon name="plus" size={12} />} onClick={() => onChange({ ...group, parts: [...group.parts, { ...emptyGroup('any'), parts: [newRule(first, targets)] }] })}>
            Group
          </Button>
        )}
      </Row>
    </div>
  );
}
