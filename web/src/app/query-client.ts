import { QueryClient } from '@tanstack/react-query';

import { ApiProblem } from '@/api/problem';

/** Refusals are answers, not accidents: they are shown, not tried again. A server that is away is tried for a while. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => {
        if (error instanceof ApiProblem && error.status < 500 && error.status !== 429) return false;
        return failures < 4;
      },
      retryDelay: (attempt) => Math.min(500 * 2 ** attempt, 4000),
    },
  },
});
