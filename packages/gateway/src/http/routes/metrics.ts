import { metricsAnswer } from '../../protocol/admin/metrics-answer.ts';
import { defineRoute, type Route } from '../route.ts';

/** `GET /metrics` for Prometheus, and the same as JSON. */
export const metricRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    url: '/metrics',
    audience: 'scrapers',
    summary: 'Metrics, as Prometheus scrapes them.',
    mediaTypes: ['text/plain'],
    handle: async ({ deps, reply }) => {
      const { type, text } = await deps.metrics.exposition();
      reply.type(type);
      return text;
    },
  }),
  {
    ...defineRoute({
      method: 'GET',
      url: '/admin/metrics',
      audience: 'admins',
      summary: 'The same metrics as JSON.',
      handle: ({ deps, reply }) => {
        reply.type('application/json; charset=utf-8');
        return deps.metrics.report();
      },
    }),
    answer: metricsAnswer,
  },
];
