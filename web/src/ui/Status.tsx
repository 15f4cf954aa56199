export type Tone = 'good' | 'busy' | 'fair' | 'bad' | 'own' | 'plain';

const tones: Record<string, Tone> = {
  active: 'own', completed: 'good', complete: 'good', withdrawn: 'fair', succeeded: 'good', success: 'good', ok: 'good', approved: 'good', failed: 'bad', denied: 'bad', revoked: 'bad',
  executing: 'busy', running: 'busy', delivered: 'good', waiting: 'busy', paused: 'fair', pending: 'busy', started: 'busy', open: 'fair', direct: 'bad', quasi: 'fair', sensitive: 'fair',
};

/** A small word. Colour repeats what the word says, never more. */
export function Tag({ tone = 'plain', children }: { tone?: Tone; children: React.ReactNode }) {
  return (
    <span className="tag" data-tone={tone}>
      {children}
    </span>
  );
}

/** A word of state. */
export function Status({ of }: { of: string }) {
  if (!of) return <span className="quiet">–</span>;
  return <Tag tone={tones[of] ?? 'plain'}>{of}</Tag>;
}
