/** What every table keeps in the address: what is searched, the order, the columns shown, the state picked. */
export interface TableSearch {
  q?: string | undefined;
  sort?: string | undefined;
  columns?: string | undefined;
  status?: string | undefined;
}

/** Texts of the address by name; what else stands there is dropped. */
export function texts<Name extends string>(search: Record<string, unknown>, ...names: Name[]): Partial<Record<Name, string>> {
  const kept: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = search[name];
    if (typeof value === 'string' && value !== '') kept[name] = value;
    else if (typeof value === 'number' || typeof value === 'boolean') kept[name] = String(value);
  }
  return kept;
}

export const tableSearch = (search: Record<string, unknown>): TableSearch => texts(search, 'q', 'sort', 'columns', 'status');
