import { Button, Group, Modal, Switch, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { consentsQuery, createLink, erase, linksQuery, putConsent, revokeLink, takeBackWithdrawal, withdraw, withdrawalQuery, type Consent, type ErasureReport } from '@/api/care';
import { ApiProblem } from '@/api/problem';
import { studyQuery } from '@/api/studies';
import { CodeBlock } from '@/code/CodeBlock';
import { Time } from '@/time/zone';
import { Confirm } from '@/ui/Confirm';
import { count } from '@/ui/format';
import { FormDialog } from '@/ui/FormDialog';
import { ErrorNote, Note } from '@/ui/notes';
import { Tag } from '@/ui/Status';
import { useToast } from '@/ui/toast';

const forbidden = (error: unknown) => error instanceof ApiProblem && (error.status === 403 || error.status === 404);

/** Consent, withdrawal, the participant's own page and erasure, for those who may. */
export function Care({ study, participant }: { study: string; participant: string }) {
  const consents = useQuery(consentsQuery(study, participant));
  if (forbidden(consents.error)) return null;
  return (
    <>
      <h2 className="section">Consent and rights</h2>
      <ErrorNote error={consents.error} />
      <div className="care">
        <Consents study={study} participant={participant} consents={consents.data ?? []} />
        <Links study={study} participant={participant} />
        <Leaving study={study} participant={participant} />
      </div>
    </>
  );
}

function Consents({ study, participant, consents }: { study: string; participant: string; consents: Consent[] }) {
  const { data: settings } = useQuery(studyQuery(study));
  const [adding, setAdding] = useState(false);
  return (
    <section className="spread">
      <h3>Consent</h3>
      {consents.length === 0 && <p className="quiet small">Nothing is recorded{settings?.settings.records_consent ? '. Exports of this study leave this participant out.' : '.'}</p>}
      <ul className="lines">
        {[...consents].reverse().map((consent) => (
          <li key={`${consent.purpose} ${consent.recorded_at}`}>
            <Tag tone={consent.given ? 'good' : 'bad'}>{consent.given ? 'given' : 'not given'}</Tag> {consent.purpose} {consent.version && <span className="quiet">version {consent.version}</span>} <Time at={consent.at} digits="min" />
          </li>
        ))}
      </ul>
      <Button variant="light" onClick={() => setAdding(true)}>
        Record consent
      </Button>
      {adding && <NewConsent study={study} participant={participant} purpose={settings?.settings.consent_purpose ?? 'research'} onClose={() => setAdding(false)} />}
    </section>
  );
}

function NewConsent({ study, participant, purpose: usual, onClose }: { study: string; participant: string; purpose: string; onClose: () => void }) {
  const [purpose, setPurpose] = useState(usual);
  const [given, setGiven] = useState(true);
  const [version, setVersion] = useState('');
  const [source, setSource] = useState('');
  const queries = useQueryClient();
  const put = useMutation({
    mutationFn: () => putConsent(study, participant, purpose, { given, version, source }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['study', study] });
      onClose();
    },
  });
  return (
    <FormDialog title="Record consent" action="Record" deed={put} onClose={onClose}>
      <TextInput label="Purpose" required value={purpose} onChange={(event) => setPurpose(event.currentTarget.value)} />
      <Switch size="sm" label={given ? 'Given' : 'Refused, or taken back'} checked={given} onChange={(event) => setGiven(event.currentTarget.checked)} />
      <TextInput label="Version of the text" value={version} onChange={(event) => setVersion(event.currentTarget.value)} />
      <TextInput label="Where it comes from" placeholder="paper, online form" value={source} onChange={(event) => setSource(event.currentTarget.value)} />
      <Text size="xs" c="dimmed">
        It is added to the history; what stands there is never changed.
      </Text>
    </FormDialog>
  );
}

function Links({ study, participant }: { study: string; participant: string }) {
  const { data: settings } = useQuery(studyQuery(study));
  const { data: links = [], error } = useQuery(linksQuery(study, participant));
  const queries = useQueryClient();
  const toast = useToast();
  const refresh = () => queries.invalidateQueries({ queryKey: linksQuery(study, participant).queryKey });
  const make = useMutation({ mutationFn: () => createLink(study, participant, '90d'), onSuccess: refresh });
  const revoke = useMutation({ mutationFn: (link: string) => revokeLink(study, participant, link), onSuccess: refresh, onError: toast.fail });
  return (
    <section className="spread">
      <h3>Their own page</h3>
      <p className="quiet small">With a personal link the participant sees and downloads what is kept of them, and can ask for its deletion.</p>
      <ErrorNote error={error} />
      <ul className="lines">
        {links.map((link) => (
          <li key={link.id}>
            made <Time at={link.created_at} digits="day" />, {link.revoked_at ? 'revoked' : <>used <Time at={link.last_used_at} digits="min" none="never" /></>}
            {!link.revoked_at && (
              <Button size="compact-xs" variant="subtle" color="red" onClick={() => revoke.mutate(link.id)}>
                Revoke
              </Button>
            )}
          </li>
        ))}
      </ul>
      {make.data && (
        <Note tone="fair" icon="key" title="The link is shown this once">
          <CodeBlock text={make.data.url.startsWith('http') ? make.data.url : window.location.origin + make.data.url} label="The personal link" />
        </Note>
      )}
      <ErrorNote error={make.error} />
      {settings && !settings.settings.participant_access ? (
        <p className="quiet small">The study’s settings do not let participants look at their data.</p>
      ) : (
        <Button variant="light" loading={make.isPending} onClick={() => make.mutate()}>
          Make a link
        </Button>
      )}
    </section>
  );
}

function Leaving({ study, participant }: { study: string; participant: string }) {
  const { data: withdrawal, error } = useQuery(withdrawalQuery(study, participant));
  const [asking, setAsking] = useState<'withdraw' | 'erase' | null>(null);
  const [reason, setReason] = useState('');
  const [report, setReport] = useState<ErasureReport | null>(null);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const toast = useToast();
  const refresh = () => queries.invalidateQueries({ queryKey: ['study', study] });
  const back = useMutation({ mutationFn: () => takeBackWithdrawal(study, participant), onSuccess: refresh, onError: toast.fail });
  const leave = useMutation({
    mutationFn: () => withdraw(study, participant, reason),
    onSuccess: async () => {
      setAsking(null);
      await refresh();
      toast.say(`${participant} has withdrawn and is in no list, page or export any more.`, () => back.mutate());
    },
  });
  const remove = useMutation({ mutationFn: () => erase(study, participant), onSuccess: (done) => { setAsking(null); setReport(done); } });
  return (
    <section className="spread">
      <h3>Leaving the study</h3>
      <ErrorNote error={error} />
      {withdrawal?.withdrawn ? (
        <p className="small">
          Withdrawn <Time at={withdrawal.at} digits="min" /> {withdrawal.reason && `(${withdrawal.reason})`}. The data is kept, and hidden everywhere, until it is erased.
        </p>
      ) : (
        <p className="quiet small">Withdrawal hides everything of the participant at once and can be taken back. Erasure removes it for good.</p>
      )}
      <Group gap="xs">
        {withdrawal?.withdrawn ? (
          <Button variant="light" loading={back.isPending} onClick={() => back.mutate()}>
            Take the withdrawal back
          </Button>
        ) : (
          <Button variant="light" color="red" onClick={() => setAsking('withdraw')}>
            Withdraw
          </Button>
        )}
        <Button variant="outline" color="red" onClick={() => setAsking('erase')}>
          Erase
        </Button>
      </Group>
      <Confirm opened={asking === 'withdraw'} title="Withdraw this participant?" action="Withdraw" busy={leave.isPending} error={leave.error} onClose={() => setAsking(null)} onConfirm={() => leave.mutate()}>
        At once they are in no list, page, count or export; new records of them are refused; files that may hold them expire. You can take it back.
        <TextInput mt="sm" label="Reason" value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      </Confirm>
      <Confirm opened={asking === 'erase'} title="Erase this participant for good?" action="Erase" typed={participant} busy={remove.isPending} error={remove.error} onClose={() => setAsking(null)} onConfirm={() => remove.mutate()}>
        Every record, consent, link and export file that may hold them is removed physically. This cannot be undone, and it takes a moment in a large study.
      </Confirm>
      <Modal opened={report !== null} onClose={() => void refresh().then(() => navigate({ to: '/studies/$study/participants', params: { study } }))} title="Erased">
        {report && (
          <Text size="sm" component="div">
            Removed: {count(Object.values(report.rows).reduce((sum, rows) => sum + rows, 0))} rows, {report.sessions} sessions{report.sessions_renamed > 0 && <>, {report.sessions_renamed} of others renamed</>}, {report.consents} consents, {report.links} links, {report.exports} export files; {report.audit_entries} entries of the audit no longer
            say who it was.
          </Text>
        )}
      </Modal>
    </section>
  );
}
