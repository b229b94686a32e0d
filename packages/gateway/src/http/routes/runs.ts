import { z } from 'zod';
import {
  forkAnswer,
  forkBody,
  replayAnswer,
  replayBody,
} from '../../protocol/admin/replay-answer.ts';
import { runTestAnswer } from '../../protocol/admin/run-test.ts';
import {
  type RunsQuery,
  runAnswer,
  runsAnswer,
  runsQuery,
  stepsQuery,
} from '../../protocol/admin/runs-answer.ts';
import { given } from '../../protocol/security/from-json.ts';
import { callerGone } from '../caller-gone.ts';
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
  defineRoute({
    method: 'POST',
    url: '/admin/runs/:id/replay',
    audience: 'admins',
    scope: 'own',
    summary:
      'Run again what a run did, with the answers of models and tools that are recorded; nothing outside is reached.',
    params: z.object({ id: z.string() }),
    body: replayBody,
    answer: replayAnswer,
    handle: ({ deps, request, reply, params, body }) =>
      deps.admin.runAgain.replay(callerOf(request), params.id, {
        generation: body?.generation ?? 'recorded',
        signal: callerGone(reply.raw),
      }),
  }),
  defineRoute({
    method: 'POST',
    url: '/admin/runs/:id/fork',
    audience: 'admins',
    scope: 'own',
    summary:
      'Run again what a run did up to a step, which may be edited, and go on live from there.',
    params: z.object({ id: z.string() }),
    body: forkBody,
    answer: forkAnswer,
    handle: ({ deps, request, reply, params, body }) =>
      deps.admin.runAgain.fork(callerOf(request), params.id, {
        fromStep: body.from_step,
        edit: body.edit ?? null,
        signal: callerGone(reply.raw),
      }),
  }),
  defineRoute({
    method: 'GET',
    url: '/admin/runs/:id/test',
    audience: 'admins',
    scope: 'own',
    summary: 'Show a recorded run as a case to run its agent by.',
    params: z.object({ id: z.string() }),
    answer: runTestAnswer,
    handle: ({ deps, request, params }) => deps.admin.runAgain.test(callerOf(request), params.id),
  }),
];

function toRunsQuery({ agent, key, since, request_id, ...rest }: z.output<typeof runsQuery>) {
  const { min_duration_ms: minDurationMs, replay_of: replayOf, ...query } = rest;
  return given<RunsQuery>({
    ...query,
    agentId: agent,
    keyId: key,
    requestId: request_id,
    replayOf,
    minDurationMs,
    sinceMs: since === undefined ? undefined : Date.parse(since),
  });
}
