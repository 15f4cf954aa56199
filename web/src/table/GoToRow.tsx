import { useState } from 'react';

/** Straight to a row by its number. */
export function GoToRow({ rows, onGo }: { rows: number; onGo: (index: number) => void }) {
  const [text, setText] = useState('');
  return (
    <form
      className="go-to-row"
      onSubmit={(event) => {
        event.preventDefault();
        const number = Number(text.replace(/[\s,.']/g, ''));
        if (Number.isInteger(number) && number > 0) onGo(Math.min(rows, number) - 1);
      }}
    >
      <label>
        Go to row <input inputMode="numeric" value={text} placeholder={String(rows)} onChange={(event) => setText(event.currentTarget.value)} size={10} />
      </label>
    </form>
  );
}
