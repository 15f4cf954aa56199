export interface Loaded<T> {
  items: T[];
  total: number;
  /** False when there are more than the page is willing to hold; `items` are then the first. */
  complete: boolean;
}

const MOST = 50_000;

interface Page {
  cursor: string | null;
  has_more: boolean;
  total?: number;
}

/** Follows the cursors of a list to its end, up to a bound. */
export async function allPages<P extends Page, T>(read: (cursor: { cursor?: string }) => Promise<P>, itemsOf: (page: P) => T[]): Promise<Loaded<T>> {
  const items: T[] = [];
  let cursor: { cursor?: string } = {};
  for (;;) {
    const page = await read(cursor);
    items.push(...itemsOf(page));
    const total = page.total ?? items.length;
    if (!page.has_more || !page.cursor) return { items, total: Math.max(total, items.length), complete: true };
    if (items.length >= MOST) return { items, total, complete: false };
    cursor = { cursor: page.cursor };
  }
}
