import { Button, Checkbox, Group, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core';

import type { Field } from '@/api/datasets';
import { Icon } from '@/ui/Icon';

export const TYPES: Field['type'][] = ['string', 'integer', 'double', 'boolean', 'datetime', 'identifier', 'enum', 'set', 'json'];
const CLASSES = [{ value: 'plain', label: 'plain' }, { value: 'sensitive', label: 'sensitive' }, { value: 'quasi', label: 'quasi-identifier: age, region, …' }, { value: 'direct', label: 'direct identifier: name, e-mail, …' }];

/** Without members that say nothing. */
function without<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== '' && one !== undefined)) as T;
}

export function FieldEditor({ field, fixed, onChange }: { field: Field; fixed: boolean; onChange: (field: Field) => void }) {
  const set = (part: Partial<Field>) => onChange({ ...without({ ...field, ...part }), id: part.id ?? field.id, type: part.type ?? field.type });
  const options = field.options ?? [];
  const numeric = field.type === 'integer' || field.type === 'double';
  return (
    <Stack gap="xs">
      <Group grow>
        <TextInput label="Id" required disabled={fixed} value={field.id} onChange={(event) => set({ id: event.currentTarget.value })} />
        <Select label="Type" allowDeselect={false} disabled={fixed} data={TYPES} value={field.type} onChange={(type) => type && set({ type: type as Field['type'] })} />
      </Group>
      <TextInput label="Label" description="What people read: the question, say." value={field.label ?? ''} onChange={(event) => set({ label: event.currentTarget.value })} />
      <Group grow>
        <Select label="Privacy class" allowDeselect={false} data={CLASSES} value={field.privacy ?? 'plain'} onChange={(privacy) => set({ privacy: privacy as NonNullable<Field['privacy']> })} />
        <TextInput label="Group" value={field.group ?? ''} onChange={(event) => set({ group: event.currentTarget.value })} />
      </Group>
      {numeric && (
        <Group grow>
          <TextInput label="Unit" value={field.unit ?? ''} onChange={(event) => set({ unit: event.currentTarget.value })} />
          <NumberInput label="Least" value={field.min ?? ''} onChange={(value) => onChange(without({ ...field, min: value === '' ? (undefined as never) : Number(value) }))} />
          <NumberInput label="Most" value={field.max ?? ''} onChange={(value) => onChange(without({ ...field, max: value === '' ? (undefined as never) : Number(value) }))} />
        </Group>
      )}
      <Checkbox label="Every record needs an answer or a skip" checked={field.required ?? false} onChange={(event) => set({ required: event.currentTarget.checked })} />
      {(field.type === 'enum' || field.type === 'set') && (
        <div>
          <Text size="xs" fw={500}>
            Options
          </Text>
          <div className="options">
            {options.map((option, index) => (
              <Group key={index} gap={4} wrap="nowrap">
                <TextInput aria-label={`Id of option ${index + 1}`} placeholder="id" value={option.id} onChange={(event) => set({ options: options.map((one, other) => (other === index ? { ...one, id: event.currentTarget.value } : one)) })} />
                <TextInput aria-label={`Code of option ${index + 1}`} placeholder="code" w={80} value={option.code ?? ''} onChange={(event) => set({ options: options.map((one, other) => (other === index ? without({ ...one, code: event.currentTarget.value }) : one)) })} />
                <TextInput aria-label={`Label of option ${index + 1}`} placeholder="label" style={{ flex: 1 }} value={option.label ?? ''} onChange={(event) => set({ options: options.map((one, other) => (other === index ? without({ ...one, label: event.currentTarget.value }) : one)) })} />
              </Group>
            ))}
          </div>
          <Button variant="subtle" size="compact-xs" leftSection={<Icon name="plus" size={12} />} onClick={() => set({ options: [...options, { id: '' }] })}>
            Option
          </Button>
        </div>
      )}
    </Stack>
  );
}
