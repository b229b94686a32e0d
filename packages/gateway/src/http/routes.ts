import type { HttpDeps } from './deps.ts';
import { defineRoute, type Route } from './route.ts';
import { adminRoutes } from './routes/admin.ts';
import { chatRoutes } from './routes/chat-completions.ts';
import { healthRoutes } from './routes/health.ts';
import { modelRoutes } from './routes/models.ts';

/** Every route there is, with who may use it. */
export function listRoutes(deps: HttpDeps): readonly Route[] {
  return [
    ...healthRoutes(deps),
    ...modelRoutes(deps),
    ...chatRoutes(deps),
    ...adminRoutes(deps),
    defineRoute({
      method: 'GET',
      url: '/openapi.json',
      access: 'caller',
      summary: 'This description, in OpenAPI 3.1.',
      handle: ({ request }) => request.server.swagger(),
    }),
  ];
}
