import { Checkbox, MultiSelect, Stack, Switch, TagsInput, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { deleteGrant, putGrant, type Grant } from '@/api/access';
import { datasetsQuery } from '@/api/datasets';
import { FormDialog } from '@/ui/FormDialog';
import { useToast } from '@/ui/toast';

const RIGHTS: { value: Grant['rights'][number]; label: string; description: string }[] = [
  { value: 'view', label: 'View', description: 'Look at participants, sessions and records' },
  { value: 'export', label: 'Export', description: 'Download, and make exports' },
  { value: 'manage', label: 'Manage', description: 'Settings, definitions, participants, consent, send records' },
  { value: 'delete', label: 'Delete', description: 'Delete records, erase participants, delete the study' },
];

/** What is put of a grant, to put it as it was. */
export const rightsOf = ({ rights, datasets, sites, identifiers, expires_at }: Grant) => ({ rights, datasets, sites, identifiers, expires_at });

export function GrantEditor({ study, grant, onClose }: { study: string; grant: Grant | null; onClose: () => void }) {
  const { data: datasets = [] } = useQuery(datasetsQuery(study));
  const [account, setAccount] = useState(grant?.account.email ?? grant?.account.id ?? '');
  const [rights, setRights] = useState<string[]>(grant?.rights ?? ['view']);
  const [only, setOnly] = useState<string[]>(grant?.datasets ?? []);
  const [sites, setSites] = useState<string[]>(grant?.sites ?? []);
  const [identifiers, setIdentifiers] = useState(grant?.identifiers ?? true);
  const [until, setUntil] = useState(grant?.expires_at?.slice(0, 10) ?? '');
  const queries = useQueryClient();
  const toast = useToast();
  const put = useMutation({
    mutationFn: () =>
      putGrant(study, grant?.account.id ?? account.trim(), {
        rights: rights as Grant['rights'], datasets: only.length > 0 ? only : null, sites: sites.length > 0 ? sites : null, identifiers, expires_at: until || null,
      }),
    onSuccess: async (made) => {
      const refresh = () => queries.invalidateQueries({ queryKey: ['study', study, 'grants'] });
      await refresh();
      onClose();
      const undo = () => (grant ? putGrant(study, grant.account.id, rightsOf(grant)) : deleteGrant(study, made.account.id));
      toast.say(`${made.account.name ?? made.account.id} ${grant ? 'has other rights now' : 'is let in'}.`, () => void undo().then(refresh).catch(toast.fail));
    },
  });
  return (
    <FormDialog title={grant ? `Rights of ${grant.account.name ?? grant.account.id}` : 'Let somebody in'} action={grant ? 'Save' : 'Let in'} deed={put} disabled={rights.length === 0} onClose={onClose}>
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
    </FormDialog>
  );
}
