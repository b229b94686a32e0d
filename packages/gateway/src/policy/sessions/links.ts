import { GatewayError } from '../../errors.ts';
import type { KeyHolder } from '../../protocol/policy.ts';
import type { KnownKeys } from '../keys/known-keys.ts';
import { hashOf } from '../keys/new-key.ts';
import type { ConsoleSession } from './session.ts';
import {
  findIn,
  holderById,
  keyEnded,
  newRecord,
  newSecret,
  type Stores,
  storeOf,
} from './session-records.ts';

/** Links that log in, once each. */
export type Links = {
  /** Makes one that logs in as the holder. */
  readonly newLink: (holder: KeyHolder, lives: LinkLife) => Promise<ConsoleLink>;
  /** Begins a session by the code of one. @throws GatewayError `key_invalid` for one that is over. */
  readonly redeem: (code: string) => Promise<ConsoleSession>;
};

/** How long a link waits: so many seconds, or as long as the gateway runs, which alone knows it then. */
export type LinkLife = { readonly seconds: number } | 'gateway';

export type ConsoleLink = {
  readonly code: string;
  /** Unix seconds; null where it waits as long as the gateway runs. */
  readonly endsAtSeconds: number | null;
};

export function createLinks({
  stores,
  known,
  nowSeconds,
  begin,
}: {
  readonly stores: Stores;
  readonly known: Pick<KnownKeys, 'stillUsable'>;
  readonly nowSeconds: () => number;
  readonly begin: (holder: KeyHolder) => Promise<ConsoleSession>;
}): Links {
  return {
    async newLink(holder, lives) {
      const code = newSecret();
      const isTimed = lives !== 'gateway';
      const record = newRecord('link', {
        secret: code,
        holder,
        seconds: isTimed ? lives.seconds : Number.POSITIVE_INFINITY,
        nowSeconds: nowSeconds(),
      });
      await (isTimed ? storeOf(stores, holder) : stores[0]).insert(record);
      return { code, endsAtSeconds: isTimed ? record.endsAtSeconds : null };
    },
    async redeem(code) {
      const hash = hashOf(code);
      const found = await findIn(stores, hash);
      // A session is left where it is: its secret is no link.
      const record = found?.record.kind === 'link' ? await found.store.take(hash) : null;
      if (!record || record.endsAtSeconds <= nowSeconds()) throw linkOver();
      const holder = holderById(known, record.keyId);
      if (!holder) throw keyEnded();
      return begin(holder);
    },
  };
}

function linkOver(): GatewayError {
  return new GatewayError(
    'key_invalid',
    'The link was used before or has expired. Run `dropgate console` for a new one.',
  );
}
