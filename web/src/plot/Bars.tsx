import { count } from '@/ui/format';

export interface Bar {
  key: string;
  label: string;
  value: number;
  quiet?: boolean;
}

/** Shares as bars with their numbers: readable without the bars. */
export function Bars({ label, bars, total }: { label: string; bars: Bar[]; total: number }) {
  const most = Math.max(1, ...bars.map((bar) => bar.value));
  return (
    <table className="bars" aria-label={label}>
      <tbody>
        {bars.map((bar) => (
          <tr key={bar.key} data-quiet={bar.quiet || undefined}>
            <th scope="row" title={bar.label}>
              {bar.label}
            </th>
            <td className="bar-track">
              <span className="bar" style={{ width: `${(bar.value / most) * 100}%` }} />
            </td>
            <td className="bar-number">{count(bar.value)}</td>
            <td className="bar-number quiet">{total > 0 ? `${((bar.value / total) * 100).toFixed(0)} %` : ''}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
