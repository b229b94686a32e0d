import type { ProcessUser } from '../../system/processes.ts';
import { asksForPermissions } from './node-permissions.ts';

/** Which variables of the gateway's own environment a worker sees. Everything else stays with the gateway. */
const passedNames: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'TZ',
  'LANG',
  'NODE_ENV',
  'TMPDIR',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
]);

/** Proxies lead out of the machine; the broker is on it, so loopback is always taken out of them. */
const proxyNames = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'] as const;

/** What the broker sets, or what is the gateway's alone: not even `worker.env` passes these on. */
const withheldNames: ReadonlySet<string> = new Set([
  'OPENAI_API_KEY',
  'OPENAI_BASE_URL',
  'GATEWAY_STORE_URL',
]);

/** Variables that a process reads only while it starts, so that a running spare cannot take them any more. */
const startupNames: ReadonlySet<string> = new Set([
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'NODE_USE_SYSTEM_CA',
  'NODE_USE_ENV_PROXY',
  'NODE_ICU_DATA',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'UV_THREADPOOL_SIZE',
]);

export type Environment = Readonly<Record<string, string>>;

/**
 * The environment a worker process starts with: a fixed list of harmless names, every `LC_*`, proxies, and what the
 * operator names in `worker.env`. Never a key of an upstream and never the store's address. Another user has another
 * home, which programs find by themselves.
 */
export function workerEnvironment(options: {
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
  /** Names from the setting `worker.env`. */
  readonly named: readonly string[];
  /** Whom workers run as; null for the gateway's own user. */
  readonly user: ProcessUser | null;
}): Record<string, string> {
  const { hostEnv } = options;
  const env: Record<string, string> = {};
  const named = new Set(options.named);
  for (const [name, value] of Object.entries(hostEnv)) {
    if (value === undefined || withheldNames.has(name)) continue;
    if (options.user && name === 'HOME' && !named.has(name)) continue;
    if (passedNames.has(name) || name.startsWith('LC_') || named.has(name)) env[name] = value;
  }
  return { ...env, ...proxyEnvironment(hostEnv) };
}

/** Of those, what a module may still set where its process is held: none leads to other code or other files. */
const harmlessNames: ReadonlySet<string> = new Set([
  'NODE_OPTIONS',
  'NODE_USE_SYSTEM_CA',
  'NODE_USE_ENV_PROXY',
  'UV_THREADPOOL_SIZE',
  'PYTHONPATH',
  'PYTHONUTF8',
  'PYTHONIOENCODING',
  'PYTHONHASHSEED',
  'PYTHONWARNINGS',
  'PYTHONOPTIMIZE',
  'PYTHONDEVMODE',
  'PYTHONASYNCIODEBUG',
]);

/**
 * The part of a module's `.env` that has to be there when its process starts; empty where a spare can take it all.
 * NODE_OPTIONS that the operator gives to every worker are not the module's to change.
 */
export function startupEnvironment(
  moduleEnv: Environment,
  workerEnv: Environment = {},
): Environment {
  const withheld = withheldAtStart(moduleEnv, workerEnv);
  return Object.fromEntries(
    Object.entries(moduleEnv).filter(([name]) => isReadAtStart(name) && !withheld.includes(name)),
  );
}

/** What of a module's `.env` its process starts without, because it would undo what holds it. */
export function withheldAtStart(moduleEnv: Environment, workerEnv: Environment): string[] {
  const isHeld = asksForPermissions({ ...moduleEnv, ...workerEnv }.NODE_OPTIONS);
  return Object.keys(moduleEnv).filter(
    (name) =>
      (name === 'NODE_OPTIONS' && name in workerEnv) ||
      (isHeld && isReadAtStart(name) && !harmlessNames.has(name)),
  );
}

function isReadAtStart(name: string): boolean {
  return startupNames.has(name) || /^(PYTHON|LD_|DYLD_)/.test(name);
}

/** What is set inside the worker when a module is loaded: its `.env`, then the broker's variables, which win. */
export function moduleEnvironment(
  moduleEnv: Environment,
  access: { readonly baseUrl: string; readonly token: string },
): Environment {
  return { ...moduleEnv, OPENAI_BASE_URL: access.baseUrl, OPENAI_API_KEY: access.token };
}

function proxyEnvironment(hostEnv: Readonly<Record<string, string | undefined>>): Environment {
  const proxies = proxyNames.flatMap((name) => {
    const value = hostEnv[name];
    return value ? [[name, value] as const] : [];
  });
  if (proxies.length === 0) return {};
  const direct = hostEnv.NO_PROXY ?? hostEnv.no_proxy;
  const noProxy = [...(direct ? [direct] : []), '127.0.0.1', 'localhost', '::1'].join(',');
  return { ...Object.fromEntries(proxies), NO_PROXY: noProxy, no_proxy: noProxy };
}
