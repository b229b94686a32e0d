import { createHash } from 'node:crypto';
import type { ServerOptions } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { createBackgroundRuns } from './background-runs.ts';
import { createConsoleFiles } from './console/console-files.ts';
import { createSessionWatch } from './console/watch-sessions.ts';
import type { HttpDeps } from './deps.ts';
import { createDescription } from './description/describe-routes.ts';
import { createDocsPage } from './docs-page/docs-page.ts';
import { beginExchange, processingMs } from './exchange.ts';
import { holdPage } from './hold-page.ts';
import { createFlights } from './idempotency/flight.ts';
import { checkInput } from './intake/check-input.ts';
import { trustNearest } from './intake/client-address.ts';
import { guardRequest, unknownUrl } from './intake/guard-request.ts';
import { createBodyHold } from './intake/hold-bodies.ts';
import { createServerInOrder } from './intake/one-after-another.ts';
import { parseBody } from './intake/parse-json.ts';
import { requestIdOf } from './intake/request-context.ts';
import { createTurns } from './intake/turns.ts';
import { createOpenRuns } from './open-runs.ts';
import { addRoute, createMethodsAt, refuseOtherMethods } from './register-routes.ts';
import { routes } from './routes.ts';
import { sendError } from './send-error.ts';
import { answerSocketError } from './transport-errors.ts';

const limits = {
  /** For a request to arrive whole, and for its headers. */
  requestTimeoutMs: 60_000,
  headersTimeoutMs: 20_000,
  /** Above the 60 s after which common proxies drop an idle connection. */
  keepAliveTimeoutMs: 72_000,
  maxParamLength: 1024,
};

/**
 * The HTTP side of the gateway, not yet listening. Every request is authenticated before its body is read; every
 * answer has an `x-request-id`; every failure is OpenAI's envelope.
 */
export function createApp(deps: HttpDeps): FastifyInstance {
  const app = Fastify({
    logger: false,
    // Ours are set below; to import those that Fastify brings takes a tenth of a start.
    schemaController: { compilersFactory: { buildValidator: unused, buildSerializer: unused } },
    bodyLimit: deps.settings.bodyLimitBytes,
    trustProxy: trustNearest(deps.settings.trustProxy),
    serverFactory: (handle) => createServerInOrder(timesOf(deps.settings), handle),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: limits.maxParamLength },
    requestIdHeader: false,
    genReqId: requestIdOf,
    // While it stops, requests on open connections are answered: only start-run knows what cannot start any more.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      beginExchange(deps, request, reply);
      sendError(deps, error, { request, reply });
    },
    clientErrorHandler: answerSocketError,
  });
  decorate(app, deps);
  takeBodies(app, deps.settings.bodyLimitBytes);
  app.addHook('onRequest', (request, reply, done) => guardRequest(deps, { request, reply }, done));
  app.addHook('onSend', (request, reply, payload, done) => {
    reply.header('openai-processing-ms', processingMs(request));
    try {
      holdPage(deps, { request, reply }, payload);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
  app.setValidatorCompiler<z.ZodType>(
    ({ schema }) =>
      (input) =>
        checkInput(schema, input),
  );
  // Schemas of answers describe; what is sent was made to fit them, and is not read twice.
  app.setSerializerCompiler(() => JSON.stringify);
  app.setErrorHandler((error, request, reply) => sendError(deps, error, { request, reply }));
  app.setNotFoundHandler((request) => {
    throw unknownUrl(request);
  });
  const describe = createDescription(routes, deps);
  app.decorate('describeRoutes', describe);
  app.decorate('docsPage', createDocsPage(routes, describe));
  for (const route of routes) addRoute(app, route, deps);
  refuseOtherMethods(app, routes);
  return app;
}

/** What requests and their handlers find on them. */
function decorate(app: FastifyInstance, deps: HttpDeps): void {
  app.decorate('openRuns', createOpenRuns());
  const backgroundRuns = createBackgroundRuns();
  app.decorate('backgroundRuns', backgroundRuns);
  app.addHook('onClose', async () => backgroundRuns.close());
  app.decorate('flights', createFlights(deps.settings.flights));
  app.decorate('consoleFiles', createConsoleFiles(deps.console.folder));
  app.decorate('sessionWatch', createSessionWatch(deps.console.sessions));
  app.decorate('takeTurn', createTurns());
  app.decorate('methodsAt', createMethodsAt(routes));
  app.decorateRequest('caller', null);
  app.decorateRequest('consoleSession', null);
  app.decorateRequest('startedAtMs', 0);
  app.decorateRequest('begunRun', null);
  app.decorateRequest('failureCode', null);
  app.decorateRequest('holdsAnswer', false);
  app.decorateRequest('bodyHash', '');
  app.decorateRequest('repeatOf', null);
}

/** How long a connection may take for what, as Node's server has it. */
function timesOf(settings: HttpDeps['settings']): ServerOptions {
  const {
    headersTimeoutMs: headersTimeout = limits.headersTimeoutMs,
    requestTimeoutMs: requestTimeout = limits.requestTimeoutMs,
  } = settings;
  return {
    requestTimeout,
    headersTimeout,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    // Node's own half minute would let a sender be slow for twice as long as it may.
    connectionsCheckingInterval: headersTimeout / 10,
  };
}

function unused(): never {
  throw new Error('Schemas have compilers of their own.');
}

/** Bodies are JSON, and no more of them than there is room for. */
function takeBodies(app: FastifyInstance, bodyLimitBytes: number): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = Buffer.from(body);
    if (request.headers['idempotency-key'] !== undefined) {
      request.bodyHash = createHash('sha256').update(bytes).digest('hex');
    }
    try {
      done(null, request.routeOptions.config.bodyWaits ? bytes : parseBody(bytes));
    } catch (error) {
      done(error as Error);
    }
  });
  const holdBody = createBodyHold(bodyLimitBytes);
  app.addHook('preParsing', (request, reply, body, done) => {
    try {
      holdBody({ request, reply });
      done(null, body);
    } catch (error) {
      done(error as Error);
    }
  });
}
