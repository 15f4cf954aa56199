import type { Completeness, QualityCounts, Severity } from '@/api/quality';
import { count, plural } from '@/ui/format';
import { Tag, type Tone } from '@/ui/Status';

const tones: Record<Severity, Tone> = { error: 'bad', warning: 'fair', info: 'busy' };

export function SeverityTag({ of }: { of: Severity }) {
  return <Tag tone={tones[of]}>{of}</Tag>;
}

const units: Record<NonNullable<Completeness>['basis'], string> = {
  records: 'records', participants: 'records of participants', sessions: 'records of sessions', interval: 'samples', components: 'components', fields: 'answers',
};

/** "48.7 %", never rounded to a whole that it is not. */
export function percent(fraction: number): string {
  if (fraction === 0 || fraction === 1) return `${fraction * 100} %`;
  const shown = fraction * 100;
  if (shown < 0.1) return 'under 0.1 %';
  if (shown > 99.9) return 'over 99.9 %';
  return `${shown.toFixed(1)} %`;
}

/** Received of expected as a bar and in words; where nothing is expected, it says so. */
export function Complete({ of, words = true }: { of: Completeness; words?: boolean }) {
  if (!of) return <span className="quiet">not applicable</span>;
  return (
    <span className="complete" title={`${count(of.received)} of ${count(of.expected)} ${units[of.basis]} received`}>
      <span className="complete-bar" aria-hidden="true">
        <span style={{ width: `${Math.min(1, of.fraction) * 100}%` }} />
      </span>
      <span>{percent(of.fraction)}</span>
      {words && (
        <span className="quiet small">
          {count(of.received)} of {count(of.expected)}
        </span>
      )}
    </span>
  );
}

export const checkWord = (check: string) => check.replaceAll('_', ' ');

/** "2 errors, 10 warnings" */
export function countWords(counts: QualityCounts): string {
  const parts = [counts.error > 0 && plural(counts.error, 'error'), counts.warning > 0 && plural(counts.warning, 'warning'), counts.info > 0 && plural(counts.info, 'note')].filter(Boolean);
  return parts.length > 0 ? parts.join(', ') : 'nothing failed';
}

export function Counted({ of, tone }: { of: number; tone: Tone }) {
  return of === 0 ? <span className="quiet">0</span> : <Tag tone={tone}>{count(of)}</Tag>;
}
