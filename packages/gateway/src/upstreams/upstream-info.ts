import type { UpstreamCatalog } from './upstream-catalog.ts';

/** An upstream as shown: everything but its key. */
export type UpstreamInfo = {
  readonly name: string;
  readonly kind: 'demo' | 'remote';
  readonly api: string;
  readonly base_url: string | null;
  readonly has_key: boolean;
  readonly is_default: boolean;
};

/** The upstreams of a gateway, in their order. */
export function describeUpstreams({ upstreams, defaultUpstream }: UpstreamCatalog): UpstreamInfo[] {
  return [...upstreams.values()].map((upstream) => ({
    name: upstream.name,
    kind: upstream.type,
    api: upstream.api,
    base_url: upstream.type === 'remote' ? upstream.baseUrl : null,
    has_key: upstream.type === 'remote' && upstream.apiKey !== null,
    is_default: upstream.name === defaultUpstream,
  }));
}
