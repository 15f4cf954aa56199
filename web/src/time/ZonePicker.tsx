import { Select } from '@mantine/core';
import { useMemo } from 'react';

import { Icon } from '@/ui/Icon';

import { useZone, zones } from './zone';

export function ZonePicker() {
  const { zone, setZone } = useZone();
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const all = useMemo(() => {
    const names = zones();
    return own && own !== 'UTC' ? ['UTC', own, ...names.filter((name) => name !== 'UTC' && name !== own)] : names;
  }, [own]);
  return (
    <Select
      aria-label="Time zone of all times shown"
      className="zone-picker"
      data={all}
      value={zone}
      onChange={(next) => next && setZone(next)}
      searchable
      allowDeselect={false}
      limit={80}
      maxDropdownHeight={320}
      nothingFoundMessage="No such time zone"
      leftSection={<Icon name="clock" />}
      leftSectionWidth={26}
    />
  );
}
