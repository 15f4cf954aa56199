import { Link } from '@tanstack/react-router';

import type { Dataset } from '@/api/datasets';
import type { DatasetQuality, Finding, Severity, StudyQuality } from '@/api/quality';
import type { Filter } from '@/api/records';
import { count } from '@/ui/format';
import { Empty } from '@/ui/notes';
import { dataPath, type Scope } from '@/views/data/scope';

import { checkWord, SeverityTag } from './parts';

const worst: Record<Severity, number> = { error: 0, warning: 1, info: 2 };
const LINKS = 4;

/** The filter that finds what a check found: all of it where the rule can be said as a filter, else the records it named. */
function filterOf(finding: Finding, dataset: Dataset | undefined): { filter: Filter; all: boolean } | null {
  const field = dataset?.fields.find((one) => one.id === finding.field);
  if (finding.check === 'range' && field) {
    const sides = [field.min !== undefined && field.min !== null && { field: field.id, op: '<', value: field.min }, field.max !== undefined && field.max !== null && { field: field.id, op: '>', value: field.max }].filter(Boolean);
    if (sides.length > 0) return { filter: (sides.length === 1 ? sides[0] : { any: sides }) as Filter, all: true };
  }
  if (finding.check === 'time_missing') return { filter: { field: 'record.time', op: 'is_null' } as Filter, all: true };
  if (finding.samples.length === 0) return null;
  return { filter: { field: 'record.seq', op: 'in', value: finding.samples.map((sample) => sample.seq) } as Filter, all: finding.samples.length === finding.count };
}

interface Props {
  scope: Scope;
  qualities: DatasetQuality[];
  datasets: Dataset[];
  sessions?: StudyQuality['findings'];
}

/** What failed, the worst first, and the records it failed in. */
export function Findings({ scope, qualities, datasets, sessions = [] }: Props) {
  const rows = qualities.flatMap((quality) => quality.findings.map((finding) => ({ quality, finding }))).sort((a, b) => worst[a.finding.severity] - worst[b.finding.severity] || b.finding.count - a.finding.count);
  const fields = rows.some(({ finding }) => finding.field !== null);
  if (rows.length + sessions.length === 0) {
    const any = qualities.some((quality) => quality.records > 0);
    return (
      <Empty icon={any ? 'check' : 'pulse'} title={any ? 'Nothing failed' : 'There is nothing to check yet'}>
        {any ? 'Every record fits the rules of its dataset.' : 'Records are checked as they arrive.'}
      </Empty>
    );
  }
  return (
    <div className="wide">
      <table className="plain" aria-label="What failed">
        <thead>
          <tr>
            <th>Severity</th>
            <th>Check</th>
            <th>Dataset</th>
            {fields && <th>Field</th>}
            <th className="number">Records</th>
            <th>Which</th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((finding) => (
            <tr key={finding.check}>
              <td><SeverityTag of={finding.severity} /></td>
              <td><CheckWords check={finding.check} says={finding.says} /></td>
              <td className="quiet">sessions</td>
              {fields && <td />}
              <td className="number">{count(finding.count)}</td>
              <td className="row-links">
                {finding.sessions.map((session) => (
                  <Link key={session} to="/studies/$study/sessions/$session" params={{ study: scope.study, session }}>{session}</Link>
                ))}
              </td>
            </tr>
          ))}
          {rows.map(({ quality, finding }) => {
            const dataset = datasets.find((one) => one.id === quality.dataset);
            return (
              <tr key={`${quality.dataset} ${finding.check} ${finding.field} ${finding.reason ?? ''}`}>
                <td><SeverityTag of={finding.severity} /></td>
                <td><CheckWords check={finding.check} says={finding.says} /></td>
                <td>{dataset?.name ?? quality.dataset}</td>
                {fields && <td className="mono">{finding.field ?? ''}</td>}
                <td className="number">{count(finding.count)}</td>
                <td><Rows scope={scope} quality={quality} finding={finding} dataset={dataset} /></td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function CheckWords({ check, says }: { check: string; says: string }) {
  return (
    <div className="check-words">
      {checkWord(check)}
      <div className="quiet small">{says}</div>
    </div>
  );
}

function Rows({ scope, quality, finding, dataset }: { scope: Scope; quality: DatasetQuality; finding: Finding; dataset: Dataset | undefined }) {
  const found = filterOf(finding, dataset);
  const path = dataPath(scope, quality.dataset) as '/';
  if (!found) return <span className="quiet">–</span>;
  const all = found.all ? (finding.count > 1 ? `All ${count(finding.count)} in the table` : 'In the table') : `These ${count(finding.samples.length)} in the table`;
  return (
    <span className="row-links">
      {finding.samples.slice(0, LINKS).map((sample) => (
        <Link key={sample.seq} to={path} search={{ view: 'table', record: sample.seq } as never} title={sample.id ? `Record ${sample.id}` : undefined}>
          {`record ${sample.seq}`}
        </Link>
      ))}
      <Link to={path} search={{ view: 'table', filter: found.filter, filtering: true } as never}>{all}</Link>
    </span>
  );
}
