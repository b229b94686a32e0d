import { GatewayError } from '../../errors.ts';
import type { UpstreamApi } from '../../protocol/records.ts';

/** A path the broker takes: a model call of one API, or another path that is passed through. */
export type BrokerRoute =
  | { readonly type: 'model_call'; readonly api: UpstreamApi; readonly path: string }
  | { readonly type: 'passed_through'; readonly path: string };

/**
 * Finds what a worker asks for. `path` of the answer is below the upstream's base, without query.
 *
 * @throws GatewayError `route_not_found` or `method_not_allowed`.
 */
export function matchRoute(method: string, pathname: string): BrokerRoute {
  if (pathname === '/v1/responses' && method === 'POST') return RESPONSES;
  if (pathname === '/v1/chat/completions' && method === 'POST') return CHAT_COMPLETIONS;
  const path = pathname.startsWith('/v1/') && isPlain(pathname) ? pathname.slice(3) : null;
  const known = ALLOWED.filter(([, pattern]) => path !== null && pattern.test(path));
  if (path === null || known.length === 0) {
    throw new GatewayError(
      'route_not_found',
      `Unknown path ${method} ${pathname}: agents reach model calls, embeddings, moderations, files, vector stores, images, audio, conversations and containers.`,
    );
  }
  if (!known.some(([methods]) => methods.split(' ').includes(method))) {
    throw new GatewayError('method_not_allowed', `${pathname} does not take ${method}.`);
  }
  return { type: 'passed_through', path };
}

const RESPONSES: BrokerRoute = { type: 'model_call', api: 'responses', path: '/responses' };
const CHAT_COMPLETIONS: BrokerRoute = {
  type: 'model_call',
  api: 'chat_completions',
  path: '/chat/completions',
};

/** Methods → path below `/v1`. One line per family of OpenAI's API that modules use. */
const ALLOWED: readonly (readonly [methods: string, pattern: RegExp])[] = [
  ['POST', /^\/(responses|chat\/completions)$/],
  ['GET DELETE', /^\/responses\/(?!input_tokens$|compact$)[^/]+$/],
  ['POST', /^\/responses\/(input_tokens|compact|[^/]+\/cancel)$/],
  ['GET', /^\/responses\/[^/]+\/input_items$/],
  ['GET', /^\/models(\/[^/]+)?$/],
  ['POST', /^\/(embeddings|moderations)$/],
  ['GET POST', /^\/files$/],
  ['GET DELETE', /^\/files\/[^/]+$/],
  ['GET', /^\/files\/[^/]+\/content$/],
  ['POST', /^\/images\/(generations|edits|variations)$/],
  ['POST', /^\/audio\/(speech|transcriptions|translations)$/],
  ['GET POST DELETE', /^\/vector_stores(\/[^/]+){0,5}$/],
  ['GET POST DELETE', /^\/conversations(\/[^/]+){0,3}$/],
  ['GET POST', /^\/containers$/],
  ['GET DELETE', /^\/containers\/[^/]+$/],
  ['GET POST', /^\/containers\/[^/]+\/files$/],
  ['GET DELETE', /^\/containers\/[^/]+\/files\/[^/]+$/],
  ['GET', /^\/containers\/[^/]+\/files\/[^/]+\/content$/],
];

/** Keeps a path from climbing out of the upstream's base, encoded or not. */
function isPlain(pathname: string): boolean {
  if (!/^[\w./:@~%+-]+$/.test(pathname)) return false;
  try {
    return decodeURIComponent(pathname)
      .slice(1)
      .split(/[/\\]/)
      .every((segment) => segment !== '' && segment !== '.' && segment !== '..');
  } catch {
    return false;
  }
}
