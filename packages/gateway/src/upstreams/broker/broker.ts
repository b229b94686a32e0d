import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Emit } from '../../events.ts';
import type { FindReplay } from '../../protocol/journal/replayed-calls.ts';
import type { OutsideCalls } from '../../protocol/policy.ts';
import type { ModelAccess } from '../../protocol/pool.ts';
import type { ModuleLoad } from '../../protocol/records.ts';
import type { UnreadRoom } from '../../protocol/unread-room.ts';
import type { UpstreamHealth } from '../health/upstream-health.ts';
import type { HostedGovernance } from '../hosted/govern-hosted.ts';
import { listModels, type ModelListing } from '../models/list-models.ts';
import { createPrices } from '../prices/prices.ts';
import { createAddressWatch } from '../relay/address-watch.ts';
import { createUpstreamDispatcher } from '../relay/upstream-dispatcher.ts';
import { createUncounted } from '../relay/usage-request.ts';
import type { RemoteUpstream } from '../upstream.ts';
import type { UpstreamCatalog } from '../upstream-catalog.ts';
import { createAnswerCall } from './answer-call.ts';
import { createChannelCalls } from './channel-calls.ts';
import type { CallBudgets } from './costs/budgeted-call.ts';
import type { LimitedRuns } from './costs/counted-call.ts';
import { type BrokerDoor, openDoor } from './door.ts';
import { createGrants, grantOfToken } from './grants.ts';
import { createHttpCalls } from './http-calls.ts';

/** A connection that asks for nothing keeps others out. */
const connectionSettings = { keepAliveTimeout: 60_000, headersTimeout: 10_000 };

/** Connections at a time, of all workers: each takes one of the files that a process may open, of which the store needs some. */
const MAX_CONNECTIONS = 2000;

/**
 * The way through which workers reach upstreams, without ever holding their keys: over their channels, and a loopback
 * endpoint for their children, other HTTP clients and uploads.
 */
export type Broker = {
  /** Listens on a free port of 127.0.0.1; before that nothing can be granted. */
  start(): Promise<void>;
  /** Where workers without a network reach it: the port that is to stand for it there, and the socket to pass on to. */
  door(): { readonly port: number; readonly socket: string };
  /** Makes a token for one worker of an agent; one that is closed has no models but the records of runs. */
  grant(agentId: string, replay?: ModuleLoad['replay']): ModelAccess;
  /** Asks an upstream for its models, as its calls go. Never rejects. */
  listModels(upstream: RemoteUpstream): Promise<ModelListing>;
  /** Revokes every token, aborts every call and stops listening. */
  close(): Promise<void>;
};

type BrokerDeps = {
  /** Those that hold now: they may change between two calls. */
  readonly upstreams: () => Pick<UpstreamCatalog, 'upstreams' | 'defaultUpstream'>;
  /** Absent where no key has a budget. */
  readonly budgets?: CallBudgets;
  /** Absent where no run is limited. */
  readonly runs?: LimitedRuns;
  /** Runs that an agent may have at the same time; without it few. */
  readonly mostRuns?: number;
  /** What becomes of calls of a worker without a run; it may change between two calls. */
  readonly outsideCalls: () => OutsideCalls;
  /** How model calls went at each upstream, and whether it is left alone. */
  readonly health: UpstreamHealth;
  /** Where answers wait that workers do not read. */
  readonly unread: UnreadRoom;
  /** Whether answers are recorded; none are without it. */
  readonly recordsContents?: () => boolean;
  /** Which runs follow the record of another; none do without it. */
  readonly findReplay?: FindReplay;
  /** Governs tools that run at upstreams. */
  readonly hosted: HostedGovernance;
  /** Given where workers have no network; `group` is theirs, null for the gateway's own user. */
  readonly door?: { readonly group: number | null } | undefined;
  /** Names the proxies to go through; none without it. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly emit: Emit;
};

/**
 * Makes the broker. Each call that reaches an upstream is emitted once, as `model_called`.
 *
 * @throws UpstreamSettingsError for a proxy that is no address.
 */
export function createBroker(deps: BrokerDeps): Broker {
  const dispatcher = createUpstreamDispatcher(deps.environment ?? {});
  const server = createBoundedServer();
  const grants = createGrants(() => baseUrlOf(server), deps.mostRuns);
  const uncounted = createUncounted();
  const watchAddress = createAddressWatch(dispatcher, deps.emit);
  const { recordsContents = () => false, findReplay = () => null } = deps;
  const { budgets = {}, runs = unlimited } = deps;
  const prices = createPrices(deps.emit);
  const learned = { uncounted, watchAddress, recordsContents, findReplay, prices, budgets, runs };
  const answerCall = createAnswerCall({ ...deps, dispatcher, ...learned });
  const handleCall = createHttpCalls(answerCall, grants, deps.unread);
  let door: BrokerDoor | null = null;
  server.on('request', (request, response) => void handleCall(request, response));

  return {
    async start() {
      await listen(server);
      if (!deps.door) return;
      const { group } = deps.door;
      door = await openDoor((request, response) => void handleCall(request, response), {
        group,
        settings: connectionSettings,
        maxConnections: MAX_CONNECTIONS,
      });
    },
    door() {
      if (!door) throw new Error('The broker has no door.');
      return { port: portOf(server), socket: door.socket };
    },
    grant(agentId, replay) {
      const access = grants.issue(agentId, { isClosed: replay === 'closed' });
      const grantOf = () => grantOfToken(grants, access.token);
      const unread = deps.unread.hold({ agentId }, 'model_answer');
      return {
        ...access,
        answerOver: createChannelCalls(answerCall, grantOf, unread),
        revoke() {
          access.revoke();
          unread.release();
        },
      };
    },
    listModels: (upstream) => listModels(dispatcher, upstream),
    async close() {
      grants.revokeAll();
      server.closeAllConnections();
      await Promise.all([closeServer(server), door?.close(), dispatcher.destroy()]);
    },
  };
}

const unlimited: LimitedRuns = {
  of: () => null,
  limitsModelCallsOf: () => false,
  hasLimited: () => false,
};

function createBoundedServer(): Server {
  const server = createServer(connectionSettings);
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function baseUrlOf(server: Server): string {
  return `http://127.0.0.1:${portOf(server)}/v1`;
}

function portOf(server: Server): number {
  const address = server.address() as AddressInfo | null;
  if (!address) throw new Error('The broker has not started.');
  return address.port;
}
