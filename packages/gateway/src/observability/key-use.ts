import type { Emit, GatewayEvent } from '../events.ts';
import { isOfTokens } from '../protocol/security/token-principal.ts';
import type { KeyStore } from '../protocol/store.ts';

export type KeyUseDeps = {
  readonly store: Pick<KeyStore, 'touch'>;
  readonly nowMs: () => number;
  readonly emit: Emit;
};

/** Notes in the store when keys were last used, to the minute. */
export type KeyUse = {
  readonly listener: (event: GatewayEvent) => void;
  /** Writes what is not written yet. Never throws. */
  readonly flush: () => Promise<void>;
};

/** Uses are written together, at most this late. */
const WRITE_AFTER_MS = 50;

/** Takes the end of each request as a use of its key; a key is written at most once a minute. */
export function createKeyUse({ store, nowMs, emit }: KeyUseDeps): KeyUse {
  let minute = 0;
  let noted = new Set<string>();
  let waiting = new Map<string, number>();
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    const uses = waiting;
    if (uses.size === 0) return;
    waiting = new Map();
    await store.touch(uses);
  }

  function flush(): Promise<void> {
    if (timer) clearTimeout(timer);
    timer = null;
    // What could not be written is written with the next minute's use, if there is one.
    writing = writing.then(write).catch((error: unknown) => {
      emit({ type: 'fault_survived', where: 'noting the use of keys', error });
    });
    return writing;
  }

  return {
    listener(event) {
      if (event.type !== 'request_ended' || event.keyId === null) return;
      if (isOfTokens(event.keyId)) return;
      const now = Math.floor(nowMs() / 60_000);
      if (now !== minute) noted = new Set();
      minute = now;
      if (noted.has(event.keyId)) return;
      noted.add(event.keyId);
      waiting.set(event.keyId, minute * 60);
      timer ??= setTimeout(flush, WRITE_AFTER_MS).unref();
    },
    flush,
  };
}
