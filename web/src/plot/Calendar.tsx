import { count, plural } from '@/ui/format';

const DAY = 86_400_000;
const CELL = 13;
const WEEKDAYS = ['Mon', '', 'Wed', '', 'Fri', '', 'Sun'];

/** Days as squares, weeks as columns: when records came, and when none did. */
export function Calendar({ label, days }: { label: string; days: { at: string; n: number }[] }) {
  const known = new Map(days.map((day) => [day.at, day.n]));
  const times = days.map((day) => Date.parse(`${day.at}T00:00:00Z`)).filter((time) => !Number.isNaN(time));
  if (times.length === 0) return <p className="quiet small">No record has a time.</p>;
  const first = Math.min(...times);
  const monday = first - ((new Date(first).getUTCDay() + 6) % 7) * DAY;
  // A year of columns is as much as the eye takes in; the latest.
  const last = Math.max(...times);
  const start = Math.max(monday, last - 53 * 7 * DAY - ((new Date(last).getUTCDay() + 6) % 7) * DAY);
  const weeks = Math.floor((last - start) / (7 * DAY)) + 1;
  const most = Math.max(...days.map((day) => day.n));
  const busiest = days.find((day) => day.n === most);
  const cells = Array.from({ length: weeks * 7 }, (_, index) => {
    const time = start + index * DAY;
    const at = new Date(time).toISOString().slice(0, 10);
    return { at, n: known.get(at) ?? 0, week: Math.floor(index / 7), day: index % 7, past: time > last };
  }).filter((cell) => !cell.past);
  const months = cells.filter((cell) => cell.at.endsWith('-01') || (cell.week === 0 && cell.day === 0));
  return (
    <figure className="calendar">
      <svg width={34 + weeks * CELL + 30} height={18 + 7 * CELL} role="img" aria-label={`${label}: ${plural(days.length, 'day')} with records, the busiest ${busiest?.at} with ${count(most)}`}>
        {months.map((cell, index) => (index > 0 && cell.week - (months[index - 1]?.week ?? 0) < 3 ? null : <text key={cell.at} x={34 + cell.week * CELL} y={10} className="calendar-word">{cell.at.slice(0, 7)}</text>))}
        {WEEKDAYS.map((word, index) => <text key={index} x={0} y={18 + index * CELL + 10} className="calendar-word">{word}</text>)}
        {cells.map((cell) => (
          <rect key={cell.at} x={34 + cell.week * CELL} y={16 + cell.day * CELL} width={CELL - 2} height={CELL - 2} rx={2} className={cell.n > 0 ? 'calendar-day' : 'calendar-none'} style={cell.n > 0 ? { opacity: 0.25 + 0.75 * Math.sqrt(cell.n / most) } : undefined}>
            <title>{`${cell.at}: ${count(cell.n)} records`}</title>
          </rect>
        ))}
      </svg>
      <figcaption className="quiet small">
        {plural(days.length, 'day')} with records. The busiest is {busiest?.at} with {count(most)}.
      </figcaption>
    </figure>
  );
}
