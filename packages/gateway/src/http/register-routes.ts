import type { FastifyInstance, FastifySchema, HTTPMethods } from 'fastify';
import type { HttpDeps } from './deps.ts';
import type { Route } from './route.ts';

const commonMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'] as const;

/** Adds a route as Fastify knows it. HEAD comes with GET. */
export function addRoute(app: FastifyInstance, route: Route, deps: HttpDeps): void {
  const { method, url, audience, resource, summary, body, query, params, answer, handle } = route;
  const { status = 200 } = route;
  app.route({
    method,
    url,
    config: { audience, resource, ...(route.startsRun ? { startsRun: true } : {}) },
    schema: described({
      summary,
      ...(body ? { body } : {}),
      ...(query ? { querystring: query } : {}),
      ...(params ? { params } : {}),
      ...(answer ? { response: { [status]: answer } } : {}),
      ...(audience === 'anyone' ? { security: [] } : {}),
    }),
    handler: async (request, reply) => {
      if (route.status !== undefined) reply.code(route.status);
      return handle(deps, request, reply);
    },
  });
}

/** Makes every path answer OPTIONS with what it can do, and other methods with 405. Both need the path's own key. */
export function refuseOtherMethods(app: FastifyInstance, routes: readonly Route[]): void {
  for (const [url, siblings] of Map.groupBy(routes, (route) => route.url)) {
    const [first] = siblings;
    if (!first) continue;
    const known = methodsOf(siblings);
    app.route({
      method: ['OPTIONS', ...commonMethods.filter((method) => !known.includes(method))],
      url,
      config: {
        audience: first.audience,
        resource: first.resource,
        otherwiseKnown: [...known, 'OPTIONS'].join(', '),
      },
      schema: described({ hide: true }),
      exposeHeadRoute: false,
      handler: (_request, reply) => reply.code(204).send(),
    });
  }
}

function methodsOf(routes: readonly Route[]): HTTPMethods[] {
  return routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
}

/** What the describing plugin reads beside what Fastify's own type knows. */
function described(
  schema: FastifySchema & { summary?: string; hide?: boolean; security?: [] },
): FastifySchema {
  return schema;
}
