import { pagePolicy } from '../docs-page/page-style.ts';
import { defineRoute, type Route } from '../route.ts';

/** `GET /docs` for people and `GET /openapi.json` for programs. A browser has no key to send, and the page tells nothing of this gateway. */
export const docsRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    url: '/docs',
    audience: 'anyone',
    summary: 'This description as a page for people.',
    mediaTypes: ['text/html'],
    handle: ({ request, reply }) => {
      reply.type('text/html; charset=utf-8').headers({
        'content-security-policy': pagePolicy,
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
      });
      return request.server.docsPage();
    },
  }),
  defineRoute({
    method: 'GET',
    url: '/openapi.json',
    audience: 'callers',
    summary: 'This description, in OpenAPI 3.1.',
    handle: ({ request }) => request.server.describeRoutes(),
  }),
];
