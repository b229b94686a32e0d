import { z } from 'zod';
import { severities, stages } from '../../protocol/diagnostics.ts';
import { pageSize } from '../../protocol/pages.ts';
import type { ErrorsQuery } from '../deps.ts';
import { callerOf, defineRoute, type Route, type RouteInput } from '../route.ts';

const errorsQuery = z.object({
  agent: z.string().optional().describe('Model id.'),
  stage: z.enum(stages).optional(),
  severity: z.enum(severities).optional(),
  since: z
    .string()
    .refine((text) => !Number.isNaN(Date.parse(text)), { error: 'It must be an ISO 8601 time' })
    .optional()
    .describe('ISO 8601 time; only what was last seen at or after it.'),
  after: z.string().optional().describe('`next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(pageSize.most).default(pageSize.default),
});

const refreshQuery = z.object({
  force: z
    .enum(['true', 'false', '1', '0'])
    .default('false')
    .describe('Also load what has not changed.'),
});

const refresh = {
  method: 'POST',
  audience: 'admins',
  resource: '/agents/refresh',
  summary: 'Look for new, changed and removed agents now.',
  query: refreshQuery,
} as const;

/** The routes for operators: what is loaded, what is wrong, and looking for changes. */
export const adminRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    url: '/admin/agents',
    audience: 'admins',
    scope: 'own',
    summary: 'List every agent with its state, files and settings.',
    handle: async ({ deps, request }) => ({ agents: await deps.admin.agents(callerOf(request)) }),
  }),
  defineRoute({
    method: 'GET',
    url: '/admin/agents/errors',
    audience: 'admins',
    summary: 'List what is wrong with agents, newest first.',
    query: errorsQuery,
    handle: ({ deps, query }) => deps.admin.errors(toErrorsQuery(query)),
  }),
  defineRoute({ ...refresh, url: '/agents/refresh', handle: refreshAgents }),
  defineRoute({ ...refresh, url: '/admin/agents/refresh', handle: refreshAgents }),
  defineRoute({
    method: 'GET',
    url: '/admin/upstreams',
    audience: 'admins',
    summary: 'List the upstreams that answer model calls.',
    handle: ({ deps }) => deps.admin.upstreams(),
  }),
  defineRoute({
    method: 'GET',
    url: '/admin/usage',
    audience: 'admins',
    summary: 'Tokens and requests, by agent, key and upstream.',
    handle: ({ deps }) => deps.admin.usage(),
  }),
  defineRoute({
    method: 'GET',
    url: '/admin/runs',
    audience: 'admins',
    scope: 'own',
    summary: 'List the latest runs.',
    handle: ({ deps, request }) => deps.admin.runs(callerOf(request)),
  }),
];

function refreshAgents({
  deps,
  query,
}: RouteInput<unknown, z.output<typeof refreshQuery>>): Promise<unknown> {
  return deps.admin.refresh({ force: ['true', '1'].includes(query.force) });
}

function toErrorsQuery({ since, ...query }: z.output<typeof errorsQuery>): ErrorsQuery {
  const given = Object.entries({
    ...query,
    since: since && new Date(since).toISOString(),
  }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as ErrorsQuery;
}
