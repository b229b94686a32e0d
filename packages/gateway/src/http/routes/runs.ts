import { z } from 'zod';
import {
  type RunsQuery,
  runAnswer,
  runsAnswer,
  runsQuery,
  stepsQuery,
} from '../../protocol/admin/runs-answer.ts';
import { given } from '../../protocol/security/from-json.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';

/** What runs did: which there were, and each step by step. */
export const runRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    url: '/admin/runs',
    audience: 'admins',
    scope: 'own',
    summary: 'List runs, newest first, of the agents whose runs the key may read.',
    query: runsQuery,
    answer: runsAnswer,
    handle: ({ deps, request, query }) =>
      deps.admin.runs.list(callerOf(request), toRunsQuery(query)),
  }),
  defineRoute({
    method: 'GET',
    url: '/admin/runs/:id',
    audience: 'admins',
    scope: 'own',
    summary: 'Show a run step by step, with `contents=true` also what its steps held.',
    params: z.object({ id: z.string() }),
    query: stepsQuery,
    answer: runAnswer,
    handle: ({ deps, request, params, query }) =>
      deps.admin.runs.show(callerOf(request), params.id, {
        ...query,
        contents: ['true', '1'].includes(query.contents),
      }),
  }),
];

function toRunsQuery({ agent, key, since, request_id, ...query }: z.output<typeof runsQuery>) {
  return given<RunsQuery>({
    ...query,
    agentId: agent,
    keyId: key,
    requestId: request_id,
    sinceMs: since === undefined ? undefined : Date.parse(since),
  });
}
