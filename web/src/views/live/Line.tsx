import type { Connection } from '@/api/live';
import { Time } from '@/time/zone';
import { Tag } from '@/ui/Status';

import { useNow } from './use-live';

/** How the line is, in words: never "live" when it is not. */
export function Line({ connection, at }: { connection: Connection; at: string | undefined }) {
  const words = { connecting: 'connecting', connected: 'connected', paused: 'paused', waiting: 'not connected', ended: 'ended' }[connection.state];
  const tone = { connecting: 'busy', connected: 'good', paused: 'fair', waiting: 'bad', ended: 'bad' } as const;
  return (
    <>
      <span role="status">
        <Tag tone={tone[connection.state]}>{words}</Tag>{' '}
        {connection.state === 'connected' && 'What arrives is here within a second.'}
        {connection.state === 'connecting' && 'The server is being asked.'}
        {connection.state === 'paused' && 'Nothing here changes until you go on; what comes meanwhile is told then.'}
        {(connection.state === 'waiting' || connection.state === 'ended') && connection.why}
      </span>
      {connection.state === 'waiting' && <Countdown until={connection.until} />}
      {connection.state !== 'connected' && at && <> What you see is as of <Time at={at} />.</>}
    </>
  );
}

/** Outside of what is read aloud: a screen reader is not told every second. */
function Countdown({ until }: { until: number }) {
  const seconds = Math.max(0, Math.ceil((until - useNow()) / 1000));
  return <span> {seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again.'}</span>;
}
