import { overrideAnswer, overridesAnswer } from '../../../protocol/security/answers.ts';
import { idParams, overrideBody, overridesQuery } from '../../../protocol/security/requests.ts';
import { overrideToJson } from '../../../protocol/security/to-json.ts';
import { pageOf } from '../../formats/page.ts';
import { toNewOverride } from '../../formats/security-bodies.ts';
import { callerOf, defineRoute, type Route } from '../../route.ts';

/** The routes that make, list and end overrides. */
export const overrideRoutes: readonly Route[] = [
  defineRoute({
    method: 'POST',
    url: '/security/override',
    audience: 'operators',
    scope: 'own',
    summary: 'Permit or stop something for a while.',
    body: overrideBody,
    answer: overrideAnswer,
    status: 201,
    handle: async ({ deps: { security }, request, body }) => {
      const made = await security.overrides.create(callerOf(request), toNewOverride(body));
      return overrideToJson(made, security.nowSeconds());
    },
  }),
  defineRoute({
    method: 'GET',
    url: '/security/overrides',
    audience: 'operators',
    scope: 'own',
    summary: 'List the overrides, newest first, those that ended included.',
    query: overridesQuery,
    answer: overridesAnswer,
    handle: async ({ deps: { security }, request, query }) => {
      const isActive = ['true', '1'].includes(query.active);
      const overrides = await security.overrides.list(callerOf(request), { isActive });
      const { page, next } = pageOf(overrides, query);
      const now = security.nowSeconds();
      return { overrides: page.map((each) => overrideToJson(each, now)), next };
    },
  }),
  defineRoute({
    method: 'DELETE',
    url: '/security/overrides/:id',
    audience: 'operators',
    scope: 'own',
    summary: 'End an override now.',
    params: idParams,
    answer: overrideAnswer,
    handle: async ({ deps: { security }, request, params }) => {
      const ended = await security.overrides.revoke(callerOf(request), params.id);
      return overrideToJson(ended, security.nowSeconds());
    },
  }),
];
