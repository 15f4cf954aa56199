import { whereOf, type Where } from './where';

/** What every table keeps in the address: what is searched, the order, the columns shown, the state picked. */
export interface TableSearch {
  q?: string | undefined;
  sort?: string | undefined;
  columns?: string | undefined;
  status?: string | undefined;
  /** Of lists: a text for each column. */
  where?: Where | undefined;
  filtering?: boolean | undefined;
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

export function tableSearch(search: Record<string, unknown>): TableSearch {
  const where = whereOf(search['where']);
  return { ...texts(search, 'q', 'sort', 'columns', 'status'), ...(where ? { where } : {}), ...(search['filtering'] === true ? { filtering: true } : {}) };
}
