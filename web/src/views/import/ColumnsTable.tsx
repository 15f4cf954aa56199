import { Select, TextInput } from '@mantine/core';

import type { Dataset, Field } from '@/api/datasets';
import { TYPES } from '@/views/settings/FieldEditor';

import { uses, type ColumnPlan, type Use } from './plan';

interface Props {
  columns: ColumnPlan[];
  /** Records in Sheaf's own form say themselves what goes where; only types can be told. */
  fixed: boolean;
  known: Dataset | null;
  disabled: boolean;
  onChange: (columns: ColumnPlan[]) => void;
}

export function ColumnsTable({ columns, fixed, known, disabled, onChange }: Props) {
  const set = (index: number, part: Partial<ColumnPlan>) => onChange(columns.map((column, other) => (other === index ? { ...column, ...part } : column)));
  return (
    <div className="table-frame" style={{ overflow: 'auto', maxHeight: 420 }} tabIndex={0} role="region" aria-label="Columns of the file">
      <table className="plain tight">
        <thead>
          <tr>
            <th scope="col">Column</th><th scope="col">Is</th><th scope="col">Field</th><th scope="col">Type</th><th scope="col">First rows</th>
          </tr>
        </thead>
        <tbody>
          {columns.map((column, index) => {
            const there = known?.fields.find((field) => field.id === column.field);
            return (
              <tr key={column.source + index}>
                <td className="mono">{column.source}</td>
                <td><Select aria-label={`What ${column.source} is`} w={140} allowDeselect={false} disabled={disabled || fixed} data={uses} value={column.use} onChange={(use) => use && set(index, { use: use as Use })} /></td>
                <td>{column.use === 'field' && <TextInput aria-label={`Field of ${column.source}`} w={160} disabled={disabled || fixed} value={column.field} onChange={(event) => set(index, { field: event.currentTarget.value })} />}</td>
                <td>{column.use === 'field' && <Select aria-label={`Type of ${column.source}`} w={120} allowDeselect={false} disabled={disabled || there !== undefined} data={there ? [there.type] : TYPES.filter((type) => type !== 'enum' && type !== 'set')} value={there?.type ?? column.type} onChange={(type) => type && set(index, { type: type as Field['type'] })} />}</td>
                <td className="quiet examples">{column.examples.slice(0, 5).map((one) => (one === '' ? '∅' : one.slice(0, 30))).join(' · ')}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
