import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { duplexPair } from 'node:stream';
import { onTestFinished } from 'vitest';
import type { GatewayEvent } from '../../src/events.ts';
import type { OutsideCalls } from '../../src/protocol/policy.ts';
import type { ModelAccess } from '../../src/protocol/pool.ts';
import { createUnreadRoom, type UnreadLimits } from '../../src/protocol/unread-room.ts';
import { type Channel, createChannel } from '../../src/protocol/worker/channel.ts';
import { maxFrameBytes } from '../../src/protocol/worker/frame-limits.ts';
import {
  type FromWorker,
  type ModelMessage,
  maxLineFromWorkerBytes,
  type ToWorker,
} from '../../src/protocol/worker/messages.ts';
import { createBroker } from '../../src/upstreams/broker/broker.ts';
import type { CallBudget } from '../../src/upstreams/broker/costs/budgeted-call.ts';
import type { LimitedRuns } from '../../src/upstreams/broker/costs/counted-call.ts';
import { createUpstreamHealth } from '../../src/upstreams/health/upstream-health.ts';
import type { HostedGovernance } from '../../src/upstreams/hosted/govern-hosted.ts';
import type { RemoteUpstream, Upstream } from '../../src/upstreams/upstream.ts';
import { createBrokerResponse } from '../../src/worker/models/broker-response.ts';
import { createModelLine } from '../../src/worker/models/model-line.ts';

type ModelCalled = Extract<GatewayEvent, { type: 'model_called' }>;

/** How a worker's calls reach the broker. */
export const ways = ['connections', 'the channel'] as const;

/** A started broker with one worker's access to it, over connections; closed when the test ends. */
export const startBroker = startBrokerOver('connections');

/** The same with calls that go this way, but for uploads and calls with another token. */
export function startBrokerOver(way: (typeof ways)[number]) {
  return (...given: Given) => start(way, ...given);
}

const allowsAllHosted: HostedGovernance = {
  isApproved: () => false,
  decide: () => 'allow',
  denied: () => 'remove',
};

type Given = [
  upstreams: readonly Upstream[],
  budget?: CallBudget,
  outsideCalls?: OutsideCalls,
  environment?: Readonly<Record<string, string>>,
  rarer?: {
    readonly unread?: UnreadLimits;
    readonly hosted?: HostedGovernance;
    readonly nowMs?: () => number;
    /** A clock that only goes forward; that of `nowMs` without it. */
    readonly steadyMs?: () => number;
    readonly money?: CallBudget;
    readonly runs?: LimitedRuns;
  },
];

async function start(
  way: (typeof ways)[number],
  upstreams: readonly Upstream[],
  budget?: CallBudget,
  outsideCalls: OutsideCalls = 'refuse_budgeted',
  environment: Readonly<Record<string, string>> = {},
  {
    unread,
    hosted = allowsAllHosted,
    nowMs = Date.now,
    steadyMs = nowMs,
    money,
    runs,
  }: Given[4] = {},
) {
  const room = createUnreadRoom((_owner, kind) => refused.push(kind), unread);
  const refused: string[] = [];
  const calls: ModelCalled[] = [];
  const outages: GatewayEvent[] = [];
  const waiting: (() => void)[] = [];
  const health = createUpstreamHealth({ nowMs, steadyMs, emit: (event) => outages.push(event) });
  const broker = createBroker({
    upstreams: () => ({
      upstreams: new Map(upstreams.map((upstream) => [upstream.name, upstream])),
      defaultUpstream: upstreams[0]!.name,
    }),
    budgets: { tokens: budget, money },
    ...(runs ? { runs } : {}),
    outsideCalls: () => outsideCalls,
    hosted,
    environment,
    unread: room,
    health,
    emit(event) {
      if (event.type !== 'model_called') return;
      calls.push(event);
      for (const resume of waiting.splice(0)) resume();
    },
  });
  await broker.start();
  onTestFinished(() => broker.close());
  const access = broker.grant('default/tester');
  const { line, channel, read } = openLine(access);
  return {
    broker,
    access,
    calls,
    health,
    /** What was said of upstreams that are left alone. */
    outages,
    /** The worker's end of its channel. */
    channel,
    /** What it holds unread, and what was ended for that. */
    room,
    refused,
    /** Whether the worker reads its channel. */
    read,
    /** The events of model calls, once there are this many. */
    async called(count: number): Promise<ModelCalled[]> {
      while (calls.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
      return calls;
    },
    /** A request as a worker sends it. */
    send(path: string, init: RequestInit & { token?: string; run?: string } = {}) {
      const { token = access.token, run, ...rest } = init;
      const headers = new Headers(rest.headers);
      headers.set('authorization', `Bearer ${token}`);
      if (run !== undefined) headers.set('x-dropgate-run', run);
      if (typeof rest.body === 'string') headers.set('content-type', 'application/json');
      const { body = null, signal, method = 'POST' } = rest;
      const isForChannel = way === 'the channel' && token === access.token;
      const fits = body === null || (typeof body === 'string' && body.length < maxFrameBytes);
      if (!isForChannel || !fits) {
        return fetch(`${access.baseUrl}${path}`, { method: 'POST', ...rest, headers });
      }
      const answer = line.call({
        method,
        path: `/v1${path}`,
        headers: Object.fromEntries(headers),
        body: body === null ? null : Buffer.from(body),
        runId: run,
        signal: signal ?? undefined,
      });
      return answer.then((head) => createBrokerResponse(head, { url: path, needs: null }));
    },
  };
}

/** A worker's end of a channel to the broker; both close when the test ends. */
function openLine(access: ModelAccess) {
  const [theirs, ours] = duplexPair();
  const limits = { maxIncomingLineBytes: maxLineFromWorkerBytes, onClose: () => {} };
  const gateway: Channel<ToWorker> = createChannel<ModelMessage, ToWorker>(ours, {
    ...limits,
    onMessage: (message, bytes) => take(message, bytes),
  });
  const take = access.answerOver(gateway);
  const channel: Channel<FromWorker> = createChannel<ToWorker, FromWorker>(theirs, {
    ...limits,
    onMessage(message, bytes) {
      if (message.type === 'model_data') line.take(message, bytes);
    },
  });
  const line = createModelLine(channel.send);
  onTestFinished(() => void channel.close());
  const read = (does: boolean) => void (does ? theirs.resume() : theirs.pause());
  return { line, channel, read };
}

/** An upstream that behaves as the handler says; closed when the test ends. */
export async function startUpstream(
  handle: (request: IncomingMessage, response: ServerResponse, index: number) => void,
): Promise<{ baseUrl: string; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    response.on('error', () => {});
    handle(request, response, requests.push(request) - 1);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, requests };
}

/** A remote upstream with the settings a test does not care about filled in. */
export function remote(baseUrl: string, settings: Partial<RemoteUpstream> = {}): RemoteUpstream {
  return {
    type: 'remote',
    name: 'openai',
    baseUrl,
    apiKey: 'sk-real',
    api: 'responses',
    timeoutMs: 10_000,
    modelAliases: {},
    fallback: null,
    maxRetries: 0,
    maxFailures: 5,
    prices: [],
    ...settings,
  };
}

/** The embedded demo model as an upstream. */
export const demo: Upstream = { type: 'demo', name: 'demo', api: 'responses' };
