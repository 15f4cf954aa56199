import { Button, Group, Stack, Switch, TextInput, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import type { Schemas } from '@/api/client';
import { putDonationProject, type DonationProject } from '@/api/donations';
import { Icon } from '@/ui/Icon';
import { ErrorNote } from '@/ui/notes';
import { useToast } from '@/ui/toast';

import { BlueprintEditor } from './BlueprintEditor';
import { newBlueprint, type Blueprint, type Question } from './project';
import { Questions } from './Questions';

type Settings = Schemas['DonationSettings'];

/** What the project asks of those who take part: the pages they see, the files, the questions. */
export function Asked({ study, project }: { study: string; project: DonationProject }) {
  const [next, setNext] = useState<Settings>(project.settings);
  const set = (part: Partial<Settings>) => setNext((old) => ({ ...old, ...part }));
  const blueprints = (next.blueprints ?? []) as unknown as Blueprint[];
  const questions = (next.questionnaire ?? []) as unknown as Question[];
  const setBlueprints = (all: Blueprint[]) => set({ blueprints: all as unknown as NonNullable<Settings['blueprints']> });
  // Of what has been asked for there may be data: it is no longer asked, but not taken away here.
  const kept = new Set(((project.settings.blueprints ?? []) as unknown as Blueprint[]).map((one) => one.id));
  const queries = useQueryClient();
  const toast = useToast();
  const refresh = () => queries.invalidateQueries({ queryKey: ['study', study] });
  const save = useMutation({
    mutationFn: () => putDonationProject(study, next),
    onSuccess: async () => {
      await refresh();
      const was = project.settings;
      toast.say('What is asked is saved.', () => void putDonationProject(study, was).then(() => setNext(was)).then(refresh).catch(toast.fail));
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Stack gap="sm" mt="md" className="asked">
        <Switch size="sm" label="Open to participants" checked={next.active ?? true} onChange={(event) => set({ active: event.currentTarget.checked })} />
        <Switch size="sm" label="Asks for consent before anything else" checked={next.briefing_consent ?? false} onChange={(event) => set({ briefing_consent: event.currentTarget.checked })} />
        <Switch size="sm" label="Keeps parameters of the address people come by" checked={next.url_parameter_enabled ?? false} onChange={(event) => set({ url_parameter_enabled: event.currentTarget.checked })} />
        {next.url_parameter_enabled && <TextInput label="Which parameters" description="Names with ; between." value={next.expected_url_parameters ?? ''} onChange={(event) => set({ expected_url_parameters: event.currentTarget.value })} />}
        <Textarea label="Contact" autosize minRows={2} value={next.contact_information ?? ''} onChange={(event) => set({ contact_information: event.currentTarget.value })} />
        <Textarea label="Data protection statement" autosize minRows={2} value={next.data_protection_statement ?? ''} onChange={(event) => set({ data_protection_statement: event.currentTarget.value })} />
        <h2 className="section">Files</h2>
        {blueprints.map((blueprint, index) => (
          <BlueprintEditor
            key={blueprint.id}
            blueprint={blueprint}
            onChange={(changed) => setBlueprints(blueprints.map((one, other) => (other === index ? changed : one)))}
            onRemove={kept.has(blueprint.id) ? undefined : () => setBlueprints(blueprints.filter((one) => one.id !== blueprint.id))}
          />
        ))}
        <div>
          <Button variant="light" leftSection={<Icon name="plus" size={12} />} onClick={() => setBlueprints([...blueprints, newBlueprint(blueprints)])}>
            Another file
          </Button>
        </div>
        <h2 className="section">Questionnaire</h2>
        <Questions questions={questions} onChange={(all) => set({ questionnaire: all as unknown as NonNullable<Settings['questionnaire']> })} />
        <ErrorNote error={save.error} title="It was not saved" />
        <Group>
          <Button type="submit" loading={save.isPending}>
            Save what is asked
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
