import { ActionIcon, Button, Checkbox, Group, Select, Stack, TagsInput, Text, TextInput } from '@mantine/core';

import { Icon } from '@/ui/Icon';

import { newRule, OPERATORS, type Blueprint, type ExtractionRule } from './project';

/** One file that is asked for: where it lies in what a platform hands out, and what of it is taken. */
export function BlueprintEditor({ blueprint, onChange, onRemove }: { blueprint: Blueprint; onChange: (blueprint: Blueprint) => void; onRemove?: (() => void) | undefined }) {
  const set = (part: Partial<Blueprint>) => onChange({ ...blueprint, ...part });
  const rules = blueprint.extraction_rules;
  const setRule = (index: number, part: Partial<ExtractionRule>) => set({ extraction_rules: rules.map((one, other) => (other === index ? { ...one, ...part } : one)) });
  return (
    <section className="spread" aria-label={`Blueprint ${blueprint.name || blueprint.id}`}>
      <Stack gap="xs">
        <Group grow align="flex-start">
          <TextInput label="Name" required value={blueprint.name} onChange={(event) => set({ name: event.currentTarget.value })} />
          <Select label="Format" allowDeselect={false} data={[{ value: 'json', label: 'JSON' }, { value: 'csv', label: 'CSV' }]} value={blueprint.format} onChange={(format) => set({ format: format as Blueprint['format'] })} />
        </Group>
        <TextInput label="Description" value={blueprint.description ?? ''} onChange={(event) => set({ description: event.currentTarget.value || null })} />
        <Group grow align="flex-start">
          <TextInput label="Path in the ZIP" description="A regular expression; empty: the file itself." value={blueprint.regex_path ?? ''} onChange={(event) => set({ regex_path: event.currentTarget.value || null })} />
          {blueprint.format === 'json' ? (
            <TextInput label="Where the entries begin" description="A member of the JSON; empty: at its root." value={blueprint.json_extraction_root} onChange={(event) => set({ json_extraction_root: event.currentTarget.value })} />
          ) : (
            <TextInput label="Delimiter" description="Empty: a comma." value={blueprint.csv_delimiter} onChange={(event) => set({ csv_delimiter: event.currentTarget.value })} />
          )}
        </Group>
        <TagsInput label="Fields that have to be there" description="By them the file is known. Type, then Enter." value={blueprint.expected_fields} onChange={(fields) => set({ expected_fields: fields })} />
        <Checkbox label="These are regular expressions" checked={blueprint.exp_fields_regex_matching} onChange={(event) => set({ exp_fields_regex_matching: event.currentTarget.checked })} />
        <Text size="xs" fw={500}>
          What is taken, in this order
        </Text>
        {rules.map((rule, index) => (
          <Group key={rule.id} gap={6} role="group" aria-label={`Rule ${index + 1}`}>
            <TextInput aria-label="Field of the file" placeholder="Field" required value={rule.field} onChange={(event) => setRule(index, { field: event.currentTarget.value })} w={150} />
            <Select aria-label="What is done" allowDeselect={false} data={OPERATORS} value={rule.comparison_operator ?? ''} onChange={(operator) => setRule(index, { comparison_operator: operator || null })} w={210} />
            {rule.comparison_operator && <TextInput aria-label="Compared with" placeholder="Value" value={rule.comparison_value} onChange={(event) => setRule(index, { comparison_value: event.currentTarget.value })} w={140} />}
            {rule.comparison_operator === 'regex-replace-match' && <TextInput aria-label="Replaced by" placeholder="Replaced by" value={rule.replacement_value} onChange={(event) => setRule(index, { replacement_value: event.currentTarget.value })} w={140} />}
            <Checkbox label="field is a regular expression" checked={rule.regex_field} onChange={(event) => setRule(index, { regex_field: event.currentTarget.checked })} />
            <ActionIcon aria-label={`Remove rule ${index + 1}`} onClick={() => set({ extraction_rules: rules.filter((one) => one.id !== rule.id) })}>
              <Icon name="close" size={13} />
            </ActionIcon>
          </Group>
        ))}
        <Group gap="xs">
          <Button variant="subtle" size="compact-xs" leftSection={<Icon name="plus" size={12} />} onClick={() => set({ extraction_rules: [...rules, newRule(rules)] })}>
            Rule
          </Button>
          {onRemove && (
            <Button variant="subtle" color="red" size="compact-xs" onClick={onRemove}>
              Remove this file
            </Button>
          )}
        </Group>
      </Stack>
    </section>
  );
}
