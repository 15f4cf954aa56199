import type { Schemas } from '@/api/client';
import { count, plural } from '@/ui/format';
import { Note } from '@/ui/notes';

/** Whether the audit of the whole server is whole, and if not, where. */
export function Verified({ report }: { report: Schemas['AuditReport'] }) {
  const erased = report.redacted > 0 ? ` ${plural(report.redacted, 'detail was', 'details were')} erased, as entries say.` : '';
  if (report.whole) {
    return (
      <Note tone="own" icon="check" title="The audit is whole">
        <span role="status">{`${plural(report.entries, 'entry', 'entries')} of this server, each following from the one before.${erased}`}</span>
      </Note>
    );
  }
  return (
    <Note tone="bad" icon="warning" role="alert" title={`${plural(report.findings.length, 'fault')} found in ${plural(report.entries, 'entry', 'entries')}`}>
      <ul className="lines">
        {report.findings.map((finding, index) => (
          <li key={index}>
            {finding.seq ? `Entry ${count(finding.seq)}: ` : ''}
            {finding.sentence}
          </li>
        ))}
      </ul>
      {erased}
    </Note>
  );
}
