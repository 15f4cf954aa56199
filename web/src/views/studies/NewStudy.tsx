import { Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { createStudy } from '@/api/studies';
import { FormDialog } from '@/ui/FormDialog';

const slugOf = (name: string) => name.toLowerCase().normalize('NFKD').replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 64);

export function NewStudy({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [name, setName] = useState('');
  const [id, setId] = useState<string | null>(null);
  const [description, setDescription] = useState('');
  const queries = useQueryClient();
  const navigate = useNavigate();
  const make = useMutation({
    mutationFn: () => createStudy({ name: name.trim(), description, ...((id ?? slugOf(name)) ? { id: id ?? slugOf(name) } : {}) }),
    onSuccess: async (study) => {
      await queries.invalidateQueries({ queryKey: ['studies'] });
      onClose();
      await navigate({ to: '/studies/$study', params: { study: study.id } });
    },
  });
  return (
    <FormDialog opened={opened} title="New study" action="Make the study" deed={make} onClose={onClose}>
      <TextInput label="Name" required data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <TextInput label="Id" description="Stands in addresses and scripts and never changes: letters, digits, - and _." value={id ?? slugOf(name)} onChange={(event) => setId(event.currentTarget.value)} />
      <Textarea label="Description" autosize minRows={2} value={description} onChange={(event) => setDescription(event.currentTarget.value)} />
    </FormDialog>
  );
}
