import { ActionIcon, Group, MultiSelect, NumberInput, Select, TagsInput, TextInput, Tooltip } from '@mantine/core';
import { useMemo } from 'react';

import { Icon } from '@/ui/Icon';

import { opsOf, opWords, timeWords, type Op, type Rule, type Target } from './model';

interface Props {
  rule: Rule;
  targets: Target[];
  onChange: (rule: Rule) => void;
  onRemove: () => void;
}

export function RuleEditor({ rule, targets, onChange, onRemove }: Props) {
  const target = targets.find((one) => one.id === rule.field);
  const groups = useMemo(() => {
    const all = new Map<string, { value: string; label: string }[]>();
    for (const one of targets) all.set(one.group, [...(all.get(one.group) ?? []), { value: one.id, label: one.title }]);
    return [...all].map(([group, items]) => ({ group, items }));
  }, [targets]);
  const ops = opsOf(target);
  const words = (op: Op) => (target?.kind === 'time' ? (timeWords[op] ?? opWords[op]) : opWords[op]);
  return (
    <Group gap={6} wrap="wrap" className="rule">
      <Select
        aria-label="Field"
        placeholder="Field"
        searchable selectFirstOptionOnChange
        data={groups}
        value={rule.field || null}
        w={230}
        limit={300}
        nothingFoundMessage="No such field"
        onChange={(field) => {
          if (!field) return;
          const next = targets.find((one) => one.id === field);
          const op = opsOf(next).includes(rule.op) && next?.kind === target?.kind ? rule.op : (opsOf(next)[0] ?? '=');
          onChange({ ...rule, field, op, value: next?.kind === target?.kind && !next?.options ? rule.value : '' });
        }}
      />
      <Select
        aria-label="Comparison"
        data={ops.map((op) => ({ value: op, label: words(op) }))}
        value={rule.op}
        w={140}
        allowDeselect={false}
        onChange={(op) => {
          const many = op === 'in' || op === 'not_in' || op === 'between';
          const was = Array.isArray(rule.value);
          onChange({ ...rule, op: op as Op, value: many === was ? rule.value : many ? [] : '' });
        }}
      />
      <ValueEditor rule={rule} target={target} onChange={(value) => onChange({ ...rule, value })} />
      <Tooltip label="Remove this rule">
        <ActionIcon aria-label="Remove this rule" onClick={onRemove}>
          <Icon name="close" size={13} />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}

function ValueEditor({ rule, target, onChange }: { rule: Rule; target: Target | undefined; onChange: (value: unknown) => void }) {
  const { op, value } = rule;
  if (op === 'is_null' || op === 'is_not_null') return null;
  const list = Array.isArray(value) ? value : [];
  if (op === 'between') {
    return (
      <Group gap={4}>
        <OneValue label="From" kind={target?.kind} value={list[0]} onChange={(from) => onChange([from, list[1] ?? ''])} />
        <span className="quiet">and</span>
        <OneValue label="To" kind={target?.kind} value={list[1]} onChange={(to) => onChange([list[0] ?? '', to])} />
      </Group>
    );
  }
  if (op === 'in' || op === 'not_in') {
    if (target?.options) return <MultiSelect aria-label="Values" searchable data={target.options} value={list.map(String)} onChange={onChange} miw={220} />;
    return <TagsInput aria-label="Values" placeholder="Type, then Enter" value={list.map(String)} onChange={onChange} miw={220} />;
  }
  if (target?.options) return <Select aria-label="Value" searchable selectFirstOptionOnChange placeholder="Option" data={target.options} value={value === '' ? null : String(value)} onChange={onChange} w={220} />;
  return <OneValue label="Value" kind={target?.kind} value={value} onChange={onChange} />;
}

function OneValue({ label, kind, value, onChange }: { label: string; kind: Target['kind'] | undefined; value: unknown; onChange: (value: unknown) => void }) {
  if (kind === 'number') return <NumberInput aria-label={label} placeholder="Number" value={typeof value === 'number' ? value : ''} onChange={(next) => onChange(next === '' ? '' : Number(next))} w={130} hideControls />;
  if (kind === 'boolean') {
    return <Select aria-label={label} placeholder="yes or no" data={[{ value: 'true', label: 'yes' }, { value: 'false', label: 'no' }]} value={typeof value === 'boolean' ? String(value) : null} onChange={(next) => onChange(next === null ? '' : next === 'true')} w={120} />;
  }
  if (kind === 'time') return <TextInput aria-label={label} placeholder="2026-01-31 08:00 (UTC)" value={String(value ?? '').replace('T', ' ').replace(/Z$/, '')} onChange={(event) => onChange(isoOf(event.currentTarget.value))} w={190} description={undefined} title="UTC unless an offset is given" />;
  return <TextInput aria-label={label} placeholder="Text" value={String(value ?? '')} onChange={(event) => onChange(event.currentTarget.value)} w={200} />;
}

/** "2026-01-31 08:00" → "2026-01-31T08:00": a time is UTC where no offset is given, as everywhere in the API. */
const isoOf = (text: string) => text.trimStart().replace(/^(\d{4}-\d{2}-\d{2}) (?=\d)/, '$1T');
