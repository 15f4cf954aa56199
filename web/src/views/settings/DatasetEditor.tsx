import { ActionIcon, Button, Group, Modal, ScrollArea, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { putDataset, type Dataset, type Field, type Kind } from '@/api/datasets';
import { Icon } from '@/ui/Icon';
import { ErrorNote } from '@/ui/notes';
import { useToast } from '@/ui/toast';

import { FieldEditor } from './FieldEditor';

export const KINDS: Kind[] = ['custom', 'survey', 'events', 'chat', 'continuous_ratings', 'sparse_ratings', 'sync_metrics', 'components', 'recordings', 'sensor', 'donation', 'profile'];

/** A definition. What is there already keeps its type; fields and options only ever come to it. */
export function DatasetEditor({ study, dataset, onClose }: { study: string; dataset: Dataset | null; onClose: () => void }) {
  const [id, setId] = useState(dataset?.id ?? '');
  const [name, setName] = useState(dataset?.name ?? '');
  const [kind, setKind] = useState<Kind>(dataset?.kind ?? 'custom');
  const [mode, setMode] = useState<string | null>(dataset?.mode ?? null);
  const [fields, setFields] = useState<Field[]>(dataset?.fields ?? [{ id: '', type: 'string' }]);
  const [at, setAt] = useState(0);
  const queries = useQueryClient();
  const toast = useToast();
  const fixed = new Set(dataset?.fields.map((field) => field.id));
  const save = useMutation({
    mutationFn: () => putDataset(study, id, { name: name || id, kind, ...(mode ? { mode: mode as Dataset['mode'] } : {}), fields: fields.filter((field) => field.id) }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['study', study, 'datasets'] });
      toast.say('The definition is saved.');
      onClose();
    },
  });
  const field = fields[at];
  return (
    <Modal opened onClose={onClose} title={dataset ? `Dataset ${dataset.name}` : 'New dataset'} size={820} closeOnClickOutside={false}>
      <form onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        <Stack gap="sm">
          <Group grow align="flex-start">
            <TextInput label="Id" required disabled={dataset !== null} value={id} onChange={(event) => setId(event.currentTarget.value)} />
            <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
            <Select label="Kind" allowDeselect={false} disabled={dataset !== null} data={KINDS.map((one) => ({ value: one, label: one.replaceAll('_', ' ') }))} value={kind} onChange={(value) => value && setKind(value as Kind)} />
            <Select label="Records" disabled={dataset !== null} placeholder="as usual for the kind" clearable data={[{ value: 'append', label: 'are only added' }, { value: 'keyed', label: 'can be replaced' }]} value={mode} onChange={setMode} />
          </Group>
          <div className="fields">
            <div>
              <Text size="xs" fw={500} mb={4}>
                Fields
              </Text>
              <ScrollArea.Autosize mah={360}>
                <ul className="field-list" aria-label="Fields">
                  {fields.map((one, index) => (
                    <li key={index}>
                      <button type="button" aria-current={index === at || undefined} onClick={() => setAt(index)}>
                        {one.label ?? one.name ?? (one.id || 'new field')} <span className="quiet small">{one.type}</span>
                      </button>
                      {!fixed.has(one.id) && (
                        <ActionIcon size="sm" aria-label={`Remove ${one.id || 'the new field'}`} onClick={() => { setFields(fields.filter((_, other) => other !== index)); setAt(Math.max(0, index - 1)); }}>
                          <Icon name="close" size={12} />
                        </ActionIcon>
                      )}
                    </li>
                  ))}
                </ul>
              </ScrollArea.Autosize>
              <Button variant="subtle" size="compact-xs" leftSection={<Icon name="plus" size={12} />} onClick={() => { setFields([...fields, { id: '', type: 'string' }]); setAt(fields.length); }}>
                Field
              </Button>
            </div>
            {field && <FieldEditor key={at} field={field} fixed={fixed.has(field.id)} onChange={(next) => setFields(fields.map((one, index) => (index === at ? next : one)))} />}
          </div>
          <ErrorNote error={save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>Cancel</Button>
            <Button type="submit" loading={save.isPending}>Save the definition</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
