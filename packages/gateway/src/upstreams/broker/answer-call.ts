import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { failures, GatewayError } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import type { FindReplay } from '../../protocol/journal/replayed-calls.ts';
import type { OutsideCalls } from '../../protocol/policy.ts';
import { callTrace } from '../../protocol/trace.ts';
import type { Unread, UnreadRoom } from '../../protocol/unread-room.ts';
import { failureHeader } from '../../protocol/worker/broker-headers.ts';
import { serveDemo } from '../demo/demo-model.ts';
import type { UpstreamHealth } from '../health/upstream-health.ts';
import { governHosted, type HostedGovernance } from '../hosted/govern-hosted.ts';
import type { Prices } from '../prices/prices.ts';
import type { AddressWatch } from '../relay/address-watch.ts';
import type { AnswerSink } from '../relay/answer-sink.ts';
import { createAnswerTap } from '../relay/answer-tap.ts';
import { type Exchange, forward } from '../relay/forward.ts';
import type { Outcome } from '../relay/outcome.ts';
import { readModel } from '../relay/request-body.ts';
import { type Uncounted, usageRequest } from '../relay/usage-request.ts';
import { answerReplayed } from '../replayed/answer-replayed.ts';
import type { UpstreamCatalog } from '../upstream-catalog.ts';
import { type BrokerRoute, matchRoute } from './allowed-paths.ts';
import { createBodyRoom, type HeldBody } from './body-room.ts';
import { chooseUpstreams, type UsableUpstreams } from './choose-upstreams.ts';
import {
  type CallBudgets,
  hasAnyBudget,
  type PricedCall,
  pricedCall,
  setAside,
} from './costs/budgeted-call.ts';
import { beginCounted, type LimitedRuns } from './costs/counted-call.ts';
import { createKeptContexts, type KeptContexts } from './costs/kept-contexts.ts';
import type { Grant, LiveCall } from './grants.ts';
import { withOrigin } from './origin-headers.ts';
import { bookedCall, refuseUnbooked, refuseUncounted } from './outside-calls.ts';

export type CallDeps = {
  readonly upstreams: () => Pick<UpstreamCatalog, 'upstreams' | 'defaultUpstream'>;
  readonly budgets: CallBudgets;
  readonly runs: LimitedRuns;
  readonly prices: Prices;
  readonly outsideCalls: () => OutsideCalls;
  readonly hosted: HostedGovernance;
  readonly dispatcher: Dispatcher;
  readonly uncounted: Uncounted;
  readonly health: UpstreamHealth;
  readonly watchAddress: AddressWatch;
  readonly unread: UnreadRoom;
  /** Whether answers are recorded. */
  readonly recordsContents: () => boolean;
  readonly findReplay: FindReplay;
  readonly emit: Emit;
};

/** What a call asks for, however it came. */
export type AskedCall = {
  readonly grant: Grant;
  readonly method: string;
  /** Path at the broker, with query. */
  readonly url: string;
  /** Names in small letters. */
  readonly headers: IncomingHttpHeaders;
  /** The run it names. */
  readonly runId: string | undefined;
};

/** The way a call came: its body, and where its answer goes. */
export type CallWay = {
  readonly sink: AnswerSink;
  /** Told of the call before anything is read of it: who leaves aborts it, and ends it in any case. */
  readonly onOpen: (call: LiveCall) => void;
  /** Rejects with a GatewayError where it may not be taken. */
  readonly takeBody: (call: LiveCall, held: HeldBody) => Promise<Buffer | Readable | null>;
};

/** Answers one call. `asked` throws a GatewayError for who may not ask. Never rejects. */
export type AnswerCall = (asked: () => AskedCall, way: CallWay) => Promise<void>;

/** Answers the calls of workers: who asks, for which run, for what, and then to the upstream. */
export function createAnswerCall(deps: CallDeps): AnswerCall {
  const hold = createBodyRoom();
  const contexts = createKeptContexts();
  return async (ask, way) => {
    try {
      const asked = ask();
      const { grant, method, headers } = asked;
      const { pathname, search } = splitUrl(asked.url);
      const route = matchRoute(method, pathname);
      const usable = grant.isClosed ? null : chooseUpstreams(deps.upstreams(), grant, route);
      if (route.type === 'model_call') checkJson(headers);
      const call = openCall(deps, asked);
      way.onOpen(call);
      const held = hold(grant);
      const metered = deps.unread.hold({ agentId: grant.agentId }, 'model_answer');
      try {
        const incoming = { ...asked, ...way, route, search, call, usable, held, metered };
        await serve(deps, { ...incoming, contexts });
      } catch (error) {
        if (error instanceof GatewayError) call.refused(error.code);
        throw error;
      } finally {
        held.release();
        metered.release();
      }
    } catch (error) {
      if (!(error instanceof GatewayError)) {
        deps.emit({ type: 'fault_survived', where: 'broker', error });
      }
      answerFailure(way.sink, GatewayError.from(error));
    }
  };
}

type Call = AskedCall &
  CallWay & {
    readonly route: BrokerRoute;
    readonly search: string;
    readonly call: LiveCall;
    /** The upstream it goes to, and the one that stands in for it; null where only a record may answer. */
    readonly usable: UsableUpstreams | null;
    /** What its body holds in memory. */
    readonly held: HeldBody;
    /** What is held of its answer to be counted. */
    readonly metered: Unread;
    readonly contexts: KeptContexts;
  };

const onlyRecorded =
  'What follows the record of a run reaches no model: this call is none of a run.';

async function serve(deps: CallDeps, incoming: Call): Promise<void> {
  const { sink, route, grant, call, usable, method, headers } = incoming;
  const startedMs = performance.now();
  const taken = await incoming.takeBody(call, incoming.held);
  // Once in the life of a gateway, and before anything is sent.
  const preparing = usable && deps.prices.prepare(usable.upstreams);
  if (preparing) await preparing;
  const { runId } = call;
  const trace = callTrace(call.origin?.trace);
  const governed =
    route.type === 'model_call' && Buffer.isBuffer(taken)
      ? governHosted(deps.hosted, taken, { agentId: grant.agentId, runId, api: route.api })
      : { body: taken, fields: null };
  const { body } = governed;
  const received: Exchange = {
    agentId: grant.agentId,
    method,
    path: route.path + incoming.search,
    headers: withOrigin(headers, call.origin, trace),
    body,
    model: Buffer.isBuffer(body) ? readModel(body) : null,
    api: route.type === 'model_call' ? route.api : null,
    sink,
    signal: call.signal,
    metered: incoming.metered,
    tap: route.type === 'model_call' && deps.recordsContents() ? createAnswerTap() : null,
  };
  // What is none of a model is in no record: it goes where everything may.
  const mayFollow = route.type === 'model_call' || grant.isClosed;
  const replay = mayFollow ? deps.findReplay(runId) : null;
  if (replay && (await answerReplayed(replay, received))) return;
  if (!usable) throw new GatewayError('not_allowed', onlyRecorded);
  const place = { ...incoming, ...usable, priceAt: deps.prices.find, fields: governed.fields };
  const priced = pricedCall(deps.budgets, received, place);
  const { exchange } = priced;
  const outcome = await answerWithinBudget(deps, priced, { call, usable });
  if (exchange.api !== null) deps.watchAddress(outcome, deps.upstreams().upstreams);
  if (outcome.outcome === 'aborted') answerFailure(sink, GatewayError.from(call.signal.reason));
  else if (outcome.failure) answerFailure(sink, outcome.failure);
  if (outcome.usage) call.spent(outcome.usage);
  deps.emit({
    type: 'model_called',
    agentId: grant.agentId,
    runId: call.runId,
    keyId: call.keyId,
    requestId: call.origin?.requestId ?? null,
    modulePath: call.origin?.modulePath ?? null,
    generation: call.origin?.generation ?? null,
    spanId: trace.spanId,
    path: `/v1${route.path}`,
    model: exchange.model,
    user: call.origin?.user ?? null,
    costNanoUsd: outcome.usage === null ? 0 : priced.costAt(outcome.upstream, outcome.usage),
    durationMs: performance.now() - startedMs,
    ...reported(outcome, startedMs),
    body: Buffer.isBuffer(received.body) ? received.body : null,
    answer: received.tap?.taken() ?? null,
  });
}

/** Sets aside what the call may cost, lets it be answered, and books what it did cost. */
async function answerWithinBudget(
  deps: CallDeps,
  priced: PricedCall,
  { call, usable }: Pick<Call, 'call'> & { readonly usable: UsableUpstreams },
): Promise<Outcome> {
  const { exchange } = priced;
  const counted = beginCounted(deps.runs, call, priced);
  const budgeted = await setAside(deps.budgets, call, priced)?.catch((error: unknown) => {
    counted?.(null);
    throw error;
  });
  try {
    if (call.signal.aborted) budgeted?.release();
    const outcome =
      usable.type === 'demo'
        ? await serveDemo(usable.upstreams[0], askingDemo(exchange))
        : await forward(deps, usable.upstreams, exchange);
    counted?.(outcome);
    budgeted?.settle(outcome);
    priced.learn?.(outcome);
    return outcome;
  } finally {
    // Without effect where the call was booked already.
    counted?.(null);
    budgeted?.release();
  }
}

/** The demo model counts by itself; the SDK is told where it would ask OpenAI's own server. */
function askingDemo(exchange: Exchange): Exchange {
  const asking = usageRequest(exchange);
  return asking && !asking.hidesCount ? { ...exchange, body: asking.body } : exchange;
}

function reported(outcome: Outcome, startedMs: number) {
  const { upstream, status, attempts, usage, error, firstAtMs, failure } = outcome;
  const code = failure?.code ?? (outcome.outcome === 'failed' ? 'upstream_refused' : null);
  const firstByteMs = firstAtMs === null ? null : firstAtMs - startedMs;
  const told = { upstream, status, attempts, usage, error, code, firstByteMs };
  return { ...told, outcome: outcome.outcome };
}

/** What cannot be read cannot be counted, and a model takes nothing else. */
function checkJson(headers: IncomingHttpHeaders): void {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = headers;
  if (encoding === 'identity' && /^application\/(?:[\w.-]+\+)?json *(?:;|$)/i.test(type)) return;
  throw new GatewayError(
    'unsupported_content_type',
    'A model call is JSON, not compressed: send it with content-type application/json and no content-encoding.',
  );
}

/** Reading costs nothing, so it is left to whoever does it. */
function openCall({ outsideCalls, budgets, runs }: CallDeps, { grant, method, runId }: AskedCall) {
  const mode = outsideCalls();
  const call = bookedCall(grant.openCall(runId), mode);
  if (method !== 'POST') return call;
  try {
    refuseUnbooked(call, mode, (keyId) => hasAnyBudget(budgets, keyId));
    refuseUncounted(call, mode, {
      isLimited: runs.limitsModelCallsOf(grant.agentId),
      wasLimited: runs.hasLimited(grant.agentId),
    });
    return call;
  } catch (error) {
    call.end();
    throw error;
  }
}

function splitUrl(url: string): { pathname: string; search: string } {
  const at = url.indexOf('?');
  return at < 0
    ? { pathname: url, search: '' }
    : { pathname: url.slice(0, at), search: url.slice(at) };
}

/**
 * Answers a worker with what failed, in OpenAI's envelope. Where its answer has already begun it is cut: a clean end would
 * count as success.
 */
function answerFailure(sink: AnswerSink, error: GatewayError): void {
  if (sink.hasBegun()) {
    sink.cut();
    return;
  }
  const { status, type, wireCode } = failures[error.code];
  const { message, param } = error;
  const body = Buffer.from(JSON.stringify({ error: { message, type, param, code: wireCode } }));
  sink.head(status, {
    'content-type': 'application/json',
    'content-length': String(body.length),
    // Only what passes by itself is worth a second try of the worker's own: the broker has made the others.
    'x-should-retry': String(error.code === 'overloaded'),
    [failureHeader]: error.code,
    ...(error.retryAfterSeconds === null
      ? {}
      : { 'retry-after': String(Math.ceil(error.retryAfterSeconds)) }),
  });
  sink.end(body);
}
