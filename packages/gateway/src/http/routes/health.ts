import { defineRoute, type Route } from '../route.ts';

/** `GET /healthz` (the process answers) and `GET /readyz` (it wants requests): the only routes without a key. */
export const healthRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    url: '/healthz',
    audience: 'anyone',
    summary: 'Say that the process answers.',
    handle: () => ({ status: 'ok' }),
  }),
  defineRoute({
    method: 'GET',
    url: '/readyz',
    audience: 'anyone',
    summary: 'Say whether requests are welcome: 200, or 503 while starting and draining.',
    handle: ({ deps, reply }) => {
      const { status, waitingFor } = deps.readiness();
      reply.code(status === 'ready' ? 200 : 503);
      return waitingFor.length === 0 ? { status } : { status, waiting_for: waitingFor };
    },
  }),
];
