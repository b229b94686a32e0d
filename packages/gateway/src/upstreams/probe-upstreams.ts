import { type AddressHealth, probeAddress } from './relay/probe-address.ts';
import { createUpstreamDispatcher } from './relay/upstream-dispatcher.ts';
import type { Upstream } from './upstream.ts';
import { createLiveUpstreams } from './upstream-catalog.ts';

/** A server that the settings name, and what it says of its address. */
export type ProbedUpstream = {
  readonly name: string;
  readonly baseUrl: string;
  readonly health: AddressHealth;
};

/**
 * Asks each server that the settings name whether OpenAI's API is there, through the proxies of the environment.
 *
 * @throws UpstreamSettingsError as the gateway's start does.
 */
export async function probeUpstreams(
  settings: Parameters<typeof createLiveUpstreams>[0],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly ProbedUpstream[]> {
  const dispatcher = createUpstreamDispatcher(environment);
  try {
    const { upstreams } = createLiveUpstreams(settings).current();
    return await Promise.all([...upstreams.values()].flatMap(probe(dispatcher)));
  } finally {
    await dispatcher.destroy();
  }
}

function probe(dispatcher: ReturnType<typeof createUpstreamDispatcher>) {
  return (upstream: Upstream): Promise<ProbedUpstream>[] => {
    if (upstream.type !== 'remote') return [];
    const { name, baseUrl } = upstream;
    return [probeAddress(dispatcher, upstream).then((health) => ({ name, baseUrl, health }))];
  };
}
