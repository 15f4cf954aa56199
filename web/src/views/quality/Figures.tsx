import type { DatasetQuality, QualityCounts } from '@/api/quality';
import { Time } from '@/time/zone';
import { compact, count } from '@/ui/format';

/** Records, times and what failed, at a glance. */
export function Figures({ qualities, counts }: { qualities: DatasetQuality[]; counts: QualityCounts }) {
  const times = (of: 'first_time' | 'last_time') => qualities.map((one) => one[of]).filter((at) => at !== null).sort();
  const records = qualities.reduce((sum, one) => sum + one.records, 0);
  return (
    <dl className="figures">
      <div className="figure"><dt className="figure-title">Records</dt><dd className="figure-value" title={count(records)}>{compact(records)}</dd></div>
      <div className="figure" data-tone={counts.error > 0 ? 'bad' : undefined}><dt className="figure-title">Errors</dt><dd className="figure-value">{compact(counts.error)}</dd></div>
      <div className="figure" data-tone={counts.warning > 0 ? 'fair' : undefined}><dt className="figure-title">Warnings</dt><dd className="figure-value">{compact(counts.warning)}</dd></div>
      <div className="figure"><dt className="figure-title">Notes</dt><dd className="figure-value">{compact(counts.info)}</dd></div>
      <div className="figure"><dt className="figure-title">First record</dt><dd className="figure-time"><Time at={times('first_time')[0]} digits="min" /></dd></div>
      <div className="figure"><dt className="figure-title">Last record</dt><dd className="figure-time"><Time at={times('last_time').at(-1)} digits="min" /></dd></div>
    </dl>
  );
}
