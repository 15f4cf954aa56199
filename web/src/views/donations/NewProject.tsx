import { Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { putDonationProject } from '@/api/donations';
import { FormDialog } from '@/ui/FormDialog';

/** What a project needs to begin with: the names of the files that are asked for. All else is set in the Data Center. */
export function NewProject({ study, onClose }: { study: string; onClose: () => void }) {
  const [names, setNames] = useState('');
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: () => putDonationProject(study, { blueprints: names.split('\n').map((name) => name.trim()).filter(Boolean).map((name, index) => ({ id: index + 1, name, format: 'json' })) }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['study', study] });
      onClose();
    },
  });
  return (
    <FormDialog title="Make it a donation project" action="Make the project" deed={make} onClose={onClose}>
      <Textarea label="Files that are asked for" description="A name on each line, such as “Watch history”. What is taken of them, and what is asked beside, is set afterwards." autosize minRows={3} required data-autofocus value={names} onChange={(event) => setNames(event.currentTarget.value)} />
    </FormDialog>
  );
}
