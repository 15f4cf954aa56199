import { Select } from '@mantine/core';
import { useMemo } from 'react';

import { Icon } from '@/ui/Icon';

import { useZone, zones } from './zone';

export function ZonePicker() {
  const { zone, setZone } = useZone();
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const all = useMemo(() => {
    // A browser lists one of a zone's names; the one picked, and the computer's own, may be another.
    const first = ['UTC', own, zone].filter((name, index, all) => name && all.indexOf(name) === index);
    return [...first, ...zones().filter((name) => !first.includes(name))];
  }, [own, zone]);
  return (
    <Select
      aria-label="Time zone of all times shown"
      className="zone-picker"
      data={all}
      value={zone}
      onChange={(next) => next && setZone(next)}
      searchable selectFirstOptionOnChange
      allowDeselect={false}
      limit={80}
      maxDropdownHeight={320}
      nothingFoundMessage="No such time zone"
      leftSection={<Icon name="clock" />}
      leftSectionWidth={26}
    />
  );
}
