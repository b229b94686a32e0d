import type { Config } from '../../config/config.ts';
import { upstreamSettings } from '../../config/settings-of-parts.ts';
import type { Store } from '../../protocol/store.ts';
import { dayOf } from '../../protocol/usage/usage.ts';
import { type Retirement, USED_WITHIN_DAYS } from '../../upstreams/models/retirements.ts';
import { probeRetirements } from '../../upstreams/probe-upstreams.ts';

/** Models that were used in the last 30 days and end; the upstreams of those are asked for theirs. */
export async function readRetirements(
  config: Config,
  { usage }: Pick<Store, 'usage'>,
): Promise<readonly Retirement[]> {
  const nowMs = Date.now();
  const used = await usage.usedModels(dayOf(nowMs - USED_WITHIN_DAYS * 86_400_000));
  if (used.length === 0) return [];
  return probeRetirements(upstreamSettings(config), config.environment, { used, nowMs });
}
