import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';

import { Empty, ErrorNote } from '@/ui/notes';

export function NotFound() {
  return (
    <main className="view" id="main">
      <Empty
        icon="search"
        title="There is nothing at this address"
        action={
          <Button component={Link} to="/studies" variant="light">
            To the studies
          </Button>
        }
      >
        The study, person or view it named may be gone, or you may not be let into it.
      </Empty>
    </main>
  );
}

export function RouteError({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <div className="view">
      <ErrorNote error={error} retry={reset} title="This view could not be shown" />
    </div>
  );
}
