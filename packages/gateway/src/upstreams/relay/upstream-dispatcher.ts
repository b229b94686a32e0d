import { createRequire } from 'node:module';
import type { Dispatcher } from 'undici';
import Agent from 'undici/lib/dispatcher/agent.js';
import { UpstreamSettingsError } from '../upstream-catalog.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** Below what servers commonly keep, so that a connection is seldom closed under a request. */
const KEEP_ALIVE_MS = 4000;
/** Upstreams on this machine are reached without a proxy, as the broker is by workers. */
const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Makes the connections to upstreams, through the proxies that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name, in small
 * letters or in capitals. Without them it has no part of it.
 *
 * @throws UpstreamSettingsError for a proxy that is no address.
 */
export function createUpstreamDispatcher(environment: Environment): Dispatcher {
  const httpProxy = proxyIn(environment, 'http_proxy');
  const httpsProxy = proxyIn(environment, 'https_proxy');
  const options = { allowH2: false, keepAliveTimeout: KEEP_ALIVE_MS };
  if (httpProxy === '' && httpsProxy === '') {
    return new Agent({ ...options, connect: { timeout: CONNECT_TIMEOUT_MS } });
  }
  const direct = environment.no_proxy ?? environment.NO_PROXY ?? '';
  const noProxy = [direct, ...LOOPBACK].filter(Boolean).join(',');
  // Seldom needed, and the whole package takes a while to load.
  const { EnvHttpProxyAgent }: typeof import('undici') = createRequire(import.meta.url)('undici');
  // One that is empty is none: left out, undici would read the environment itself.
  return new EnvHttpProxyAgent({
    ...options,
    connectTimeout: CONNECT_TIMEOUT_MS,
    httpProxy,
    httpsProxy,
    noProxy,
  });
}

function proxyIn(environment: Environment, name: string): string {
  const given = environment[name] || environment[name.toUpperCase()] || '';
  if (given === '') return '';
  const address = given.includes('://') ? given : `http://${given}`;
  if (/^https?:$/.test(URL.parse(address)?.protocol ?? '')) return address;
  throw new UpstreamSettingsError(
    environment[name] ? name : name.toUpperCase(),
    'It is no address of a proxy: write it like http://proxy.example.com:3128.',
  );
}
