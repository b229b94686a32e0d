import type { FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import type { z } from 'zod';
import type { FailureCode } from '../errors.ts';
import type { ConsoleSession } from '../policy/sessions/session.ts';
import type { Inferred } from '../protocol/inferred.ts';
import type { Caller } from '../protocol/policy.ts';
import type { BegunRun } from '../protocol/run.ts';
import type { BackgroundRuns } from './background-runs.ts';
import type { ConsoleFiles } from './console/console-files.ts';
import type { SessionWatch } from './console/watch-sessions.ts';
import type { HttpDeps } from './deps.ts';
import type { Flights } from './idempotency/flight.ts';
import { readWaiting } from './intake/check-input.ts';
import type { TakeTurn } from './intake/turns.ts';
import type { OpenRuns } from './open-runs.ts';

/**
 * Whom a route is for: nobody needs a key, any key but a scraper's will do, or rules decide. Where no rule says
 * otherwise they let in admins, and whom the audience names. A scraper's key opens what is for scrapers and no more.
 */
export type Audience = 'anyone' | 'callers' | 'operators' | 'admins' | 'scrapers';

/** What a route tells: of all agents, or each key of those that its scopes reach. */
export type RouteScope = 'all' | 'own';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Absent counts as `admins`: a route that says nothing is closed. */
    audience?: Audience;
    /** What `administer` is asked about. */
    resource?: string;
    /** A run that the key may not have is refused before the body is read. */
    startsRun?: true;
    /** Its body stays the bytes that came until its turn. */
    bodyWaits?: true;
    /** Set on the stand-in for all methods that a path does not know: those that it does. */
    otherwiseKnown?: string;
  }
  interface FastifyRequest {
    /** Null until authenticated, and on public routes. */
    caller: Caller | null;
    /** Of a caller by cookie its session. */
    consoleSession: ConsoleSession | null;
    startedAtMs: number;
    /** The run that it began. */
    begunRun: BegunRun | null;
    /** What it was refused with. */
    failureCode: FailureCode | null;
    /** Whether its route counts what its answer holds. */
    holdsAnswer: boolean;
    /** SHA-256 of its body, where it has an `Idempotency-Key`; else empty. */
    bodyHash: string;
    /** The request whose answer it gets; null where it is no repeat. */
    repeatOf: string | null;
  }
  interface FastifyInstance {
    openRuns: OpenRuns;
    backgroundRuns: BackgroundRuns;
    flights: Flights;
    consoleFiles: ConsoleFiles;
    sessionWatch: SessionWatch;
    /** For what is no run. */
    takeTurn: TakeTurn;
    /** The methods of a path, as `Allow` has them; null for a path that is none. */
    methodsAt: (path: string) => string | null;
    /** All routes, in OpenAPI 3.1. */
    describeRoutes: () => Promise<Readonly<Record<string, unknown>>>;
    /** The same as a page. */
    docsPage: () => Promise<string>;
  }
}

/** One route: what it is, who may use it, what it takes and does. */
export type Route = {
  readonly method: HTTPMethods;
  readonly url: string;
  readonly audience: Audience;
  /** Where rules decide about it: a key that is limited to some agents opens `own` only. */
  readonly scope: RouteScope;
  /** What `administer` is asked about, where it is not the url. */
  readonly resource: string;
  readonly summary: string;
  /** Whether it begins a run, of which a key may have so many. */
  readonly startsRun?: true;
  /** Whether its body is read by the handler, when its turn has come: until then it costs no work. */
  readonly bodyWaits?: true;
  readonly body?: z.ZodType;
  readonly query?: z.ZodType;
  /** Of the parts of the path that are named in the url. */
  readonly params?: z.ZodType;
  /** What it answers, for the description. */
  readonly answer?: z.ZodType;
  /** Media types of that answer, for the description. Default: JSON alone. */
  readonly mediaTypes?: readonly string[];
  /** Status of that answer. Default 200. */
  readonly status?: number;
  /** Another status with that same answer. */
  readonly otherStatus?: number;
  /** How it may fail beside what any route does that is like it, for the description. */
  readonly fails?: readonly FailureCode[];
  readonly handle: (deps: HttpDeps, request: FastifyRequest, reply: FastifyReply) => unknown;
};

type RouteDefinition<
  Body extends z.ZodType,
  Query extends z.ZodType,
  Params extends z.ZodType,
  Answer extends z.ZodType,
> = Omit<Route, 'handle' | 'body' | 'query' | 'params' | 'answer' | 'resource' | 'scope'> & {
  readonly resource?: string;
  /** Default: it is about all agents. */
  readonly scope?: RouteScope;
  readonly body?: Body;
  readonly query?: Query;
  readonly params?: Params;
  readonly answer?: Answer;
  readonly handle: (
    input: RouteInput<z.output<Body>, z.output<Query>, z.output<Params>>,
  ) => Inferred<Answer> | Promise<Inferred<Answer>>;
};

/** What a handler gets. Body, query and params went through the route's schemas. */
export type RouteInput<Body, Query, Params = unknown> = {
  readonly deps: HttpDeps;
  /** Of a route whose body waits it is the bytes that came: `readBody` has it. */
  readonly body: Body;
  /** @throws GatewayError `invalid_json` and what else is wrong, where the body waited. */
  readonly readBody: () => Body;
  readonly query: Query;
  readonly params: Params;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
};

/** A route whose handler is typed by its schemas. What it returns (or resolves to) is sent as JSON. */
export function defineRoute<
  Body extends z.ZodType = z.ZodUnknown,
  Query extends z.ZodType = z.ZodUnknown,
  Params extends z.ZodType = z.ZodUnknown,
  Answer extends z.ZodType = z.ZodUnknown,
>(definition: RouteDefinition<Body, Query, Params, Answer>): Route {
  const { handle, ...route } = definition;
  return {
    resource: route.url,
    scope: 'all',
    ...route,
    handle: (deps, request, reply) =>
      handle({
        deps,
        body: request.body as z.output<Body>,
        readBody: () =>
          (route.bodyWaits && route.body
            ? readWaiting(request.body, route.body)
            : request.body) as z.output<Body>,
        query: request.query as z.output<Query>,
        params: request.params as z.output<Params>,
        request,
        reply,
      }),
  };
}

/** Who calls. Throws on a public route, which has nobody: there is no empty identity to fall back to. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error(`No caller on ${request.routeOptions.url}.`);
  return request.caller;
}
