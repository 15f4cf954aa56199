import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react';

const KEPT_AS = 'sheaf-zone';

interface Zone {
  zone: string;
  setZone: (zone: string) => void;
}

const Context = createContext<Zone>({ zone: 'UTC', setZone: () => undefined });

function kept(): string {
  try {
    const zone = localStorage.getItem(KEPT_AS);
    if (zone) {
      new Intl.DateTimeFormat('en', { timeZone: zone });
      return zone;
    }
  } catch {
    // A zone this browser does not know, or a browser that keeps nothing.
  }
  return 'UTC';
}

export function ZoneProvider({ children }: { children: ReactNode }) {
  const [zone, change] = useState(kept);
  const setZone = useCallback((next: string) => {
    try {
      localStorage.setItem(KEPT_AS, next);
    } catch {
      // It then lasts as long as the page.
    }
    change(next);
  }, []);
  const value = useMemo(() => ({ zone, setZone }), [zone, setZone]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export const useZone = () => useContext(Context);

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
    });
    formats.set(zone, format);
  }
  return format;
}

/** "2026-01-31 08:15:00.250": sortable, the same everywhere, in the zone picked. */
export function formatTime(iso: string | null | undefined, zone: string, digits: 'ms' | 's' | 'min' | 'day' = 's'): string {
  if (!iso) return '';
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const part: Record<string, string> = {};
  for (const { type, value } of formatOf(zone).formatToParts(date)) part[type] = value;
  const day = `${part['year']}-${part['month']}-${part['day']}`;
  if (digits === 'day') return day;
  const minute = `${day} ${part['hour']}:${part['minute']}`;
  if (digits === 'min') return minute;
  const second = `${minute}:${part['second']}`;
  return digits === 's' ? second : `${second}.${String(date.getUTCMilliseconds()).padStart(3, '0')}`;
}

/** What somebody typed, as the API writes times: "2026-01-31 08:15" is meant in the zone picked, unless an offset stands behind it.
 *  Undefined for what is no time. */
export function instantIn(zone: string, typed: string): string | undefined {
  const text = typed.trim().replace(' ', 'T');
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return undefined;
  const iso = (at: number) => (Number.isNaN(at) ? undefined : new Date(at).toISOString());
  if (/(Z|[+-]\d{2}:?\d{2})$/.test(text.slice(10))) return iso(Date.parse(text));
  const meant = Date.parse(text.length === 10 ? `${text}T00:00Z` : `${text}Z`);
  if (Number.isNaN(meant)) return undefined;
  // How far the zone's clocks are from UTC then; looked up twice, for the days on which they are changed.
  const ahead = (at: number) => Date.parse(`${formatTime(new Date(at).toISOString(), zone, 'ms').replace(' ', 'T')}Z`) - at;
  return iso(meant - ahead(meant - ahead(meant)));
}

export function zones(): string[] {
  const known = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : [];
  return ['UTC', ...known.filter((zone) => zone !== 'UTC')];
}

/** A time as it is shown everywhere, with the whole ISO text behind it. */
export function Time({ at, digits = 's', none = '–' }: { at: string | null | undefined; digits?: 'ms' | 's' | 'min' | 'day'; none?: string }) {
  const { zone } = useZone();
  if (!at) return <span className="quiet">{none}</span>;
  return (
    <time dateTime={at} title={`${at} · shown in ${zone}`}>
      {formatTime(at, zone, digits)}
    </time>
  );
}
