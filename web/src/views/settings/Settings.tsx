import { Button, Group, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';

import { datasetsQuery, type Dataset } from '@/api/datasets';
import { changeStudy, deleteStudy, studyQuery, type Study } from '@/api/studies';
import { Confirm } from '@/ui/Confirm';
import { count } from '@/ui/format';
import { Heading } from '@/ui/Heading';
import { Icon } from '@/ui/Icon';
import { Empty, ErrorNote } from '@/ui/notes';
import { useToast } from '@/ui/toast';

import { DatasetEditor } from './DatasetEditor';

export function SettingsView() {
  const { study: id } = useParams({ strict: false }) as { study: string };
  const { data: study } = useQuery(studyQuery(id));
  const { data: datasets = [] } = useQuery(datasetsQuery(id));
  const [editing, setEditing] = useState<Dataset | 'new' | null>(null);
  const [deleting, setDeleting] = useState(false);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => deleteStudy(id),
    onSuccess: async () => {
      queries.removeQueries({ queryKey: ['study', id] });
      await queries.invalidateQueries({ queryKey: ['studies'] });
      await navigate({ to: '/studies' });
    },
  });
  return (
    <>
      <Heading title="Settings" about="The study and the definitions of its datasets." />
      {study && <StudyForm key={study.updated_at} study={study} />}
      <h2 className="section">Datasets</h2>
      {datasets.length === 0 && <Empty title="No dataset yet">Define one here, or import a file: its fields are then found in it.</Empty>}
      <div className="cards wide">
        {datasets.map((dataset) => (
          <button type="button" key={dataset.id} className="card as-button" onClick={() => setEditing(dataset)}>
            <span className="card-title">{dataset.name}</span>
            <span className="quiet small">
              {dataset.kind.replaceAll('_', ' ')} · {count(dataset.fields.length)} fields · version {dataset.version}
            </span>
          </button>
        ))}
      </div>
      <Group mt="sm">
        <Button variant="light" leftSection={<Icon name="plus" />} onClick={() => setEditing('new')}>
          New dataset
        </Button>
        <Button variant="light" leftSection={<Icon name="tree" />} component={Link} to={`/studies/${encodeURIComponent(id)}/data-center`}>
          Donations
        </Button>
      </Group>
      <h2 className="section">Delete the study</h2>
      <p className="quiet small">Everything in it goes for good: records, people, exports.</p>
      <Button variant="outline" color="red" onClick={() => setDeleting(true)}>
        Delete this study
      </Button>
      {editing && <DatasetEditor study={id} dataset={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
      <Confirm opened={deleting} title="Delete the study for good?" action="Delete the study" typed={id} busy={remove.isPending} error={remove.error} onClose={() => setDeleting(false)} onConfirm={() => remove.mutate()}>
        This cannot be undone. Export what you need first.
      </Confirm>
    </>
  );
}

function StudyForm({ study }: { study: Study }) {
  const [name, setName] = useState(study.name);
  const [description, setDescription] = useState(study.description);
  const [status, setStatus] = useState(study.status);
  const [ends, setEnds] = useState(study.ends_at?.slice(0, 10) ?? '');
  const queries = useQueryClient();
  const toast = useToast();
  const refresh = async (kept: Study) => {
    queries.setQueryData(studyQuery(study.id).queryKey, kept);
    await queries.invalidateQueries({ queryKey: ['studies'] });
  };
  const save = useMutation({
    mutationFn: () => changeStudy(study.id, { name, description, status, ends_at: ends ? `${ends}T00:00:00Z` : null }),
    onSuccess: async (kept) => {
      await refresh(kept);
      const { name: was, description: said, status: state, ends_at } = study;
      toast.say('The study is saved.', () => void changeStudy(study.id, { name: was, description: said, status: state, ends_at }).then(refresh).catch(toast.fail));
    },
  });
  return (
    <form className="form" onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
      <Stack gap="sm">
        <TextInput label="Name" required value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <Textarea label="Description" autosize minRows={2} value={description} onChange={(event) => setDescription(event.currentTarget.value)} />
        <Group grow>
          <Select label="Status" allowDeselect={false} data={[{ value: 'active', label: 'active' }, { value: 'completed', label: 'completed' }, { value: 'archived', label: 'archived: takes no data' }]} value={status} onChange={(value) => value && setStatus(value as Study['status'])} />
          <TextInput label="Collecting ends" type="date" value={ends} onChange={(event) => setEnds(event.currentTarget.value)} />
        </Group>
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
