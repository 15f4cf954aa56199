import { Button } from '@mantine/core';

import { count } from '@/ui/format';

interface Props {
  read: number;
  total: number;
  what: string;
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown };
}

/** How many of them stand above, and the button that brings more. */
export function More({ read, total, what, query }: Props) {
  if (!query.hasNextPage) return <p className="quiet small" role="status">{`All ${count(read)} ${what}.`}</p>;
  return (
    <p className="more">
      <span className="quiet small" role="status">{`${count(read)} of ${count(Math.max(total, read))} ${what}${query.isFetchingNextPage ? ' · reading more…' : ''}`}</span>
      <Button size="compact-sm" variant="light" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
        Show more
      </Button>
    </p>
  );
}
