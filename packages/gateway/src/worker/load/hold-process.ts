import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import v8 from 'node:v8';

/** What Node's permissions are asked with; `drop` is there in later versions. */
type Permission = { readonly drop?: (scope: string) => void };

/**
 * Closes what Node's `--permission` leaves open, where this process is held to it: native code, which no permission
 * binds, flags of V8 that write files, and signals to other processes. Nothing of the module has run before, so it finds
 * nothing else in their place. Does nothing in a process that is not held.
 *
 * @param nodeOptions - As the process was started with; `--allow-addons` there leaves native code to the module.
 */
export function holdProcess(nodeOptions: string | undefined): void {
  const { permission } = process as { permission?: Permission };
  if (!permission) return;
  if (!/(^|\s)--allow-addons(\s|$)/.test(nodeOptions ?? '')) forbidAddons(permission);
  v8.setFlagsFromString = () => refuse('Flags of V8');
  forbidSignals();
  const setPriority = os.setPriority;
  os.setPriority = (pid: number, priority?: number) => {
    if (priority === undefined) setPriority(pid);
    else if (pid === 0 || pid === process.pid) setPriority(pid, priority);
    else refuse('Priorities of other processes');
  };
  syncBuiltinESMExports();
}

function forbidAddons(permission: Permission): void {
  if (permission.drop) permission.drop('addon');
  else replace('dlopen', () => refuse('Native code'));
}

/** Every way to send a signal ends in `_kill` or `_debugProcess`, which Node reads at each call. */
function forbidSignals(): void {
  const { pid } = process;
  const send = Reflect.get(process, '_kill');
  const notPermitted = -os.constants.errno.EPERM;
  replace('_kill', (to: unknown, signal: unknown) =>
    to === pid || to === -pid ? Reflect.apply(send, process, [to, signal]) : notPermitted,
  );
  replace('_debugProcess', () => refuse('The inspector of another process'));
}

function replace(name: string, value: (...args: unknown[]) => unknown): void {
  Object.defineProperty(process, name, { value, writable: false, configurable: false });
}

function refuse(what: string): never {
  const error = new Error(`${what} cannot be used under --permission.`);
  throw Object.assign(error, { code: 'ERR_ACCESS_DENIED' });
}
