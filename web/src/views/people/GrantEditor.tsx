import { Button, Checkbox, Group, Modal, MultiSelect, Stack, Switch, TagsInput, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { putGrant, type Grant } from '@/api/access';
import { datasetsQuery } from '@/api/datasets';
import { ErrorNote } from '@/ui/notes';

const RIGHTS: { value: Grant['rights'][number]; label: string; description: string }[] = [
  { value: 'view', label: 'View', description: 'Look at participants, sessions and records' },
  { value: 'export', label: 'Export', description: 'Download, and make exports' },
  { value: 'manage', label: 'Manage', description: 'Settings, definitions, participants, consent, send records' },
  { value: 'delete', label: 'Delete', description: 'Delete records, erase participants, delete the study' },
];

export function GrantEditor({ study, grant, onClose }: { study: string; grant: Grant | null; onClose: () => void }) {
  const { data: datasets = [] } = useQuery(datasetsQuery(study));
  const [account, setAccount] = useState(grant?.account.email ?? grant?.account.id ?? '');
  const [rights, setRights] = useState<string[]>(grant?.rights ?? ['view']);
  const [only, setOnly] = useState<string[]>(grant?.datasets ?? []);
  const [sites, setSites] = useState<string[]>(grant?.sites ?? []);
  const [identifiers, setIdentifiers] = useState(grant?.identifiers ?? true);
  const [until, setUntil] = useState(grant?.expires_at?.slice(0, 10) ?? '');
  const queries = useQueryClient();
  const put = useMutation({
    mutationFn: () =>
      putGrant(study, grant?.account.id ?? account.trim(), {
        rights: rights as Grant['rights'], datasets: only.length > 0 ? only : null, sites: sites.length > 0 ? sites : null, identifiers, expires_at: until || null,
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['study', study, 'grants'] });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title={grant ? `Rights of ${grant.account.name ?? grant.account.id}` : 'Let somebody in'}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          put.mutate();
        }}
      >
        <Stack gap="sm">
          {!grant && <TextInput label="E-mail address of their account" required data-autofocus value={account} onChange={(event) => setAccount(event.currentTarget.value)} />}
          <Checkbox.Group label="They may" value={rights} onChange={setRights}>
            <Stack gap={8} mt={4}>
              {RIGHTS.map((right) => (
                <Checkbox key={right.value} {...right} />
              ))}
            </Stack>
          </Checkbox.Group>
          <MultiSelect label="Only these datasets" placeholder={only.length === 0 ? 'All' : undefined} data={datasets.map((dataset) => ({ value: dataset.id, label: dataset.name }))} value={only} onChange={setOnly} />
          <TagsInput label="Only participants of these sites" description="Compared with the site attribute of the study’s settings." placeholder={sites.length === 0 ? 'All' : undefined} value={sites} onChange={setSites} />
          <Switch size="sm" label="They see identifiers" description="Without: codes for people, direct identifiers left out, everywhere." checked={identifiers} onChange={(event) => setIdentifiers(event.currentTarget.checked)} />
          <TextInput label="Until" type="date" description="From that day on it does not count. Empty: open." value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
          <ErrorNote error={put.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={put.isPending} disabled={rights.length === 0}>
              {grant ? 'Save' : 'Let in'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
