import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import { fileContent, filesQuery, tryPassphrase, type StudyFile } from '@/api/files';
import { studyQuery } from '@/api/studies';
import { PassphraseDialog } from '@/download/PassphraseDialog';
import { Time } from '@/time/zone';
import { bytes, duration } from '@/ui/format';
import { Busy, Empty, ErrorNote } from '@/ui/notes';

import type { KindProps } from '../kinds';
import { More } from '../More';
import { LockedPlayer } from './LockedPlayer';

/** Recordings, played where they stand. Nothing is fetched before it is asked for. Those of a locked study open once the passphrase is
 *  given, which is forgotten with the view. */
export function RecordingsView({ scope, dataset }: KindProps) {
  const query = useInfiniteQuery(filesQuery(scope.study, { participant: scope.participant, session: scope.session, kind: 'recording' }));
  const { data: study } = useQuery(studyQuery(scope.study));
  const [passphrase, setPassphrase] = useState<string | null>(null);
  const [asked, setAsked] = useState<{ file: StudyFile; answer: (given: string | null) => void } | null>(null);
  const all = useMemo(() => query.data?.pages.flatMap((page) => page.files) ?? [], [query.data]);
  const files = all.filter((file) => !file.dataset || file.dataset === dataset.id);
  if (query.error && all.length === 0) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  if (query.isPending || !study) return <Busy what="Looking for recordings" />;
  if (files.length === 0 && !query.hasNextPage) {
    return (
      <Empty icon="play" title="No recording is kept here">
        The table says what was recorded. The files themselves come with the files API, or stay with the platform that made them.
      </Empty>
    );
  }
  return (
    <>
      <div className="recordings">
        {files.map((file) => (
          <article key={file.id} className="recording" aria-label={file.name ?? file.id}>
            {study.locked ? <LockedPlayer study={scope.study} file={file} passphrase={passphrase} ask={() => new Promise((answer) => setAsked({ file, answer }))} /> : <Player study={scope.study} file={file} />}
            <Words file={file} />
          </article>
        ))}
      </div>
      <ErrorNote error={query.error} retry={() => void query.fetchNextPage()} title="The recordings that follow could not be read" />
      <More read={all.length} total={query.data?.pages[0]?.total ?? 0} what="recordings" query={query} />
      {asked && (
        <PassphraseDialog
          action="Open"
          onGiven={async (given) => {
            await tryPassphrase(scope.study, asked.file.id, given);
            setPassphrase(given);
            asked.answer(given);
          }}
          onClose={() => {
            // An answer that was given stands.
            asked.answer(null);
            setAsked(null);
          }}
        >
          It is sent to this server with each recording you play, and forgotten when you leave this view.
        </PassphraseDialog>
      )}
    </>
  );
}

function Words({ file }: { file: StudyFile }) {
  return (
    <div className="recording-words">
      <b>{file.name ?? file.id}</b>
      <span className="quiet small">
        {file.participant && <span className="mono">{file.participant}</span>} {file.session && `in ${file.session}`} · <Time at={file.started_at} none="no start known" /> · {duration(file.duration_ms)} · {bytes(file.size)}
        {file.width && file.height ? ` · ${file.width} × ${file.height}` : ''}
      </span>
    </div>
  );
}

function Player({ study, file }: { study: string; file: StudyFile }) {
  const [failed, setFailed] = useState(false);
  const name = file.name ?? file.id;
  const source = fileContent(study, file.id, 'inline');
  const playable = /^(video|audio)\//.test(file.media_type);
  return (
    <>
      {failed ? (
        <ErrorNote error={new Error('The file may need the right to identifiers, or another player. It can still be downloaded by who may.')} title="This recording cannot be played here" />
      ) : file.media_type.startsWith('video/') ? (
        <video controls preload="none" src={source} onError={() => setFailed(true)} aria-label={`Play ${name}`} />
      ) : file.media_type.startsWith('audio/') ? (
        <audio controls preload="none" src={source} onError={() => setFailed(true)} aria-label={`Play ${name}`} />
      ) : null}
      <p className="recording-get">
        <a href={fileContent(study, file.id, 'attachment')} download>
          {playable ? 'Download' : `Download (${file.media_type})`}
        </a>
      </p>
    </>
  );
}
