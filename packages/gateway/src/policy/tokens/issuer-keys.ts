import { GatewayError } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import type { Issuer } from './issuer-settings.ts';
import { type KeySet, readKeys } from './key-set.ts';
import type { ReadKeySet } from './read-key-set.ts';

/** The public keys of one issuer, as they were read last. */
export type IssuerKeys = {
  /**
   * The keys to try a signature with. They are read again where they are not of late.
   *
   * @throws GatewayError `identity_unavailable` where there are none, or none that are new enough.
   */
  readonly current: () => Promise<KeySet>;
  /**
   * The keys after one more reading, for a token whose key is not among the current ones; null where they were read
   * a moment ago, so that tokens nobody made cause no readings.
   *
   * @throws GatewayError `identity_unavailable` where it cannot be told whether there is such a key.
   */
  readonly renewed: () => Promise<KeySet | null>;
  /** Whether these are the keys that were read last. */
  readonly isCurrent: (set: KeySet) => boolean;
  /** Reads them from now on; never rejects. A reading under way may be older than what whoever asks knows of. */
  readonly refresh: () => Promise<void>;
  /** Waits for the readings that are asked for; never rejects. */
  readonly untilRead: () => Promise<void>;
};

export type IssuerKeysDeps = {
  readonly issuer: Issuer;
  readonly read: ReadKeySet;
  readonly nowSeconds: () => number;
  readonly emit: Emit;
  /** Longest time that a reading may take. Default 5 s. */
  readonly timeoutMs?: number;
  /** Called when other keys were read than before. */
  readonly changed: () => void;
};

/** Keys are looked at again after this, so that one that its issuer took back is not taken for long. */
const FRESH_SECONDS = 600;

/** Least time between two readings, whatever comes. */
const COOL_DOWN_SECONDS = 30;

const READ_TIMEOUT_MS = 5000;

/** Reads nothing before it is asked. */
export function createIssuerKeys(deps: IssuerKeysDeps): IssuerKeys {
  const { issuer, nowSeconds } = deps;
  let known: { readonly set: KeySet; readonly readAtSeconds: number } | null = null;
  let triedAtSeconds = Number.NEGATIVE_INFINITY;
  let failure: unknown = null;

  const readOnce = (signal: AbortSignal) => deps.read(issuer.keys, signal);
  const read = async () => {
    triedAtSeconds = nowSeconds();
    try {
      const set = readKeys(await within(deps.timeoutMs ?? READ_TIMEOUT_MS, readOnce));
      const before = known?.set;
      const isOther = set.text !== before?.text;
      // The same keys stay the same set: what was made of it serves on.
      known = { set: before && !isOther ? before : set, readAtSeconds: nowSeconds() };
      if (isOther || failure !== null) sayRead(deps, set);
      failure = null;
      if (isOther) deps.changed();
    } catch (error) {
      // One word about it is enough, until it is over.
      if (failure === null) sayFailed(deps, error, known?.readAtSeconds ?? null);
      failure = error;
    }
  };
  const readings = createReadings(read);
  // A clock that was set back must not make any of it last.
  const isCool = () =>
    readings.isUnderWay() || Math.abs(nowSeconds() - triedAtSeconds) >= COOL_DOWN_SECONDS;
  const ageSeconds = () =>
    known ? Math.abs(nowSeconds() - known.readAtSeconds) : Number.POSITIVE_INFINITY;

  return {
    async current() {
      if (ageSeconds() >= FRESH_SECONDS && isCool()) {
        const renewing = readings.join();
        // Nobody waits for an issuer that is away while its keys still serve.
        if (failure === null || ageSeconds() >= issuer.keysMaxAgeSeconds) await renewing;
      }
      if (known && ageSeconds() < issuer.keysMaxAgeSeconds) return known.set;
      throw unreadable(issuer, failure);
    },
    async renewed() {
      if (isCool()) await readings.join();
      else if (failure === null) return null;
      if (failure === null && known) return known.set;
      throw unreadable(issuer, failure);
    },
    isCurrent: (set) => set === known?.set,
    refresh: readings.begin,
    untilRead: readings.untilOver,
  };
}

/** One reading at a time. */
function createReadings(read: () => Promise<void>) {
  let reading: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  /** The one under way, or a new one. */
  const join = () => {
    reading ??= read().finally(() => {
      reading = null;
    });
    return reading;
  };
  return {
    join,
    /** One that begins now, or after the one under way. */
    begin() {
      if (!reading) return join();
      next ??= reading.then(() => {
        next = null;
        return join();
      });
      return next;
    },
    isUnderWay: () => reading !== null,
    async untilOver() {
      await (next ?? reading);
    },
  };
}

/** Nobody waits longer, whatever the reading waits for (a name server, a file system). */
async function within(
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<string>,
): Promise<string> {
  const signal = AbortSignal.timeout(timeoutMs);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(new Error(`It did not come within ${timeoutMs} ms.`));
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([work(signal), late]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

function sayRead({ emit, issuer }: IssuerKeysDeps, { keys }: KeySet): void {
  emit({ type: 'issuer_keys_read', issuer: issuer.name, keys: keys.length });
}

function sayFailed(
  { emit, issuer, nowSeconds }: IssuerKeysDeps,
  error: unknown,
  readAtSeconds: number | null,
): void {
  const { keysMaxAgeSeconds } = issuer;
  const left = readAtSeconds === null ? 0 : readAtSeconds + keysMaxAgeSeconds - nowSeconds();
  const leftSeconds = Math.max(0, Math.floor(left));
  emit({ type: 'issuer_keys_failed', issuer: issuer.name, leftSeconds, error });
}

function unreadable({ name }: Issuer, cause: unknown): GatewayError {
  return new GatewayError(
    'identity_unavailable',
    `The keys of the identity provider ${name} cannot be read now, so its tokens cannot be checked. Try again later.`,
    { cause, retryAfterSeconds: COOL_DOWN_SECONDS },
  );
}
