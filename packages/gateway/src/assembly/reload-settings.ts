import { isDeepStrictEqual } from 'node:util';
import type { LiveConfig } from '../config/live-config.ts';
import { upstreamSettings } from '../config/settings-of-parts.ts';
import type { Emit, EventOf } from '../events.ts';
import type { LivePolicy } from '../policy/live-policy.ts';
import type { Tokens } from '../policy/tokens/tokens.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import { shareNext } from '../system/share-next.ts';
import type { LiveTools } from '../tools/live-tools.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { LiveUpstreams } from '../upstreams/upstream-catalog.ts';
import type { ReportSettings } from './report-settings.ts';

/** Reads `gateway.yaml` and `.env` again; with an error among the findings everything stays as it was. */
export type ReloadSettings = () => Promise<readonly Finding[]>;

/** Makes new settings hold in every part that follows them. Never two readings at a time; many share the next one. */
export function createReloadSettings(deps: {
  readonly live: LiveConfig;
  readonly upstreams: LiveUpstreams;
  readonly tools: Pick<LiveTools, 'replace'>;
  readonly policy: LivePolicy;
  readonly tokens: Pick<Tokens, 'replace'>;
  readonly report: Pick<ReportSettings, 'read'>;
  readonly emit: Emit;
}): ReloadSettings {
  const { live, upstreams, tools, policy, tokens, report, emit } = deps;
  return shareNext(async () => {
    const findings = await live.reload();
    const settings = live.current();
    const before = chosenUpstream(upstreams);
    upstreams.replace(upstreamSettings(settings));
    policy.replace(settings.security);
    tokens.replace(settings.issuers);
    tools.replace(settings.tools);
    const chosen = chosenUpstream(upstreams);
    if (chosen && !isDeepStrictEqual(chosen, before)) emit(choiceOf(chosen));
    report.read(findings);
    emit({ type: 'settings_read', problems: findings.length });
    return findings;
  });
}

function chosenUpstream(live: LiveUpstreams): Upstream | undefined {
  const { upstreams, defaultUpstream } = live.current();
  return upstreams.get(defaultUpstream);
}

function choiceOf(chosen: Upstream): EventOf<'upstream_chosen'> {
  const { name: upstream, api } = chosen;
  return chosen.type === 'remote'
    ? { type: 'upstream_chosen', upstream, api, baseUrl: chosen.baseUrl, hasKey: !!chosen.apiKey }
    : { type: 'upstream_chosen', upstream, api, baseUrl: null, hasKey: false };
}
