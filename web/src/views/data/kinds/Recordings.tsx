import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { fileContent, filesQuery, type StudyFile } from '@/api/files';
import { Time } from '@/time/zone';
import { bytes, count, duration } from '@/ui/format';
import { Busy, Empty, ErrorNote } from '@/ui/notes';

import type { KindProps } from '../kinds';

/** Recordings, played where they stand. Nothing is fetched before it is asked for. */
export function RecordingsView({ scope, dataset }: KindProps) {
  const { data, error, isPending, refetch } = useQuery(filesQuery(scope.study, { participant: scope.participant, session: scope.session, kind: 'recording' }));
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (isPending) return <Busy what="Looking for recordings" />;
  const files = data.files.filter((file) => !file.dataset || file.dataset === dataset.id);
  if (files.length === 0) {
    return (
      <Empty icon="play" title="No recording is kept here">
        The table says what was recorded. The files themselves come with the files API, or stay with the platform that made them.
      </Empty>
    );
  }
  return (
    <>
      {data.has_more && <p className="quiet small">The first {count(files.length)} of {count(data.total)} files. Choose a session or a participant for the others.</p>}
      <div className="recordings">
        {files.map((file) => (
          <Recording key={file.id} study={scope.study} file={file} />
        ))}
      </div>
    </>
  );
}

function Recording({ study, file }: { study: string; file: StudyFile }) {
  const [failed, setFailed] = useState(false);
  const name = file.name ?? file.id;
  const source = fileContent(study, file.id, 'inline');
  const playable = /^(video|audio)\//.test(file.media_type);
  return (
    <article className="recording" aria-label={name}>
      {failed ? (
        <ErrorNote error={new Error('The file may need the study’s passphrase, the right to identifiers, or another player. It can still be downloaded by who may.')} title="This recording cannot be played here" />
      ) : file.media_type.startsWith('video/') ? (
        <video controls preload="none" src={source} onError={() => setFailed(true)} aria-label={`Play ${name}`} />
      ) : file.media_type.startsWith('audio/') ? (
        <audio controls preload="none" src={source} onError={() => setFailed(true)} aria-label={`Play ${name}`} />
      ) : null}
      <div className="recording-words">
        <b>{name}</b>
        <span className="quiet small">
          {file.participant && <span className="mono">{file.participant}</span>} {file.session && `in ${file.session}`} · <Time at={file.started_at} none="no start known" /> · {duration(file.duration_ms)} · {bytes(file.size)}
          {file.width && file.height ? ` · ${file.width} × ${file.height}` : ''}
        </span>
        <a href={fileContent(study, file.id, 'attachment')} download>
          {playable ? 'Download' : `Download (${file.media_type})`}
        </a>
      </div>
    </article>
  );
}
