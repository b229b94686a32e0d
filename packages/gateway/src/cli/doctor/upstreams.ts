import type { Config } from '../../config/config.ts';
import { upstreamSettings } from '../../config/settings-of-parts.ts';
import { type ProbedUpstream, probeUpstreams } from '../../upstreams/probe-upstreams.ts';
import { fail, type HealthCheck, ok, warn } from './health-check.ts';

/** The servers that answer model calls: whether they are there, and whether the API is at their addresses. */
export async function upstreamsHealth(config: Config): Promise<HealthCheck[]> {
  const probed = await probeUpstreams(upstreamSettings(config), config.environment);
  if (probed.length === 0) return [ok('upstream', 'the demo model, which needs none')];
  return probed.map(healthOf);
}

function healthOf({ name, baseUrl, health }: ProbedUpstream): HealthCheck {
  const what = `upstream ${name}`;
  switch (health.type) {
    case 'answers':
      return ok(what, `${baseUrl} answers`);
    case 'unreachable':
      return warn(
        what,
        `${baseUrl} cannot be reached (${health.reason})`,
        'Start it, or correct its base_url; behind a proxy set HTTPS_PROXY.',
      );
    case 'not_found':
      return fail(
        what,
        `${baseUrl} answers 404 to everything`,
        health.better === null
          ? 'Correct its base_url (OPENAI_BASE_URL): it mostly ends in /v1.'
          : `Its API is at ${health.better}: write that as base_url (OPENAI_BASE_URL).`,
      );
    default:
      return health satisfies never;
  }
}
