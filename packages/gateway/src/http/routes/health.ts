import type { HttpDeps } from '../deps.ts';
import { defineRoute, type Route } from '../route.ts';

/** `GET /healthz` (the process answers) and `GET /readyz` (it wants requests): the only routes without a key. */
export function healthRoutes({ readiness }: HttpDeps): Route[] {
  return [
    defineRoute({
      method: 'GET',
      url: '/healthz',
      access: 'public',
      summary: 'Say that the process answers.',
      handle: () => ({ status: 'ok' }),
    }),
    defineRoute({
      method: 'GET',
      url: '/readyz',
      access: 'public',
      summary: 'Say whether requests are welcome: 200, or 503 while starting and draining.',
      handle: ({ reply }) => {
        const status = readiness();
        reply.code(status === 'ready' ? 200 : 503);
        return { status };
      },
    }),
  ];
}
