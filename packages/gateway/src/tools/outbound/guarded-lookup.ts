import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { MayConnect } from './address-rules.ts';
import { closedAddress } from './check-url.ts';

/** Looks a name up: every address that it has. */
export type LookupAll = (host: string) => Promise<readonly LookupAddress[]>;

/** As the system does it. */
export const systemLookupAll: LookupAll = (host) =>
  new Promise((resolve, reject) => {
    systemLookup(host, { all: true }, (error, addresses) =>
      error ? reject(error) : resolve(addresses),
    );
  });

/**
 * The addresses of a host.
 *
 * @throws OutboundError where one of them may not be connected to: a name that has such an address too is no mistake of
 *   its server, and the next answer may have that one alone.
 */
export async function checkedAddresses(
  host: string,
  { lookupAll, mayConnect }: { readonly lookupAll: LookupAll; readonly mayConnect: MayConnect },
): Promise<readonly LookupAddress[]> {
  const addresses = await lookupAll(host);
  if (!addresses.every(({ address }) => mayConnect(address))) throw closedAddress(host);
  return addresses;
}

/** For the connections of one tool: what is connected to is what was checked, whatever the name says a moment later. */
export function guardedLookup(deps: {
  readonly lookupAll: LookupAll;
  readonly mayConnect: MayConnect;
}): LookupFunction {
  return (host, options, callback) => {
    checkedAddresses(host, deps).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all) callback(null, [...addresses]);
        else callback(null, first?.address ?? '', first?.family ?? 0);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}
