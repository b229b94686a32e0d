import type { Administration } from '../policy/rules/administration.ts';
import type { Audience, Route } from './route.ts';
import { adminRoutes } from './routes/admin.ts';
import { approvalRoutes } from './routes/approvals.ts';
import { consoleRoutes } from './routes/console.ts';
import { conversationRoutes } from './routes/conversations.ts';
import { dataRoutes } from './routes/data.ts';
import { docsRoutes } from './routes/docs.ts';
import { generationRoutes } from './routes/generations.ts';
import { healthRoutes } from './routes/health.ts';
import { inputTokenRoutes } from './routes/input-tokens.ts';
import { eventRoutes } from './routes/live/events.ts';
import { statusRoutes } from './routes/live/status.ts';
import { metricRoutes } from './routes/metrics.ts';
import { modelRoutes } from './routes/models.ts';
import { responseRoutes } from './routes/responses.ts';
import { formatRoutes } from './routes/run-routes.ts';
import { runRoutes } from './routes/runs.ts';
import { keyRoutes } from './routes/security/keys.ts';
import { overrideRoutes } from './routes/security/overrides.ts';
import { securityRoutes } from './routes/security/security.ts';
import { toolRoutes } from './routes/tools.ts';
import { usageRoutes } from './routes/usage.ts';

/** Every route there is, with who may use it. */
export const routes: readonly Route[] = [
  ...healthRoutes,
  ...modelRoutes,
  ...formatRoutes,
  ...responseRoutes,
  ...inputTokenRoutes,
  ...conversationRoutes,
  ...approvalRoutes,
  ...adminRoutes,
  ...generationRoutes,
  ...toolRoutes,
  ...runRoutes,
  ...usageRoutes,
  ...dataRoutes,
  ...metricRoutes,
  ...eventRoutes,
  ...statusRoutes,
  ...securityRoutes,
  ...overrideRoutes,
  ...keyRoutes,
  ...docsRoutes,
  ...consoleRoutes,
];

/** What the rules have to know of the routes. */
export const administration: Administration = {
  operators: resourcesOf(({ audience }) => audience === 'operators'),
  scrapers: resourcesOf(({ audience }) => audience === 'scrapers'),
  own: resourcesOf(({ audience, scope }) => isAdministered(audience) && scope === 'own'),
};

function resourcesOf(isMeant: (route: Route) => boolean): readonly string[] {
  const resources = routes.filter(isMeant).map(({ resource }) => resource);
  return [...new Set(resources.map((resource) => resource.replaceAll(/:\w+/g, '*')))];
}

function isAdministered(audience: Audience): boolean {
  return audience !== 'anyone' && audience !== 'callers';
}
