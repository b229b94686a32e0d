import { GatewayError } from '../../errors.ts';
import type { DemoUpstream, RemoteUpstream } from '../upstream.ts';
import type { UpstreamCatalog } from '../upstream-catalog.ts';
import type { BrokerRoute } from './allowed-paths.ts';
import type { Grant } from './grants.ts';

/** Where a call goes, and from there where it goes next, before anything of an answer has come. */
export type UsableUpstreams =
  | { readonly type: 'demo'; readonly upstreams: readonly [DemoUpstream] }
  | { readonly type: 'remote'; readonly upstreams: readonly [RemoteUpstream, ...RemoteUpstream[]] };

/**
 * The upstream that an agent asks for, with its fallback for a model call. Other paths stay with one upstream: what they name
 * (files, stores) exists on that one only.
 *
 * @throws GatewayError `invalid_request` where there is none of this name.
 */
export function chooseUpstreams(
  { upstreams, defaultUpstream }: Pick<UpstreamCatalog, 'upstreams' | 'defaultUpstream'>,
  grant: Pick<Grant, 'upstreamName'>,
  route: BrokerRoute,
): UsableUpstreams {
  const name = grant.upstreamName() ?? defaultUpstream;
  const upstream = upstreams.get(name);
  if (!upstream) {
    throw new GatewayError(
      'invalid_request',
      `The agent asks for the upstream "${name}", which is not configured: choose one of ${[...upstreams.keys()].join(', ')}.`,
    );
  }
  if (upstream.type === 'demo') return { type: 'demo', upstreams: [upstream] };
  const fallback = upstream.fallback === null ? undefined : upstreams.get(upstream.fallback);
  const fallsBack = route.type === 'model_call' && fallback?.type === 'remote';
  return { type: 'remote', upstreams: fallsBack ? [upstream, fallback] : [upstream] };
}
