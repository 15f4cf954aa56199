import { Button, Group, Progress } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';

import { save } from '@/api/exports';
import { lockedFile, type StudyFile } from '@/api/files';
import { bytes } from '@/ui/format';
import { Icon } from '@/ui/Icon';
import { ErrorNote } from '@/ui/notes';

interface Props {
  study: string;
  file: StudyFile;
  /** Null until it was given. */
  passphrase: string | null;
  /** Asks for it; null where nobody gave one. */
  ask: () => Promise<string | null>;
}

type Wish = 'play' | 'save';

/** A recording of a locked study: fetched whole with the passphrase, then played from the browser's own memory. */
export function LockedPlayer({ study, file, passphrase, ask }: Props) {
  const [source, setSource] = useState<string | null>(null);
  const [read, setRead] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [failed, setFailed] = useState(false);
  const abort = useRef<AbortController | null>(null);
  const address = useRef<string | null>(null);
  const name = file.name ?? file.id;
  useEffect(
    () => () => {
      abort.current?.abort();
      if (address.current) URL.revokeObjectURL(address.current);
    },
    [],
  );

  const fulfil = (wanted: Wish, at: string) => {
    if (wanted === 'save') save(at, name);
    else setSource(at);
  };
  const want = async (wanted: Wish) => {
    if (address.current) {
      fulfil(wanted, address.current);
      return;
    }
    const given = passphrase ?? (await ask());
    if (given === null) return;
    abort.current = new AbortController();
    const { signal } = abort.current;
    setError(null);
    setRead(0);
    try {
      address.current = URL.createObjectURL(await lockedFile(study, file, given, setRead, signal));
      fulfil(wanted, address.current);
    } catch (failure) {
      if (!signal.aborted) setError(failure);
    } finally {
      setRead(null);
    }
  };
  const kind = /^(video|audio)\//.exec(file.media_type)?.[1];
  return (
    <>
      {source && failed && <ErrorNote error={new Error('It may need another player. It can be downloaded.')} title="This recording cannot be played here" />}
      {source && !failed && kind === 'video' && <video controls autoPlay src={source} onError={() => setFailed(true)} aria-label={`Play ${name}`} />}
      {source && !failed && kind === 'audio' && <audio controls autoPlay src={source} onError={() => setFailed(true)} aria-label={`Play ${name}`} />}
      <ErrorNote error={error} title="The recording was not opened" />
      {read !== null && (
        <div className="recording-get" role="status">
          <Progress value={file.size ? (100 * read) / file.size : 0} aria-label={`${name}: ${bytes(read)} of ${bytes(file.size)} read`} />
          <span className="quiet small">
            Opening: {bytes(read)} of {bytes(file.size)}…
          </span>
        </div>
      )}
      <Group gap="xs" className="recording-get">
        {read !== null && (
          <Button size="compact-sm" variant="default" onClick={() => abort.current?.abort()}>
            Cancel
          </Button>
        )}
        {read === null && kind && !source && (
          <Button size="compact-sm" variant="light" leftSection={<Icon name={passphrase === null ? 'lock' : 'play'} />} aria-label={`Play ${name}`} onClick={() => void want('play')}>
            Play
          </Button>
        )}
        {read === null && (
          <Button size="compact-sm" variant="default" aria-label={`Download ${name}`} onClick={() => void want('save')}>
            {kind ? 'Download' : `Download (${file.media_type})`}
          </Button>
        )}
      </Group>
    </>
  );
}
