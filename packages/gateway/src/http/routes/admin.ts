import type { z } from 'zod';
import { type AgentQuery, agentsAnswer, agentsQuery } from '../../protocol/admin/agents-answer.ts';
import {
  acknowledgeAnswer,
  acknowledgeQuery,
  type DiagnosticFilter,
  type DiagnosticQuery,
  errorsAnswer,
  errorsQuery,
} from '../../protocol/admin/errors-answer.ts';
import {
  agentsRefreshAnswer,
  type RefreshReport,
  refreshQuery,
} from '../../protocol/admin/refresh-answer.ts';
import { upstreamsAnswer } from '../../protocol/admin/upstreams-answer.ts';
import { given } from '../../protocol/security/from-json.ts';
import { errorsText } from '../formats/errors-text.ts';
import { callerOf, defineRoute, type Route, type RouteInput } from '../route.ts';

const refresh = {
  method: 'POST',
  audience: 'admins',
  resource: '/agents/refresh',
  summary: 'Look for new, changed and removed agents now.',
  query: refreshQuery,
  answer: agentsRefreshAnswer,
} as const;

/** The routes for operators: what is loaded, what is wrong, and looking for changes. */
export const adminRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    url: '/admin/agents',
    audience: 'admins',
    scope: 'own',
    summary: 'List every agent with its state, files and settings.',
    query: agentsQuery,
    answer: agentsAnswer,
    handle: ({ deps, request, query }) =>
      deps.admin.agents(
        callerOf(request),
        given<AgentQuery>({ after: query.after, limit: query.limit }),
      ),
  }),
  {
    ...defineRoute({
      method: 'GET',
      url: '/admin/agents/errors',
      audience: 'admins',
      summary: 'List what is wrong with agents, newest first.',
      query: errorsQuery,
      handle({ deps, query, reply }) {
        const page = deps.admin.errors(toDiagnosticQuery(query));
        if (query.format === 'json') return page;
        reply.type('text/plain; charset=utf-8');
        return errorsText(page);
      },
    }),
    answer: errorsAnswer,
    mediaTypes: ['application/json', 'text/plain'],
  },
  defineRoute({
    method: 'DELETE',
    url: '/admin/agents/errors',
    audience: 'admins',
    summary: 'Acknowledge what was wrong: take it off the list until it is seen again.',
    query: acknowledgeQuery,
    answer: acknowledgeAnswer,
    handle: async ({ deps, query }) => ({
      acknowledged: await deps.admin.acknowledgeErrors(given<DiagnosticFilter>({ ...query })),
    }),
  }),
  defineRoute({ ...refresh, url: '/agents/refresh', handle: refreshAgents }),
  defineRoute({ ...refresh, url: '/admin/agents/refresh', handle: refreshAgents }),
  defineRoute({
    method: 'GET',
    url: '/admin/upstreams',
    audience: 'admins',
    summary: 'List the upstreams that answer model calls, with how each is and what it offers.',
    answer: upstreamsAnswer,
    handle: async ({ deps }) => ({ upstreams: [...(await deps.admin.upstreams())] }),
  }),
];

function refreshAgents({
  deps,
  query,
}: RouteInput<unknown, z.output<typeof refreshQuery>>): Promise<RefreshReport> {
  return deps.admin.refresh({ force: ['true', '1'].includes(query.force) });
}

function toDiagnosticQuery({ since, ...query }: z.output<typeof errorsQuery>): DiagnosticQuery {
  return given<DiagnosticQuery>({
    agent: query.agent,
    stage: query.stage,
    severity: query.severity,
    since: since && new Date(since).toISOString(),
    after: query.after,
    limit: query.limit,
  });
}
