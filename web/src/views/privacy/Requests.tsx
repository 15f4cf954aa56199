import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { decideRequest, requestsQuery, type ParticipantRequest } from '@/api/care';
import type { Column } from '@/table/columns';
import { ListTable } from '@/table/ListTable';
import { Time } from '@/time/zone';
import { Empty, ErrorNote } from '@/ui/notes';
import { Status } from '@/ui/Status';

const deed: Record<ParticipantRequest['kind'], string> = {
  erasure: 'Approving erases the participant for good, at once.', withdrawal: 'Approving withdraws the participant at once.', correction: 'Approving tells them that you will correct it.', copy: 'Approving tells them that you will send it.',
};

export function Requests({ study }: { study: string }) {
  const query = useQuery(requestsQuery(study));
  const [open, setOpen] = useState<ParticipantRequest | null>(null);
  const columns = useMemo<Column<ParticipantRequest>[]>(
    () => [
      { id: 'participant', title: 'Participant', size: 220, value: (row) => row.participant, cell: (row) => <Link to="/studies/$study/participants/$participant" params={{ study, participant: row.participant }} className="mono">{row.participant}</Link> },
      { id: 'kind', title: 'Asks for', size: 120, value: (row) => row.kind, cell: (row) => row.kind },
      { id: 'state', title: 'State', size: 110, value: (row) => row.state, cell: (row) => <Status of={row.state} /> },
      { id: 'message', title: 'Message', size: 300, value: (row) => row.message, cell: (row) => row.message || <span className="quiet">none</span> },
      { id: 'asked', title: 'Asked', size: 150, value: (row) => row.created_at, cell: (row) => <Time at={row.created_at} digits="min" /> },
      { id: 'decided', title: 'Decided', size: 150, value: (row) => row.decided_at, cell: (row) => <Time at={row.decided_at} digits="min" /> },
    ],
    [study],
  );
  return (
    <>
      <ListTable label="Requests" searchLabel="Search requests" columns={columns} query={query} rowKey={(row) => row.id} state={(row) => row.state} usualSort="-asked" onOpen={setOpen} empty={<Empty icon="shield" title="Nobody has asked for anything">Participants ask on their own page, which a personal link opens.</Empty>} />
      {open && <Decision study={study} request={open} onClose={() => setOpen(null)} />}
    </>
  );
}

function Decision({ study, request, onClose }: { study: string; request: ParticipantRequest; onClose: () => void }) {
  const [note, setNote] = useState(request.note);
  const queries = useQueryClient();
  const decide = useMutation({
    mutationFn: (state: 'approved' | 'rejected') => decideRequest(study, request.id, state, note),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['study', study] });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title={`${request.participant} asks for ${request.kind}`}>
      <Stack gap="sm">
        <Text size="sm">{request.message || 'Without a message.'}</Text>
        {request.state === 'open' ? (
          <>
            <Text size="sm" c="dimmed">
              {deed[request.kind]}
            </Text>
            <Textarea label="Answer to the participant" autosize minRows={2} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
            <ErrorNote error={decide.error} />
            <Group justify="flex-end">
              <Button variant="default" loading={decide.isPending} onClick={() => decide.mutate('rejected')}>
                Reject
              </Button>
              <Button color={request.kind === 'erasure' ? 'red' : undefined} loading={decide.isPending} onClick={() => decide.mutate('approved')}>
                {request.kind === 'erasure' ? 'Approve and erase' : 'Approve'}
              </Button>
            </Group>
          </>
        ) : (
          <Text size="sm">
            <Status of={request.state} /> <Time at={request.decided_at} digits="min" /> {request.note}
          </Text>
        )}
      </Stack>
    </Modal>
  );
}
