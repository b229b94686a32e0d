import type {
  FastifyInstance,
  FastifyRequest,
  FastifySchema,
  FastifySchemaCompiler,
  HTTPMethods,
} from 'fastify';
import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import type { HttpDeps } from './deps.ts';
import { checkInput } from './intake/check-input.ts';
import type { Audience, Route } from './route.ts';

/** Largest body of a route for administration, in bytes: whoever may use it must not keep the others waiting. */
const administrationBodyBytes = 1024 * 1024;

/** The same of a route without a key, such as a login. */
const strangersBodyBytes = 16 * 1024;

const commonMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'] as const;

/** Adds a route as Fastify knows it. HEAD comes with GET. */
export function addRoute(app: FastifyInstance, route: Route, deps: HttpDeps): void {
  const { method, url, audience, resource, summary, body, query, params, answer, handle } = route;
  const { status = 200 } = route;
  app.route({
    method,
    url,
    config: {
      audience,
      resource,
      ...(route.startsRun ? { startsRun: true } : {}),
      ...(route.bodyWaits ? { bodyWaits: true } : {}),
    },
    ...bodyLimitOf(audience, deps),
    ...(route.bodyWaits ? { validatorCompiler: leaveBody } : {}),
    schema: described({
      summary,
      ...(body ? { body } : {}),
      ...(query ? { querystring: query } : {}),
      ...(params ? { params } : {}),
      ...(answer ? { response: { [status]: answer } } : {}),
      ...(audience === 'anyone' ? { security: [] } : {}),
    }),
    preValidation: async (request) => {
      if (administration.has(audience)) refuseUnknownQuery(request, query);
    },
    handler: async (request, reply) => {
      if (!isUrgent(route)) await app.takeTurn(request.caller?.keyId ?? '');
      if (route.status !== undefined) reply.code(route.status);
      return handle(deps, request, reply);
    },
  });
}

/** Health checks and runs wait for nobody, nor does ending something that a key may do. */
function isUrgent({ audience, startsRun, method }: Route): boolean {
  return audience === 'anyone' || startsRun === true || method === 'DELETE';
}

/** Who is told of a misspelt query: what it was to narrow down would be shown whole. Clients of others send what they like. */
const administration: ReadonlySet<Audience> = new Set(['operators', 'admins']);

function bodyLimitOf(audience: Audience, { settings }: HttpDeps): { bodyLimit?: number } {
  if (audience === 'anyone') return { bodyLimit: strangersBodyBytes };
  if (!administration.has(audience)) return {};
  return { bodyLimit: Math.min(administrationBodyBytes, settings.bodyLimitBytes) };
}

/** The handler checks a body that waits. */
const leaveBody: FastifySchemaCompiler<FastifySchema> =
  ({ schema, httpPart }) =>
  (input: unknown) =>
    // Its type says what all parts of a route have together; it is given that of one.
    httpPart === 'body' ? { value: input } : checkInput(schema as z.ZodType, input);

function refuseUnknownQuery({ query: sent, raw }: FastifyRequest, schema: Route['query']): void {
  // The router takes what follows another sign for a query too, and nothing asks for that.
  if (!raw.url?.includes('?')) return;
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const names = Object.keys(Object(sent));
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const param = unknown.slice(0, 64);
  const allowed = known.length === 0 ? 'This route takes none' : `Known: ${known.join(', ')}`;
  const message = `Unknown query parameter: '${param}'. ${allowed}.`;
  throw new GatewayError('unsupported_parameter', message, { param });
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

/**
 * Makes what says which methods a path has, for those that no route can be made of: a path that is there is not unknown
 * to them. Null for a path that is none.
 */
export function createMethodsAt(routes: readonly Route[]): (path: string) => string | null {
  const known = [...Map.groupBy(routes, (route) => route.url)].map(([url, siblings]) => {
    const form = url.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+').replace('*', '.*');
    return { form: new RegExp(`^${form}/?$`), methods: [...methodsOf(siblings), 'OPTIONS'] };
  });
  return (path) => known.find(({ form }) => form.test(path))?.methods.join(', ') ?? null;
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
