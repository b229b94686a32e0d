import type { Upstream } from './upstream.ts';
import {
  resolveUpstreams,
  type UpstreamCatalog,
  type UpstreamSettings,
} from './upstream-catalog.ts';

/** The upstreams while the gateway runs. `current().upstreams` is one map, whose content changes. */
export type LiveUpstreams = {
  readonly current: () => UpstreamCatalog;
  /**
   * Puts other upstreams in place; calls under way end where they began.
   *
   * @throws UpstreamSettingsError; the old ones stay then.
   */
  readonly replace: (settings: UpstreamSettings) => void;
};

/** @throws UpstreamSettingsError */
export function createLiveUpstreams(settings: UpstreamSettings): LiveUpstreams {
  const upstreams = new Map<string, Upstream>();
  let current: UpstreamCatalog;
  const replace = (wanted: UpstreamSettings): void => {
    const next = resolveUpstreams(wanted);
    upstreams.clear();
    for (const [name, upstream] of next.upstreams) upstreams.set(name, upstream);
    current = { ...next, upstreams };
  };
  replace(settings);
  return { current: () => current, replace };
}
