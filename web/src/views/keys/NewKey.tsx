import { Checkbox, MultiSelect, Radio, Select, Stack, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { createKey, type KeyMade } from '@/api/keys';
import { studiesQuery } from '@/api/studies';
import { FormDialog } from '@/ui/FormDialog';

const PRESETS = [
  { value: 'read', label: 'Read and export', description: 'Look at studies and records, make exports', scopes: ['read:studies', 'read:records', 'export'] },
  { value: 'collect', label: 'Send records', description: 'For a platform that collects: nothing can be read back', scopes: ['read:studies', 'write:records'] },
  { value: 'all', label: 'Everything', description: 'All that your account may do', scopes: ['*'] },
  { value: 'own', label: 'Choose', description: 'One by one', scopes: [] },
];
const SCOPES: [string, string][] = [
  ['read:studies', 'see studies, participants, sessions and definitions'], ['read:records', 'read records'], ['read:access', 'see accounts, grants and keys'], ['read:audit', 'read the audit'],
  ['write:studies', 'make and change studies and definitions'], ['write:records', 'send records'], ['write:people', 'consent, withdrawal, links and requests'], ['write:access', 'change grants and keys'],
  ['delete:studies', 'delete studies'], ['delete:records', 'delete records'], ['delete:participants', 'erase participants'], ['export', 'stream and export'],
];

export function NewKey({ onClose, onMade }: { onClose: () => void; onMade: (key: KeyMade) => void }) {
  const [name, setName] = useState('');
  const [preset, setPreset] = useState('read');
  const [own, setOwn] = useState<string[]>(['read:studies']);
  const [studies, setStudies] = useState<string[]>([]);
  const [expires, setExpires] = useState('90d');
  const { data } = useQuery(studiesQuery);
  const queries = useQueryClient();
  const scopes = preset === 'own' ? own : (PRESETS.find((one) => one.value === preset)?.scopes ?? []);
  const make = useMutation({
    mutationFn: () => createKey({ name: name.trim(), scopes, expires, ...(studies.length > 0 ? { studies } : {}) }),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: ['keys'] });
      onMade(made);
    },
  });
  return (
    <FormDialog title="New key" action="Make the key" deed={make} disabled={scopes.length === 0} onClose={onClose}>
      <TextInput label="Name" description="What it is for, so that you know which to revoke." required data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <Radio.Group label="It may" value={preset} onChange={setPreset}>
        <Stack gap={8} mt={4}>
          {PRESETS.map((one) => (
            <Radio key={one.value} value={one.value} label={one.label} description={one.description} />
          ))}
        </Stack>
      </Radio.Group>
      {preset === 'own' && (
        <Checkbox.Group value={own} onChange={setOwn} aria-label="Scopes">
          <Stack gap={8} pl="lg">
            {SCOPES.map(([scope, says]) => (
              <Checkbox key={scope} value={scope} label={<><code>{scope}</code> {says}</>} />
            ))}
          </Stack>
        </Checkbox.Group>
      )}
      <MultiSelect label="Only in these studies" placeholder={studies.length === 0 ? 'All of the account' : undefined} searchable data={(data?.items ?? []).map((study) => ({ value: study.id, label: study.name }))} value={studies} onChange={setStudies} />
      <Select label="Good for" allowDeselect={false} data={[{ value: '7d', label: '7 days' }, { value: '30d', label: '30 days' }, { value: '90d', label: '90 days' }, { value: '1y', label: 'a year' }, { value: 'never', label: 'ever, until it is revoked' }]} value={expires} onChange={(value) => value && setExpires(value)} />
    </FormDialog>
  );
}
