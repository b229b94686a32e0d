import type { FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import type { z } from 'zod';
import type { Caller } from '../protocol/policy.ts';
import type { OpenRuns } from './open-runs.ts';

/**
 * Whose key opens a route: `public` none, `caller` any but a scraper's, `admin` and `metrics` those that rules let in,
 * `admin` never a scraper's.
 */
export type Access = 'public' | 'caller' | 'admin' | 'metrics';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Absent counts as `admin`: a route that says nothing is closed. */
    access?: Access;
    /** What `administer` is asked about. */
    resource?: string;
    /** A run that the key may not have is refused before the body is read. */
    startsRun?: true;
    /** Set on the stand-in for all methods that a path does not know: those that it does. */
    otherwiseKnown?: string;
  }
  interface FastifyRequest {
    /** Null until authenticated, and on public routes. */
    caller: Caller | null;
    startedAtMs: number;
  }
  interface FastifyInstance {
    openRuns: OpenRuns;
  }
}

/** One route: what it is, who may use it, what it takes and does. */
export type Route = {
  readonly method: HTTPMethods;
  readonly url: string;
  readonly access: Access;
  /** What `administer` is asked about, where it is not the url. */
  readonly resource: string;
  readonly summary: string;
  /** Whether it begins a run, of which a key may have so many. */
  readonly startsRun?: true;
  readonly body?: z.ZodType;
  readonly query?: z.ZodType;
  /** Of the parts of the path that are named in the url. */
  readonly params?: z.ZodType;
  /** What it answers, for the description. */
  readonly answer?: z.ZodType;
  /** Status of that answer. Default 200. */
  readonly status?: number;
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => unknown;
};

type RouteDefinition<
  Body extends z.ZodType,
  Query extends z.ZodType,
  Params extends z.ZodType,
> = Omit<Route, 'handle' | 'body' | 'query' | 'params' | 'resource'> & {
  readonly resource?: string;
  readonly body?: Body;
  readonly query?: Query;
  readonly params?: Params;
  readonly handle: (
    input: RouteInput<z.output<Body>, z.output<Query>, z.output<Params>>,
  ) => unknown;
};

/** What a handler gets. Body, query and params went through the route's schemas. */
export type RouteInput<Body, Query, Params = unknown> = {
  readonly body: Body;
  readonly query: Query;
  readonly params: Params;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
};

/** A route whose handler is typed by its schemas. What the handler returns (or resolves to) is sent as JSON. */
export function defineRoute<
  Body extends z.ZodType = z.ZodUnknown,
  Query extends z.ZodType = z.ZodUnknown,
  Params extends z.ZodType = z.ZodUnknown,
>(definition: RouteDefinition<Body, Query, Params>): Route {
  const { handle, ...route } = definition;
  return {
    resource: route.url,
    ...route,
    handle: (request, reply) =>
      handle({
        body: request.body as z.output<Body>,
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
