import {
  generationsAnswer,
  generationsQuery,
  releaseBody,
  rollbackAnswer,
  rollbackBody,
} from '../../protocol/admin/generations-answer.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';

/** One right for both ways: who may go back may also end that. */
const resource = '/agents/rollback';

const urls = ['/agents', '/admin/agents'];

/** The routes for going back to what an agent was. */
export const generationRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    url: '/admin/agents/generations',
    audience: 'admins',
    scope: 'own',
    summary: 'List the versions of an agent that are kept, newest first.',
    query: generationsQuery,
    answer: generationsAnswer,
    fails: ['agent_not_found'],
    handle: ({ deps, request, query }) => deps.rollback.generations(callerOf(request), query.agent),
  }),
  ...urls.map((url) =>
    defineRoute({
      method: 'POST',
      url: `${url}/rollback`,
      audience: 'admins',
      scope: 'own',
      resource,
      summary: 'Serve a kept version of an agent until its files change.',
      body: rollbackBody,
      answer: rollbackAnswer,
      fails: ['agent_not_found', 'generation_gone'],
      handle: ({ deps, request, body }) =>
        deps.rollback.rollBack(callerOf(request), { agent: body.agent, to: body.to ?? null }),
    }),
  ),
  ...urls.map((url) =>
    defineRoute({
      method: 'POST',
      url: `${url}/release`,
      audience: 'admins',
      scope: 'own',
      resource,
      summary: 'Serve what lies on disk again, after a rollback.',
      body: releaseBody,
      answer: rollbackAnswer,
      fails: ['agent_not_found', 'generation_gone'],
      handle: ({ deps, request, body }) => deps.rollback.release(callerOf(request), body.agent),
    }),
  ),
];
