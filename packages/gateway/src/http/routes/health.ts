import { z } from 'zod';
import { defineRoute, type Route } from '../route.ts';

const readiness = z.object({
  status: z.enum(['starting', 'ready', 'draining']),
  waiting_for: z.array(z.string()).exactOptional().describe('What it needs before it is ready.'),
});

/** `GET /healthz` (the process answers) and `GET /readyz` (it wants requests): the only routes without a key. */
export const healthRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    url: '/healthz',
    audience: 'anyone',
    summary: 'Say that the process answers.',
    answer: z.object({ status: z.literal('ok') }),
    handle: () => ({ status: 'ok' as const }),
  }),
  defineRoute({
    method: 'GET',
    url: '/readyz',
    audience: 'anyone',
    summary: 'Say whether requests are welcome: 200, or 503 while starting and draining.',
    answer: readiness,
    otherStatus: 503,
    handle: ({ deps, reply }) => {
      const { status, waitingFor } = deps.readiness();
      reply.code(status === 'ready' ? 200 : 503);
      return waitingFor.length === 0 ? { status } : { status, waiting_for: waitingFor };
    },
  }),
];
