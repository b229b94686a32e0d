import {
  resolveUpstreams,
  type UpstreamCatalog,
  type UpstreamSettings,
} from './upstream-catalog.ts';

/** The upstreams while the gateway runs. */
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
  let current = resolveUpstreams(settings);
  return {
    current: () => current,
    replace(wanted) {
      current = resolveUpstreams(wanted);
    },
  };
}
