import { useQuery } from '@tanstack/react-query';

import { readPayload } from '@/api/donations';
import { JsonTree } from '@/ui/JsonTree';
import { Busy, ErrorNote } from '@/ui/notes';

/** What was donated, where it is a file of its record: fetched when it is shown. */
export function Payload({ study, file, passphrase = '' }: { study: string; file: string; passphrase?: string }) {
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['study', study, 'payload', file, passphrase],
    retry: false,
    queryFn: ({ signal }) => readPayload(study, file, passphrase, signal),
  });
  return (
    <>
      {isFetching && <Busy what="Opening the donation" />}
      <ErrorNote error={error} retry={() => void refetch()} title="The donation could not be opened" />
      {data !== undefined && <JsonTree name="data" value={data} />}
    </>
  );
}

/** The id of the file that a donation's record names. */
export function payloadOf(values: Record<string, unknown>): string | undefined {
  return typeof values['payload'] === 'string' && values['payload'] !== '' ? values['payload'] : undefined;
}
