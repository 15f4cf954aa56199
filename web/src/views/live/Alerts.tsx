import { Link } from '@tanstack/react-router';

import type { Dataset } from '@/api/datasets';
import { Time } from '@/time/zone';
import { count } from '@/ui/format';
import { checkWord, SeverityTag } from '@/views/quality/parts';

import type { LiveState } from './state';

/** What failed while one looked, and what had failed before. */
export function Alerts({ study, live, datasets }: { study: string; live: LiveState; datasets: Dataset[] }) {
  const nameOf = (id: string) => datasets.find((one) => one.id === id)?.name ?? id;
  return (
    <>
      <ul className="lines" aria-label="New quality alerts" aria-live="polite">
        {live.alerts.map((alert) => (
          <li key={alert.key} className="fresh">
            <SeverityTag of={alert.severity} /> <b>+{count(alert.added ?? 0)}</b> {checkWord(alert.check)} in {nameOf(alert.dataset)}
            {alert.field && <> · <code>{alert.field}</code></>} <span className="quiet small"><Time at={alert.at} /></span>
          </li>
        ))}
      </ul>
      {live.alerts.length === 0 && <p className="quiet small">None since you opened this.</p>}
      {live.findings && live.findings.length > 0 && (
        <>
          <h3 className="live-title">In all</h3>
          <ul className="lines" aria-label="What failed in all">
            {live.findings.map((one) => (
              <li key={`${one.dataset} ${one.check} ${one.field}`}>
                <SeverityTag of={one.severity} /> {count(one.count ?? 0)} {checkWord(one.check)} in <Link to="/studies/$study/quality/$dataset" params={{ study, dataset: one.dataset }}>{nameOf(one.dataset)}</Link>
              </li>
            ))}
          </ul>
        </>
      )}
      {live.findings?.length === 0 && <p className="quiet small">Every record so far fits the rules of its dataset.</p>}
      {live.findings === null && <p className="quiet small">The records are being checked.</p>}
    </>
  );
}
