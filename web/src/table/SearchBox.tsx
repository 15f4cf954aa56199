import { CloseButton, TextInput } from '@mantine/core';

import { useTyped } from '@/app/address';
import { Icon } from '@/ui/Icon';

/** `/` puts the cursor here, from anywhere in the view. */
export function SearchBox({ value, onChange, label }: { value: string; onChange: (text: string) => void; label: string }) {
  const [text, type] = useTyped(value, onChange);
  return (
    <TextInput
      className="search-box"
      aria-label={label}
      placeholder={label}
      value={text}
      data-search-box=""
      leftSection={<Icon name="search" />}
      rightSection={text ? <CloseButton size="xs" aria-label="Clear the search" onClick={() => type('')} /> : <kbd className="key-hint">/</kbd>}
      onChange={(event) => type(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.currentTarget.blur();
      }}
    />
  );
}
