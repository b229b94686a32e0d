/** What a module is told that reaches out while what it did is run again. */
const refusal = 'A run that follows a record reaches nothing outside.';

type Patched = Record<string, (...args: unknown[]) => unknown>;

/**
 * Closes the process: from now on it connects to nobody, sends nothing, looks up no names and starts no programs. It is for
 * what authors write by mistake or habit; a hostile one finds ways around it.
 *
 * @param brokerUrl - Which stays open.
 */
export function closeOutside(brokerUrl: string | undefined): void {
  const broker = URL.canParse(brokerUrl ?? '') ? new URL(brokerUrl ?? '') : null;
  const net = process.getBuiltinModule('node:net');
  const socket = net.Socket.prototype as unknown as Patched;
  const { connect } = socket;
  socket.connect = function guarded(this: unknown, ...args) {
    if (!isBroker(args, broker)) throw new Error(refusal);
    return connect?.apply(this, args);
  };
  const datagram = process.getBuiltinModule('node:dgram').Socket.prototype as unknown as Patched;
  const child = process.getBuiltinModule('node:child_process');
  for (const name of ['send', 'connect']) datagram[name] = refuse;
  (child.ChildProcess.prototype as unknown as Patched).spawn = refuse;
  for (const name of ['spawnSync', 'execSync', 'execFileSync']) {
    Object.defineProperty(child, name, { value: refuse, configurable: true, writable: true });
  }
  const dns = process.getBuiltinModule('node:dns');
  for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6', 'resolveTxt', 'resolveAny']) {
    for (const module of [dns, dns.promises]) {
      Object.defineProperty(module, name, { value: refuse, configurable: true, writable: true });
    }
  }
  process.getBuiltinModule('node:module').syncBuiltinESMExports();
}

function refuse(): never {
  throw new Error(refusal);
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
