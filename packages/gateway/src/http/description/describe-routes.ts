import Fastify, { type FastifyInstance } from 'fastify';
import type { HttpDeps } from '../deps.ts';
import { addRoute } from '../register-routes.ts';
import type { Route } from '../route.ts';
import { addAnswers } from './add-answers.ts';

/**
 * Makes what describes the routes in OpenAPI 3.1. It does so in an app of its own when it is asked for the first time:
 * what few ask for would be a tenth of every start.
 */
export function createDescription(
  routes: readonly Route[],
  deps: HttpDeps,
): () => Promise<Readonly<Record<string, unknown>>> {
  let app: Promise<FastifyInstance> | undefined;
  return async () => {
    app ??= describedApp(routes, deps);
    return addAnswers((await app).swagger(), routes);
  };
}

/** It answers nobody. */
async function describedApp(routes: readonly Route[], deps: HttpDeps): Promise<FastifyInstance> {
  const [{ default: swagger }, { jsonSchemaTransform }] = await Promise.all([
    import('@fastify/swagger'),
    import('fastify-type-provider-zod'),
  ]);
  const app = Fastify();
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Dropgate', version: deps.settings.version },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      security: [{ key: [] }],
    },
    // A wildcard, because ids hold slashes; for a reader it is an id.
    transform: (route) => jsonSchemaTransform({ ...route, url: route.url.replace('*', ':id') }),
  });
  // In a scope of their own, because the describing plugin hears only of routes that come after it.
  app.register((scope, _options, done) => {
    for (const route of routes) addRoute(scope, route, deps);
    done();
  });
  await app.ready();
  return app;
}
