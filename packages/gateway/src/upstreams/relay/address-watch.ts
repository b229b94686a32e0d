import type { Dispatcher } from 'undici';
import type { Emit } from '../../events.ts';
import type { Upstream } from '../upstream.ts';
import type { Outcome } from './outcome.ts';
import { probeAddress } from './probe-address.ts';

/** Told of the outcome of each model call: says once of an address that there is no API at it. */
export type AddressWatch = (
  outcome: Pick<Outcome, 'upstream' | 'status'>,
  upstreams: ReadonlyMap<string, Upstream>,
) => void;

/** More addresses than anybody has; they come from the settings. */
const MAX_KNOWN = 1000;

/**
 * A 404 may be about the model; where it is about the address, each call fails until somebody mends that, so the
 * server is asked once. The call itself waits for nothing of it.
 */
export function createAddressWatch(dispatcher: Dispatcher, emit: Emit): AddressWatch {
  const probed = new Set<string>();
  return ({ upstream: name, status }, upstreams) => {
    const upstream = upstreams.get(name);
    if (status !== 404 || upstream?.type !== 'remote') return;
    const { baseUrl } = upstream;
    if (probed.has(baseUrl) || probed.size >= MAX_KNOWN) return;
    probed.add(baseUrl);
    void probeAddress(dispatcher, upstream).then((health) => {
      if (health.type !== 'not_found') return;
      emit({ type: 'upstream_misplaced', upstream: name, baseUrl, better: health.better });
    });
  };
}
