/** Anything a study may have written down of somebody, as one line. */
export function attributeText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

/** What looks like a whole ISO time is shown as one. */
export const isTime = (value: unknown): value is string => typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(value);

/** Names of attributes, the commonest first. */
export function attributeNames(rows: { attributes: object }[]): string[] {
  const seen = new Map<string, number>();
  for (const row of rows) for (const name of Object.keys(row.attributes)) seen.set(name, (seen.get(name) ?? 0) + 1);
  return [...seen.entries()].sort((a, b) => b[1] - a[1]).map(([name]) => name);
}
