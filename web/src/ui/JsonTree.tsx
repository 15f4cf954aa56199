import { useState } from 'react';

const FIRST = 50;

/** JSON as a tree that opens piece by piece, so that a large one costs nothing until it is looked at. */
export function JsonTree({ name, value, depth = 0 }: { name: string; value: unknown; depth?: number }) {
  const [shown, setShown] = useState(FIRST);
  const [opened, setOpened] = useState(depth === 0);
  if (typeof value !== 'object' || value === null) {
    return (
      <div className="json-leaf">
        <span className="json-name">{name}</span> <span className="json-value" data-type={value === null ? 'null' : typeof value}>{typeof value === 'string' ? value : JSON.stringify(value)}</span>
      </div>
    );
  }
  const entries: [string, unknown][] = Array.isArray(value) ? value.map((one, index) => [String(index), one]) : Object.entries(value);
  return (
    <details className="json" open={opened} onToggle={(event) => setOpened((event.target as HTMLDetailsElement) === event.currentTarget ? event.currentTarget.open : opened)}>
      <summary>
        <span className="json-name">{name}</span> <span className="quiet small">{Array.isArray(value) ? `${entries.length} entries` : `${entries.length} members`}</span>
      </summary>
      {opened && (
        <div className="json-inner">
          {entries.slice(0, shown).map(([key, one]) => (
            <JsonTree key={key} name={key} value={one} depth={depth + 1} />
          ))}
          {entries.length > shown && (
            <button type="button" className="linklike" onClick={() => setShown(shown + 200)}>
              {entries.length - shown} more
            </button>
          )}
        </div>
      )}
    </details>
  );
}
