import type { LiveConfig } from '../config/live-config.ts';
import { upstreamSettings } from '../config/settings-of-parts.ts';
import type { Emit } from '../events.ts';
import type { LivePolicy } from '../policy/live-policy.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import { shareNext } from '../system/share-next.ts';
import type { LiveUpstreams } from '../upstreams/upstream-catalog.ts';

/** Reads `gateway.yaml` and `.env` again; with an error among the findings everything stays as it was. */
export type ReloadSettings = () => Promise<readonly Finding[]>;

/** Makes new settings hold in every part that follows them. Never two readings at a time; many share the next one. */
export function createReloadSettings(deps: {
  readonly live: LiveConfig;
  readonly upstreams: LiveUpstreams;
  readonly policy: LivePolicy;
  readonly emit: Emit;
}): ReloadSettings {
  const { live, upstreams, policy, emit } = deps;
  return shareNext(async () => {
    const findings = await live.reload();
    const settings = live.current();
    upstreams.replace(upstreamSettings(settings));
    policy.replace(settings.security);
    const about = { agentId: null, modulePath: live.path, servingGeneration: null };
    emit({ type: 'findings_reported', ...about, findings });
    return findings;
  });
}
