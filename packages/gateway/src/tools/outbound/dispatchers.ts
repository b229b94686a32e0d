import { createRequire } from 'node:module';
import type { LookupFunction } from 'node:net';
import type { Dispatcher } from 'undici';
import Agent from 'undici/lib/dispatcher/agent.js';

const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 4000;

/** Longest silence within an answer; the call as a whole has a limit of its own. */
const SILENCE_MS = 60_000;

/** Most bytes of an answer's headers. */
const MAX_HEADER_BYTES = 64 * 1024;

/** The gateway's environment, as far as proxies go. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** True where requests may go through a proxy, which then looks names up and connects. */
export function hasProxy(environment: Environment): boolean {
  return proxyIn(environment, 'http_proxy') !== '' || proxyIn(environment, 'https_proxy') !== '';
}

/**
 * Makes connections with addresses of `lookup` alone, through the proxies that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`
 * name, as those to upstreams.
 */
export function createGuardedDispatcher(
  environment: Environment,
  lookup: LookupFunction,
): Dispatcher {
  const options = {
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    connect: { timeout: CONNECT_TIMEOUT_MS, lookup },
  };
  if (!hasProxy(environment)) return new Agent(options);
  // Seldom needed, and the whole package takes a while to load.
  const { EnvHttpProxyAgent }: typeof import('undici') = createRequire(import.meta.url)('undici');
  return new EnvHttpProxyAgent({
    ...options,
    httpProxy: proxyIn(environment, 'http_proxy'),
    httpsProxy: proxyIn(environment, 'https_proxy'),
    noProxy: environment.no_proxy ?? environment.NO_PROXY ?? '',
  });
}

function proxyIn(environment: Environment, name: string): string {
  const given = environment[name] || environment[name.toUpperCase()] || '';
  return given === '' || given.includes('://') ? given : `http://${given}`;
}
