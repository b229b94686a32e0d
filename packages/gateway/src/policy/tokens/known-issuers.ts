import { isDeepStrictEqual } from 'node:util';
import { createIssuerKeys, type IssuerKeysDeps } from './issuer-keys.ts';
import type { Issuer } from './issuer-settings.ts';
import type { KnownIssuer } from './verify-token.ts';

/** The issuers of the settings, with their keys. */
export type KnownIssuers = {
  readonly all: () => readonly KnownIssuer[];
  /** By `iss`. */
  readonly of: (iss: string) => KnownIssuer | undefined;
  readonly named: (name: string) => KnownIssuer | undefined;
  /**
   * Takes those of new settings, and reads the keys of all again: who asks for that may know of one that leaked.
   *
   * @returns Whether they are others than before.
   */
  readonly replace: (issuers: readonly Issuer[]) => boolean;
};

/** Reads no keys before it is asked. */
export function createKnownIssuers(
  first: readonly Issuer[],
  deps: Omit<IssuerKeysDeps, 'issuer'>,
): KnownIssuers {
  const keysOf = (issuer: Issuer) => createIssuerKeys({ ...deps, issuer });
  const join = (settings: Issuer): KnownIssuer => ({ settings, keys: keysOf(settings) });
  let known: readonly KnownIssuer[] = first.map(join);
  const settingsOf = () => known.map(({ settings }) => settings);

  return {
    all: () => known,
    of: (iss) => known.find(({ settings }) => settings.issuer === iss),
    named: (name) => known.find(({ settings }) => settings.name === name),
    replace(issuers) {
      const before = known;
      const isSame = isDeepStrictEqual(issuers, settingsOf());
      known = issuers.map((settings) => {
        const kept = before.find((each) => hasSameKeys(each.settings, settings));
        return kept ? { settings, keys: kept.keys } : join(settings);
      });
      for (const { keys } of known) void keys.refresh();
      return !isSame;
    },
  };
}

/** Whether keys that were read for the one serve the other, also while they cannot be read again. */
function hasSameKeys(one: Issuer, other: Issuer): boolean {
  const readingOf = ({ name, keys, keysMaxAgeSeconds }: Issuer) => [name, keys, keysMaxAgeSeconds];
  return isDeepStrictEqual(readingOf(one), readingOf(other));
}
