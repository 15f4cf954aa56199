import { Button, Group, NumberInput, Select, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { participantsQuery } from '@/api/people';
import { changeStudy, studyQuery, type Study } from '@/api/studies';
import { attributeNames } from '@/views/participants/attributes';
import { Heading } from '@/ui/Heading';
import { ErrorNote } from '@/ui/notes';
import { useToast } from '@/ui/toast';

import { Requests } from './Requests';

export function PrivacyView() {
  const { study: id } = useParams({ strict: false }) as { study: string };
  const { data: study } = useQuery(studyQuery(id));
  return (
    <>
      <Heading
        title="Privacy"
        about={
          <>
            What participants ask for, and how the study treats their data. Consent, withdrawal and erasure of one person stand on <Link to="/studies/$study/participants" params={{ study: id }}>their own view</Link>.
          </>
        }
      />
      <h2 className="section">Requests of participants</h2>
      <Requests study={id} />
      <h2 className="section">Settings</h2>
      {study && <Settings key={study.updated_at} study={study} />}
    </>
  );
}

const CLASSES = [{ value: 'direct', label: 'direct identifier' }, { value: 'quasi', label: 'quasi-identifier' }, { value: 'sensitive', label: 'sensitive' }, { value: 'plain', label: 'plain' }];

function Settings({ study }: { study: Study }) {
  const [settings, setSettings] = useState(study.settings);
  const { data: people } = useQuery(participantsQuery(study.id));
  const names = useMemo(() => [...new Set([...attributeNames(people?.items ?? []), ...Object.keys((study.settings.attributes ?? {}) as object)])], [people, study]);
  const classes = (settings.attributes ?? {}) as Record<string, 'direct' | 'quasi' | 'sensitive' | 'plain'>;
  const queries = useQueryClient();
  const toast = useToast();
  const keep = (kept: Study) => {
    queries.setQueryData(studyQuery(study.id).queryKey, kept);
    return queries.invalidateQueries({ queryKey: ['study', study.id] });
  };
  const save = useMutation({
    mutationFn: () => changeStudy(study.id, { settings }),
    onSuccess: async (kept) => {
      await keep(kept);
      toast.say('The settings are saved.', () => void changeStudy(study.id, { settings: study.settings }).then(keep).catch(toast.fail));
    },
  });
  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Stack gap="sm">
        <Switch size="sm" label="The study records consent" description="Exports then take consenting participants only, unless asked otherwise." checked={settings.records_consent ?? false} onChange={(event) => setSettings({ ...settings, records_consent: event.currentTarget.checked })} />
        <TextInput label="Purpose of consent that counts for exports" value={settings.consent_purpose} onChange={(event) => setSettings({ ...settings, consent_purpose: event.currentTarget.value })} />
        <Switch size="sm" label="Participants may look at their own data" description="By a personal link that you make for each." checked={settings.participant_access ?? false} onChange={(event) => setSettings({ ...settings, participant_access: event.currentTarget.checked })} />
        <NumberInput label="Smallest cell of aggregates" description="Groups of fewer participants are left empty." min={2} max={1000} value={settings.minimum_cell ?? 5} onChange={(value) => setSettings({ ...settings, minimum_cell: Number(value) || 5 })} />
        <TextInput label="Attribute that says a participant’s site" value={settings.site_attribute} onChange={(event) => setSettings({ ...settings, site_attribute: event.currentTarget.value })} />
        {names.length > 0 && (
          <div>
            <Text size="xs" fw={500}>
              Privacy classes of participants’ attributes
            </Text>
            <Text size="xs" c="dimmed" mb={6}>
              An attribute without a class counts as a direct identifier and leaves only with identifiers.
            </Text>
            <div className="pairs">
              {names.map((name) => (
                <Select key={name} label={name} placeholder="direct identifier" clearable data={CLASSES} value={classes[name] ?? null} onChange={(value) => {
                  const next = { ...classes };
                  if (value) next[name] = value as (typeof next)[string];
                  else delete next[name];
                  setSettings({ ...settings, attributes: next });
                }} />
              ))}
            </div>
          </div>
        )}
        <ErrorNote error={save.error} />
        <Group>
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
