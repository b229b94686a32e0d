import type { Config } from '../../config/config.ts';
import { upstreamSettings } from '../../config/settings-of-parts.ts';
import { type ProbedUpstream, probeUpstreams } from '../../upstreams/probe-upstreams.ts';
import { count } from '../text-layout.ts';
import { fail, type HealthCheck, ok, warn } from './health-check.ts';

/** The servers that answer model calls: whether they are there, and whether the API is at their addresses. */
export async function upstreamsHealth(config: Config): Promise<HealthCheck[]> {
  const probed = await probeUpstreams(upstreamSettings(config), config.environment);
  if (probed.length === 0) return [ok('upstream', 'the demo model, which needs none')];
  return probed.map(healthOf);
}

function healthOf(probed: ProbedUpstream): HealthCheck {
  const { name, baseUrl, health } = probed;
  const what = `upstream ${name}`;
  switch (health.type) {
    case 'answers':
      return keyHealth(what, probed);
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

function keyHealth(what: string, { baseUrl, listing, hasKey }: ProbedUpstream): HealthCheck {
  if (listing?.type === 'listed')
    return ok(what, `${baseUrl} answers, with ${count(listing.models.length, 'model')}`);
  if (listing?.type !== 'key_refused') return ok(what, `${baseUrl} answers`);
  return hasKey
    ? fail(
        what,
        `${baseUrl} does not take the key (${listing.status})`,
        'Put a valid one into the variable that api_key_env names (OPENAI_API_KEY).',
      )
    : fail(
        what,
        `${baseUrl} wants a key (${listing.status})`,
        'Name its variable as api_key_env, and set that in .dropgate/upstream.env (OPENAI_API_KEY).',
      );
}
