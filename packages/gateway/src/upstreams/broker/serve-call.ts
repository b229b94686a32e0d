import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { failures, GatewayError } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import type { OutsideCalls } from '../../protocol/policy.ts';
import { failureHeader, runHeader } from '../../protocol/worker/broker-headers.ts';
import { serveDemo } from '../demo/demo-model.ts';
import { type Exchange, forward, type Outcome } from '../relay/forward.ts';
import { readModel } from '../relay/request-body.ts';
import { type Uncounted, usageRequest } from '../relay/usage-request.ts';
import type { RemoteUpstream, Upstream } from '../upstream.ts';
import type { UpstreamCatalog } from '../upstream-catalog.ts';
import { type BrokerRoute, matchRoute } from './allowed-paths.ts';
import { createBodyRoom, type HeldBody } from './body-room.ts';
import { type PricedCall, pricedCall, setAside, type TokenBudget } from './budgeted-call.ts';
import type { Grant, Grants, LiveCall } from './grants.ts';
import { createKeptContexts, type KeptContexts } from './kept-contexts.ts';
import { bookedCall, refuseUnbooked } from './outside-calls.ts';
import { readBody } from './read-body.ts';

export type CallDeps = {
  readonly upstreams: () => Pick<UpstreamCatalog, 'upstreams' | 'defaultUpstream'>;
  readonly budget?: TokenBudget;
  readonly outsideCalls: () => OutsideCalls;
  readonly grants: Grants;
  readonly dispatcher: Dispatcher;
  readonly uncounted: Uncounted;
  readonly emit: Emit;
};

/**
 * Answers the requests of workers: who asks, for which run, for what, and then to the upstream.
 * The handler never rejects.
 */
export function createCallHandler(
  deps: CallDeps,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const hold = createBodyRoom();
  const contexts = createKeptContexts();
  return async (request, response) => {
    // A worker may vanish between two writes; its `close` below is what counts.
    response.on('error', () => {});
    try {
      const grant = authenticate(request, deps.grants);
      const { pathname, search } = splitUrl(request.url ?? '/');
      const route = matchRoute(request.method ?? 'GET', pathname);
      const upstream = chooseUpstream(deps, grant);
      if (route.type === 'model_call') checkJson(request);
      const call = openCall(deps, grant, request);
      response.once('close', () => {
        if (!response.writableFinished) call.abort('The worker left.');
        call.end();
      });
      const held = hold(grant);
      try {
        const incoming = { request, response, route, search, grant, call, upstream, held };
        await serve(deps, { ...incoming, contexts });
      } catch (error) {
        if (error instanceof GatewayError) call.refused(error.code);
        throw error;
      } finally {
        held.release();
      }
    } catch (error) {
      if (!(error instanceof GatewayError)) {
        deps.emit({ type: 'fault_survived', where: 'broker', error });
      }
      answerFailure(response, GatewayError.from(error));
    }
  };
}

type Call = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: BrokerRoute;
  readonly search: string;
  readonly grant: Grant;
  readonly call: LiveCall;
  readonly upstream: Upstream;
  /** What its body holds in memory. */
  readonly held: HeldBody;
  readonly contexts: KeptContexts;
};

async function serve(deps: CallDeps, incoming: Call): Promise<void> {
  const { request, response, route, grant, call } = incoming;
  const startedMs = performance.now();
  const body = await takeBody(incoming);
  const received: Exchange = {
    method: request.method ?? 'GET',
    path: route.path + incoming.search,
    headers: request.headers,
    body,
    model: Buffer.isBuffer(body) ? readModel(body) : null,
    api: route.type === 'model_call' ? route.api : null,
    response,
    signal: call.signal,
  };
  const priced = pricedCall(deps.budget, received, incoming);
  const { exchange } = priced;
  const outcome = await answerWithinBudget(deps, priced, incoming);
  if (outcome.outcome === 'aborted') answerFailure(response, GatewayError.from(call.signal.reason));
  else if (outcome.failure) answerFailure(response, outcome.failure);
  // An upload that was answered early is read to its end, or its connection would hang.
  if (!request.complete) request.resume();
  if (outcome.usage) call.spent(outcome.usage);
  deps.emit({
    type: 'model_called',
    agentId: grant.agentId,
    runId: call.runId,
    keyId: call.keyId,
    path: `/v1${route.path}`,
    model: exchange.model,
    durationMs: performance.now() - startedMs,
    ...reported(outcome),
  });
}

/** Sets aside what the call may cost, lets it be answered, and books what it did cost. */
async function answerWithinBudget(
  deps: CallDeps,
  priced: PricedCall,
  { call, upstream }: Call,
): Promise<Outcome> {
  const { exchange } = priced;
  const budgeted = await setAside(deps.budget, call, priced);
  try {
    if (call.signal.aborted) budgeted?.release();
    const outcome =
      upstream.type === 'demo'
        ? await serveDemo(upstream, askingDemo(exchange))
        : await forward(
            deps,
            withFallback(upstream, exchange, deps.upstreams().upstreams),
            exchange,
          );
    budgeted?.settle(outcome);
    priced.learn?.(outcome);
    return outcome;
  } finally {
    // Without effect where the call was booked already.
    budgeted?.release();
  }
}

/** The demo model counts by itself; the SDK is told where it would ask OpenAI's own server. */
function askingDemo(exchange: Exchange): Exchange {
  const asking = usageRequest(exchange);
  return asking && !asking.hidesCount ? { ...exchange, body: asking.body } : exchange;
}

function reported({
  failure: _,
  outputEstimate: __,
  isWhole: ___,
  answerId: ____,
  ...outcome
}: Outcome): Omit<Outcome, 'failure' | 'outputEstimate' | 'isWhole' | 'answerId'> {
  return outcome;
}

function authenticate(request: IncomingMessage, grants: Grants): Grant {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const grant = token === undefined ? undefined : grants.find(token);
  if (grant) return grant;
  throw new GatewayError(
    'key_invalid',
    'This endpoint takes the tokens of live agent processes only; agents find theirs in OPENAI_API_KEY.',
  );
}

/** What cannot be read cannot be counted, and a model takes nothing else. */
function checkJson({ headers }: IncomingMessage): void {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = headers;
  if (encoding === 'identity' && /^application\/(?:[\w.-]+\+)?json *(?:;|$)/i.test(type)) return;
  throw new GatewayError(
    'unsupported_content_type',
    'A model call is JSON, not compressed: send it with content-type application/json and no content-encoding.',
  );
}

/** Reading costs nothing, so it is left to whoever does it. */
function openCall({ outsideCalls, budget }: CallDeps, grant: Grant, request: IncomingMessage) {
  const mode = outsideCalls();
  const call = bookedCall(grant.openCall(runIdOf(request)), mode);
  if (request.method !== 'POST') return call;
  try {
    refuseUnbooked(call, mode, budget?.hasBudget ?? (() => false));
    return call;
  } catch (error) {
    call.end();
    throw error;
  }
}

function runIdOf(request: IncomingMessage): string | undefined {
  const value = request.headers[runHeader];
  return typeof value === 'string' ? value : undefined;
}

function chooseUpstream(deps: CallDeps, grant: Grant): Upstream {
  const { upstreams, defaultUpstream } = deps.upstreams();
  const name = grant.upstreamName() ?? defaultUpstream;
  const upstream = upstreams.get(name);
  if (upstream) return upstream;
  throw new GatewayError(
    'invalid_request',
    `The agent asks for the upstream "${name}", which is not configured: choose one of ${[...upstreams.keys()].join(', ')}.`,
  );
}

/** Other paths stay with one upstream: what they name (files, stores) exists on that one only. */
function withFallback(
  upstream: RemoteUpstream,
  exchange: Exchange,
  upstreams: ReadonlyMap<string, Upstream>,
): [RemoteUpstream, ...RemoteUpstream[]] {
  const fallback = upstream.fallback === null ? undefined : upstreams.get(upstream.fallback);
  return exchange.api !== null && fallback?.type === 'remote' ? [upstream, fallback] : [upstream];
}

/** JSON is read whole so that it can be sent again; uploads stream through. */
async function takeBody({ request, call, held }: Call): Promise<Buffer | Readable | null> {
  if (request.method === 'GET' || request.method === 'DELETE') return null;
  const type = request.headers['content-type'];
  if (type === undefined || type.includes('json')) {
    return readBody(request, { signal: call.signal, held });
  }
  // A failed upload destroys its stream; the request must survive that to be answered.
  return request.pipe(new PassThrough().on('error', () => {}));
}

function splitUrl(url: string): { pathname: string; search: string } {
  const at = url.indexOf('?');
  return at < 0
    ? { pathname: url, search: '' }
    : { pathname: url.slice(0, at), search: url.slice(at) };
}

/**
 * Answers a worker with what failed, in OpenAI's envelope. Where its answer has already begun the
 * connection is cut: a clean end would count as success.
 */
function answerFailure(response: ServerResponse, error: GatewayError): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { status, type, wireCode } = failures[error.code];
  const { message, param } = error;
  const body = Buffer.from(JSON.stringify({ error: { message, type, param, code: wireCode } }));
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': body.length,
    // Only what passes by itself is worth a second try of the worker's own: the broker has made the others.
    'x-should-retry': String(error.code === 'overloaded'),
    [failureHeader]: error.code,
    ...(error.retryAfterSeconds === null
      ? {}
      : { 'retry-after': String(Math.ceil(error.retryAfterSeconds)) }),
    // What is left of a refused upload is not worth reading.
    ...(response.req.complete ? {} : { connection: 'close' }),
  });
  response.end(body);
}
