import { Button, Group, NumberInput, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { deleteDonationToken, donationTokenQuery, putDonationToken, type DonationProject, type DonationTokenMade } from '@/api/donations';
import { CodeBlock } from '@/code/CodeBlock';
import { Time } from '@/time/zone';
import { Confirm } from '@/ui/Confirm';
import { Busy, ErrorNote, Note } from '@/ui/notes';
import { Status } from '@/ui/Status';

/** The one token by which scripts fetch this project's data. */
export function Token({ study, project }: { study: string; project: DonationProject }) {
  const { data: token, error, isPending, refetch } = useQuery(donationTokenQuery(study));
  const [days, setDays] = useState<number | string>(30);
  const [made, setMade] = useState<DonationTokenMade | null>(null);
  const [asking, setAsking] = useState<'replace' | 'delete' | null>(null);
  const queries = useQueryClient();
  const known = () => queries.invalidateQueries({ queryKey: ['study', study, 'donation-token'] });
  const make = useMutation({
    mutationFn: () => putDonationToken(study, Number(days)),
    onSuccess: (answer) => {
      setMade(answer);
      setAsking(null);
      return known();
    },
  });
  const remove = useMutation({
    mutationFn: () => deleteDonationToken(study),
    onSuccess: () => {
      setMade(null);
      setAsking(null);
      return known();
    },
  });
  if (error && token === undefined) return <ErrorNote error={error} retry={() => void refetch()} title="The token cannot be read" />;
  if (isPending) return <Busy what="Asking for the token" />;
  return (
    <Stack gap="sm" mt="md" className="form">
      <Text size="sm">
        A script that downloads with DDM’s API sends <code>Authorization: Token …</code>. It has the owner’s rights in this project and nowhere else. A project has one token.
      </Text>
      {made && (
        <Note tone="fair" icon="key" title="It is shown this once">
          <Text size="sm" mb={6}>Copy it before you leave this view.</Text>
          <CodeBlock text={made.token} label="The token" />
          <Text size="sm" my={6}>Try it, with the address at which this server has DDM’s API:</Text>
          <CodeBlock text={`curl -H "Authorization: Token ${made.token}" ${window.location.origin}/ddm/api/project/${project.url_id}/overview`} label="A request with the token" />
        </Note>
      )}
      {token ? (
        <dl className="strip">
          <div><dt>Token</dt><dd><Status of={token.expired ? 'expired' : 'active'} /></dd></div>
          <div><dt>Made</dt><dd><Time at={token.created_at} digits="min" /></dd></div>
          <div><dt>{token.expired ? 'Expired' : 'Good until'}</dt><dd><Time at={token.expires_at} digits="min" none="for ever" /></dd></div>
        </dl>
      ) : (
        <p className="quiet small">There is no token. Make one when a script is to fetch data.</p>
      )}
      <Group align="flex-end">
        <NumberInput label="Good for, in days" hideControls min={1} max={90} allowDecimal={false} clampBehavior="none" value={days} onChange={setDays} w={140} />
        <Button loading={make.isPending && !asking} onClick={() => (token ? setAsking('replace') : make.mutate())}>
          {token ? 'Replace the token' : 'Make a token'}
        </Button>
        {token && (
          <Button variant="default" onClick={() => setAsking('delete')}>
            Delete it
          </Button>
        )}
      </Group>
      <ErrorNote error={asking ? null : make.error} />
      <Confirm opened={asking === 'replace'} title="Replace the token?" action="Replace it" busy={make.isPending} error={make.error} onClose={() => setAsking(null)} onConfirm={() => make.mutate()}>
        Scripts with the token of now are refused from this moment on.
      </Confirm>
      <Confirm opened={asking === 'delete'} title="Delete the token?" action="Delete it" busy={remove.isPending} error={remove.error} onClose={() => setAsking(null)} onConfirm={() => remove.mutate()}>
        Scripts with it are refused from this moment on.
      </Confirm>
    </Stack>
  );
}
