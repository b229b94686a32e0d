import type { HttpDeps } from '../deps.ts';
import { defineRoute, type Route } from '../route.ts';

/** `GET /metrics` for Prometheus, and the same as JSON. */
export function metricRoutes({ metrics }: HttpDeps): Route[] {
  return [
    defineRoute({
      method: 'GET',
      url: '/metrics',
      access: 'metrics',
      summary: 'Metrics, as Prometheus scrapes them.',
      handle: async ({ reply }) => {
        const { type, text } = await metrics.exposition();
        reply.type(type);
        return text;
      },
    }),
    defineRoute({
      method: 'GET',
      url: '/admin/metrics',
      access: 'admin',
      summary: 'The same metrics as JSON.',
      handle: () => metrics.report(),
    }),
  ];
}
