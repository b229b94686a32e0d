import { z } from 'zod';
import { severities, stages } from '../../protocol/diagnostics.ts';
import { pageSize } from '../../protocol/pages.ts';
import type { Caller } from '../../protocol/policy.ts';
import type { ErrorsQuery, HttpDeps } from '../deps.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';

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

/** The routes for operators: what is loaded, what is wrong, and looking for changes. */
export function adminRoutes({ admin }: HttpDeps): Route[] {
  return [
    defineRoute({
      method: 'GET',
      url: '/admin/agents',
      access: 'admin',
      summary: 'List every agent with its state, files and settings.',
      handle: async ({ request }) => ({ agents: await admin.agents(callerOf(request)) }),
    }),
    defineRoute({
      method: 'GET',
      url: '/admin/agents/errors',
      access: 'admin',
      summary: 'List what is wrong with agents, newest first.',
      query: errorsQuery,
      handle: ({ query }) => admin.errors(toErrorsQuery(query)),
    }),
    ...['/agents/refresh', '/admin/agents/refresh'].map((url) =>
      defineRoute({
        method: 'POST',
        url,
        access: 'admin',
        resource: '/agents/refresh',
        summary: 'Look for new, changed and removed agents now.',
        query: refreshQuery,
        handle: ({ query }) => admin.refresh({ force: ['true', '1'].includes(query.force) }),
      }),
    ),
    ...reads({ upstreams: admin.upstreams, usage: admin.usage, runs: admin.runs }),
  ];
}

const summaries = {
  upstreams: 'List the upstreams that answer model calls.',
  usage: 'Tokens and requests, by agent, key and upstream.',
  runs: 'List the latest runs.',
};

function reads(
  sources: Record<keyof typeof summaries, ((viewer: Caller) => unknown) | undefined>,
): Route[] {
  return Object.entries(sources).flatMap(([name, read]) =>
    read
      ? [
          defineRoute({
            method: 'GET',
            url: `/admin/${name}`,
            access: 'admin',
            summary: summaries[name as keyof typeof summaries],
            handle: ({ request }) => read(callerOf(request)),
          }),
        ]
      : [],
  );
}

function toErrorsQuery({ since, ...query }: z.output<typeof errorsQuery>): ErrorsQuery {
  const given = Object.entries({
    ...query,
    since: since && new Date(since).toISOString(),
  }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as ErrorsQuery;
}
