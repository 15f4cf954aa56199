import { Button, TextInput } from '@mantine/core';
import { useEffect, useRef } from 'react';

import { useTyped } from '@/app/address';

import type { Column } from './columns';
import type { Where } from './where';

interface Props<Row> {
  columns: Column<Row>[];
  where: Where | undefined;
  onChange: (where: Where | undefined) => void;
}

/** A text for each column that is shown; all of them have to fit. */
export function ColumnFilters<Row>({ columns, where, onChange }: Props<Row>) {
  // Of two columns that are typed one after the other, the second knows of the first before the address does.
  const latest = useRef(where);
  useEffect(() => {
    latest.current = where;
  }, [where]);
  const set = (id: string, text: string) => {
    const next = { ...latest.current, [id]: text };
    if (!text) delete next[id];
    latest.current = next;
    onChange(Object.keys(next).length > 0 ? next : undefined);
  };
  return (
    <div className="column-filters" role="group" aria-label="Filter by column">
      {columns
        .filter((column) => column.value)
        .map((column) => (
          <OneColumn key={column.id} title={column.unit ? `${column.title} (${column.unit})` : column.title} value={where?.[column.id] ?? ''} onChange={(text) => set(column.id, text)} />
        ))}
      <p className="quiet small">
        A part of what stands there, or a comparison: <code>&gt;5</code>, <code>&lt;=2026-01-31</code>, <code>=completed</code>. Times are compared in UTC.
      </p>
      {where && (
        <Button variant="subtle" color="gray" size="compact-sm" onClick={() => onChange(undefined)}>
          Clear
        </Button>
      )}
    </div>
  );
}

function OneColumn({ title, value, onChange }: { title: string; value: string; onChange: (text: string) => void }) {
  const [text, type] = useTyped(value, onChange);
  return <TextInput label={title} value={text} onChange={(event) => type(event.currentTarget.value)} w={150} />;
}
