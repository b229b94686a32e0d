import { dataAnswer, dataQuery } from '../../protocol/admin/data-answer.ts';
import { endBackgroundRuns } from '../background-runs.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';

/** The routes that tell and delete what is kept of a key or a user. */
export const dataRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    url: '/admin/data',
    audience: 'admins',
    summary: 'Count what is kept of a user or a key.',
    query: dataQuery,
    answer: dataAnswer,
    fails: ['record_not_found'],
    handle: ({ deps, query }) => deps.admin.data.list(query),
  }),
  defineRoute({
    method: 'DELETE',
    url: '/admin/data',
    audience: 'admins',
    // A right of its own, and a decision that tells which of both was asked for.
    resource: '/admin/data/delete',
    summary: 'Delete what is kept of a user or a key, and end its runs.',
    query: dataQuery,
    answer: dataAnswer,
    fails: ['record_not_found'],
    handle: async ({ deps, request, query }) => {
      const deletion = await deps.admin.data.begin(callerOf(request), query);
      await endBackgroundRuns(request.server.backgroundRuns.of(deletion.isOf));
      return deletion.finish();
    },
  }),
];
