import type { WorkerOptions } from 'node:worker_threads';
import { ownFile } from '../../own-files.ts';
import type { SdkCopy } from '../loaded-module.ts';
import { fieldsOf } from '../sdk.ts';
import { recordedServerTools } from '../tools/recorded-servers.ts';

/** What a module is told that reaches out while what it did is run again. */
const refusal =
  'Nothing outside is reached while a file loads for its description or a recorded run is played.';

type Patched = Record<string, (...args: unknown[]) => unknown>;

/** Whether this process reaches anything outside of it. */
export type ClosedOutside = {
  /**
   * From now on the process, with the threads that it starts, connects to nobody, sends nothing, looks up no names and starts no programs. It is for what
   * authors write by mistake or habit; a hostile one finds ways around it. It cannot be undone.
   *
   * @param brokerUrl - Which stays open.
   */
  readonly close: (brokerUrl: string | undefined) => void;
  /** Makes the MCP servers of an SDK copy follow: they are taken for connected, and list what the record of the run has. */
  readonly guard: (sdk: SdkCopy) => void;
};

/** One a process, which is closed or not: what its module imports knows nothing else. */
export const closedOutside: ClosedOutside = createClosedOutside();

function createClosedOutside(): ClosedOutside {
  let isClosed = false;
  return {
    close(brokerUrl) {
      isClosed = true;
      closeNetwork(URL.canParse(brokerUrl ?? '') ? new URL(brokerUrl ?? '') : null);
      closePrograms();
      closeThreads();
      process.getBuiltinModule('node:module').syncBuiltinESMExports();
    },
    guard(sdk) {
      if (isClosed) guardServers(sdk);
    },
  };
}

function guardServers(sdk: SdkCopy): void {
  const servers = Object.entries(sdk).filter(([name]) => name.startsWith('MCPServer'));
  for (const [, server] of servers) {
    const { prototype } = fieldsOf(server);
    if (typeof fieldsOf(prototype).connect !== 'function') continue;
    const nothing = { value: async () => undefined, configurable: true, writable: true };
    const none = { ...nothing, value: async () => [] };
    Object.defineProperties(prototype, { connect: nothing, close: nothing, listTools: none });
  }
  const { prototype } = fieldsOf(sdk.Agent);
  if (typeof fieldsOf(prototype).getMcpTools !== 'function') return;
  Object.defineProperty(prototype, 'getMcpTools', {
    value(this: unknown, runContext: unknown) {
      return recordedServerTools(this, runContext);
    },
    configurable: true,
    writable: true,
  });
}

function closeNetwork(broker: URL | null): void {
  const net = process.getBuiltinModule('node:net');
  const socket = net.Socket.prototype as unknown as Patched;
  const { connect } = socket;
  socket.connect = function guarded(this: { destroy: (error: Error) => void }, ...args) {
    if (isBroker(args, broker)) return connect?.apply(this, args);
    // As where nobody listens: what waits for a connection is told that there is none.
    process.nextTick(() => this.destroy(new Error(refusal)));
    return this;
  };
  const datagram = process.getBuiltinModule('node:dgram').Socket.prototype as unknown as Patched;
  for (const name of ['send', 'connect']) datagram[name] = refuse;
  const dns = process.getBuiltinModule('node:dns');
  for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6', 'resolveTxt', 'resolveAny']) {
    replace(dns, name, refuseLookup);
    replace(dns.promises, name, async () => refuse());
  }
}

function closePrograms(): void {
  const child = process.getBuiltinModule('node:child_process');
  (child.ChildProcess.prototype as unknown as Patched).spawn = refuse;
  for (const name of ['spawnSync', 'execSync', 'execFileSync']) replace(child, name, refuse);
}

/** A thread has modules of its own: it is closed before anything of it runs. */
function closeThreads(): void {
  const threads = process.getBuiltinModule('node:worker_threads');
  const { Worker } = threads;
  class ClosedWorker extends Worker {
    constructor(file: string | URL, options: WorkerOptions = {}) {
      const closing = ['--require', ownFile('worker/around/closed-thread')];
      super(file, { ...options, execArgv: [...(options.execArgv ?? []), ...closing] });
    }
  }
  Object.defineProperty(threads, 'Worker', {
    value: ClosedWorker,
    configurable: true,
    writable: true,
    enumerable: true,
  });
}

function replace(holder: object, name: string, value: (...args: unknown[]) => unknown): void {
  Object.defineProperty(holder, name, { value, configurable: true, writable: true });
}

function refuse(): never {
  throw new Error(refusal);
}

function refuseLookup(...args: unknown[]): void {
  const callback = args.at(-1);
  if (typeof callback !== 'function') refuse();
  process.nextTick(callback, new Error(refusal));
}

/** Arguments of `connect` are options, a list of them that was made ready, or a port with a host. */
function isBroker(args: readonly unknown[], broker: URL | null): boolean {
  if (!broker) return false;
  const [first] = args.flat();
  const { port, host } = (typeof first === 'object' && first ? first : { port: first }) as {
    readonly port?: unknown;
    readonly host?: unknown;
  };
  const isHere = host === undefined || host === null || host === broker.hostname;
  return isHere && String(port) === broker.port;
}
