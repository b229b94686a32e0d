import { statusAnswer } from '../../../protocol/admin/status-answer.ts';
import { defineRoute, type Route } from '../../route.ts';

/** `GET /admin/status`: how this gateway is now. */
export const statusRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    url: '/admin/status',
    audience: 'admins',
    summary:
      'Tell how this gateway is now: its processes, runs, store and upstreams, and what is not well.',
    answer: statusAnswer,
    handle: ({ deps }) => deps.live.status(),
  }),
];
