import type { HttpDeps } from './deps.ts';
import { defineRoute, type Route } from './route.ts';
import { adminRoutes } from './routes/admin.ts';
import { chatRoutes } from './routes/chat-completions.ts';
import { healthRoutes } from './routes/health.ts';
import { metricRoutes } from './routes/metrics.ts';
import { modelRoutes } from './routes/models.ts';
import { securityRoutes } from './routes/security.ts';
import { keyRoutes } from './routes/security-keys.ts';
import { overrideRoutes } from './routes/security-overrides.ts';

/** Every route there is, with who may use it. */
export function listRoutes(deps: HttpDeps): readonly Route[] {
  return [
    ...healthRoutes(deps),
    ...modelRoutes(deps),
    ...chatRoutes(deps),
    ...adminRoutes(deps),
    ...metricRoutes(deps),
    ...securityRoutes(deps),
    ...overrideRoutes(deps),
    ...keyRoutes(deps),
    defineRoute({
      method: 'GET',
      url: '/openapi.json',
      access: 'caller',
      summary: 'This description, in OpenAPI 3.1.',
      handle: ({ request }) => request.server.swagger(),
    }),
  ];
}
