import { Button, Group, NumberInput, Select, Stack, Switch, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';

import { datasetsQuery } from '@/api/datasets';
import { deleteRetention, noticesQuery, putRetention, retentionQuery, type Retention } from '@/api/keeping';
import { useAddress } from '@/app/address';
import { Time } from '@/time/zone';
import { Heading } from '@/ui/Heading';
import { Busy, ErrorNote } from '@/ui/notes';
import { Tag } from '@/ui/Status';
import { useToast } from '@/ui/toast';

export interface RetentionSearch {
  /** The dataset whose rule is shown; of the study without it. */
  of?: string | undefined;
}

export function RetentionView() {
  const { study } = useParams({ strict: false }) as { study: string };
  const { data: datasets = [] } = useQuery(datasetsQuery(study));
  const [search, change] = useAddress<RetentionSearch>();
  const of = search.of ?? '';
  const rule = useQuery(retentionQuery(study, of || undefined));
  const { data: notices } = useQuery(noticesQuery(study));
  return (
    <>
      <Heading title="Retention" about="How long data stays. The server looks once a day; what is deleted goes physically, like an erasure." />
      <h2 className="section">What comes next</h2>
      {notices?.length === 0 && <p className="quiet small">Nothing is due within the time of notice.</p>}
      <ul className="lines">
        {notices?.map((step) => (
          <li key={`${step.dataset} ${step.action}`}>
            <Tag tone={step.action === 'delete' ? 'bad' : 'fair'}>{step.action}</Tag> {step.dataset ?? 'the whole study'} on <Time at={step.due_at} digits="day" /> {step.held && <Tag>on hold: it is not done</Tag>}
          </li>
        ))}
      </ul>
      <h2 className="section">Rules</h2>
      <Select label="Of" w={280} allowDeselect={false} data={[{ value: '', label: 'The whole study' }, ...datasets.map((dataset) => ({ value: dataset.id, label: dataset.name }))]} value={of} onChange={(next) => change({ of: next || undefined })} mb="sm" />
      <ErrorNote error={rule.error} />
      {rule.isPending && <Busy what="Reading the rule" />}
      {rule.data && <Rule key={`${of} ${rule.dataUpdatedAt}`} study={study} dataset={of || undefined} rule={rule.data} />}
    </>
  );
}

function Rule({ study, dataset, rule }: { study: string; dataset: string | undefined; rule: Retention }) {
  const [next, setNext] = useState(rule);
  const set = (part: Partial<Retention>) => setNext({ ...next, ...part });
  const queries = useQueryClient();
  const toast = useToast();
  const refresh = async () => {
    await queries.invalidateQueries({ queryKey: ['study', study, 'retention', dataset ?? ''] });
    await queries.invalidateQueries({ queryKey: ['study', study, 'retention-notices'] });
  };
  const save = useMutation({ mutationFn: () => putRetention(study, dataset, next), onSuccess: () => { toast.say('The rule is saved.', () => void putRetention(study, dataset, rule).then(refresh).catch(toast.fail)); return refresh(); } });
  const remove = useMutation({
    mutationFn: () => deleteRetention(study, dataset),
    onSuccess: () => {
      toast.say('The rule is gone: everything stays.', () => void putRetention(study, dataset, rule).then(refresh).catch(toast.fail));
      return refresh();
    },
  });
  const days = (value: number | string) => (value === '' ? null : Number(value));
  return (
    <form className="form" onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
      <Stack gap="sm">
        <Select label="Days are counted from" allowDeselect={false} data={[{ value: 'last_record', label: 'the last record' }, { value: 'study_end', label: 'the end of the study' }]} value={next.counted_from ?? 'last_record'} onChange={(value) => set({ counted_from: value as Retention['counted_from'] })} />
        <NumberInput label="Archive after, days" description="Archived is read-only. Empty: never." min={0} value={next.archive_after_days ?? ''} onChange={(value) => set({ archive_after_days: days(value) })} />
        <NumberInput label="Delete after, days" description="Empty: never." min={1} value={next.delete_after_days ?? ''} onChange={(value) => set({ delete_after_days: days(value) })} />
        <TextInput label="Delete on" placeholder="2030-01-31" description="With both, the earlier counts." value={next.delete_on ?? ''} onChange={(event) => set({ delete_on: event.currentTarget.value || null })} />
        <NumberInput label="Notice, days before" min={0} value={next.notice_days ?? 30} onChange={(value) => set({ notice_days: Number(value) || 0 })} />
        <Switch size="sm" label="On hold" description="Nothing is archived or deleted while it is." checked={next.hold ?? false} onChange={(event) => set({ hold: event.currentTarget.checked })} />
        {next.hold && <TextInput label="Reason of the hold" value={next.hold_reason} onChange={(event) => set({ hold_reason: event.currentTarget.value })} />}
        <ErrorNote error={save.error ?? remove.error} />
        <Group>
          <Button type="submit" loading={save.isPending}>
            Save the rule
          </Button>
          <Button variant="subtle" color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            Remove the rule
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
