import type { UsedModel } from '../protocol/usage/usage.ts';
import { listModels, type ModelListing } from './models/list-models.ts';
import { findRetirements, type Retirement } from './models/retirements.ts';
import { type AddressHealth, probeAddress } from './relay/probe-address.ts';
import { createUpstreamDispatcher } from './relay/upstream-dispatcher.ts';
import type { RemoteUpstream, Upstream } from './upstream.ts';
import { createLiveUpstreams } from './upstream-catalog.ts';

/** A server that the settings name, and what it says of its address and of its key. */
export type ProbedUpstream = {
  readonly name: string;
  readonly baseUrl: string;
  readonly health: AddressHealth;
  readonly hasKey: boolean;
  /** What it lists; null where nothing is at its address. */
  readonly listing: ModelListing | null;
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

/**
 * Asks the servers of the models that were used when these end, where the settings name those servers still.
 *
 * @throws UpstreamSettingsError as the gateway's start does.
 */
export async function probeRetirements(
  settings: Parameters<typeof createLiveUpstreams>[0],
  environment: Readonly<Record<string, string | undefined>>,
  { used, nowMs }: { readonly used: readonly UsedModel[]; readonly nowMs: number },
): Promise<readonly Retirement[]> {
  const dispatcher = createUpstreamDispatcher(environment);
  try {
    const { upstreams } = createLiveUpstreams(settings).current();
    const listingOf = (upstream: RemoteUpstream) => listModels(dispatcher, upstream);
    return await findRetirements(used, { upstreams, listingOf, nowMs });
  } finally {
    await dispatcher.destroy();
  }
}

function probe(dispatcher: ReturnType<typeof createUpstreamDispatcher>) {
  return (upstream: Upstream): Promise<ProbedUpstream>[] => {
    if (upstream.type !== 'remote') return [];
    return [ask(dispatcher, upstream)];
  };
}

async function ask(
  dispatcher: ReturnType<typeof createUpstreamDispatcher>,
  upstream: RemoteUpstream,
): Promise<ProbedUpstream> {
  const { name, baseUrl, apiKey } = upstream;
  const health = await probeAddress(dispatcher, upstream);
  const listing = health.type === 'answers' ? await listModels(dispatcher, upstream) : null;
  return { name, baseUrl, health, hasKey: apiKey !== null, listing };
}
