import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent } from 'undici';
import type { Emit } from '../../events.ts';
import type { ModelAccess } from '../../protocol/pool.ts';
import type { UpstreamCatalog } from '../upstream-catalog.ts';
import type { TokenBudget } from './budgeted-call.ts';
import { createGrants } from './grants.ts';
import { createCallHandler } from './serve-call.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** Below what servers commonly keep, so that a connection is seldom closed under a request. */
const UPSTREAM_KEEP_ALIVE_MS = 4000;
const WORKER_KEEP_ALIVE_MS = 60_000;

/** The loopback endpoint through which workers reach upstreams, without ever holding their keys. */
export type Broker = {
  /** Listens on a free port of 127.0.0.1; before that nothing can be granted. */
  start(): Promise<void>;
  /** Makes a token for one worker of an agent. */
  grant(agentId: string): ModelAccess;
  /** Revokes every token, aborts every call and stops listening. */
  close(): Promise<void>;
};

/** Makes the broker. Each call that reaches an upstream is emitted once, as `model_called`. */
export function createBroker(deps: {
  /** Those that hold now: they may change between two calls. */
  readonly upstreams: () => Pick<UpstreamCatalog, 'upstreams' | 'defaultUpstream'>;
  /** Absent where no key has a budget. */
  readonly budget?: TokenBudget;
  readonly emit: Emit;
}): Broker {
  const agent = new Agent({
    allowH2: false,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    keepAliveTimeout: UPSTREAM_KEEP_ALIVE_MS,
  });
  const server = createServer();
  const grants = createGrants(() => baseUrlOf(server));
  const handleCall = createCallHandler({ ...deps, grants, dispatcher: agent });
  server.keepAliveTimeout = WORKER_KEEP_ALIVE_MS;
  server.on('request', (request, response) => void handleCall(request, response));

  return {
    start: () => listen(server),
    grant: (agentId) => grants.issue(agentId),
    async close() {
      grants.revokeAll();
      server.closeAllConnections();
      await Promise.all([closeServer(server), agent.destroy()]);
    },
  };
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
  const address = server.address() as AddressInfo | null;
  if (!address) throw new Error('The broker has not started.');
  return `http://127.0.0.1:${address.port}/v1`;
}
