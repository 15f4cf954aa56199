import { useRef, useState } from 'react';

import { Icon } from '@/ui/Icon';

export function DropZone({ onFile, disabled, name }: { onFile: (file: File) => void; disabled: boolean; name: string | undefined }) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const take = (files: FileList | null) => {
    const file = files?.[0];
    if (file && !disabled) onFile(file);
  };
  return (
    <div
      className="drop"
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer.files);
      }}
    >
      <Icon name="upload" size={20} />
      <span>
        Drop a CSV, NDJSON or JSON file here, or{' '}
        <button type="button" className="linklike" disabled={disabled} onClick={() => input.current?.click()}>
          choose one
        </button>
        {name && <span className="quiet"> · {name}</span>}
      </span>
      <input
        ref={input}
        type="file"
        hidden
        aria-label="File to import"
        accept=".csv,.tsv,.txt,.json,.ndjson,.jsonl"
        onChange={(event) => {
          take(event.currentTarget.files);
          event.currentTarget.value = '';
        }}
      />
    </div>
  );
}
