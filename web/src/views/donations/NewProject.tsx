import { Button, Group, Modal, Stack, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { putDonationProject } from '@/api/donations';
import { ErrorNote } from '@/ui/notes';

/** What a project needs to begin with: the names of the files that are asked for. All else is set over the API. */
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
    <Modal opened onClose={onClose} title="Make it a donation project">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <Stack gap="sm">
          <Textarea label="Files that are asked for" description="A name on each line, such as “Watch history”. Rules of extraction and the questionnaire are set over the API." autosize minRows={3} required data-autofocus value={names} onChange={(event) => setNames(event.currentTarget.value)} />
          <ErrorNote error={make.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={make.isPending}>
              Make the project
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
