import type { BreakerState } from '../../protocol/admin/upstreams-answer.ts';
import type { UpstreamCatalog } from '../upstream-catalog.ts';
import type { UpstreamHealth } from './upstream-health.ts';

/** Whether calls go to each upstream. */
export function breakerStatesOf(
  { upstreams }: Pick<UpstreamCatalog, 'upstreams'>,
  health: Pick<UpstreamHealth, 'of'>,
): { readonly name: string; readonly state: BreakerState }[] {
  return [...upstreams.values()].map((upstream) => ({
    name: upstream.name,
    state: (upstream.type === 'remote' && health.of(upstream)?.state) || 'closed',
  }));
}
