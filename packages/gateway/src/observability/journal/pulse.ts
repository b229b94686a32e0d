import { randomUUID } from 'node:crypto';
import type { Emit } from '../../events.ts';
import type { JournalStore } from '../../protocol/journal/journal.ts';

/** How often a gateway says that it lives, and looks for those that do not. */
const EVERY_MS = 10_000;

/** One that was not heard of for so long is gone; a store that is away for a while does not count. */
const SILENT_MS = 60_000;

/** What a gateway says of itself to others on its store, so that runs of one that was killed do not go on for ever. */
export type Pulse = {
  readonly gateway: string;
  /** Notes which runs were lost, now and from now on. Never throws. */
  readonly begin: () => Promise<void>;
  /** Resolves when others know of this gateway, which has to be before they know of its runs. */
  readonly isKnown: () => Promise<void>;
  /** None of its runs goes on any more. Never throws. */
  readonly end: () => Promise<void>;
};

export function createPulse({
  store,
  emit,
}: {
  readonly store: Pick<JournalStore, 'beat' | 'leave' | 'loseOfSilent'>;
  readonly emit: Emit;
}): Pulse {
  const gateway = randomUUID();
  const sinceMs = Date.now();
  let known: Promise<void> | null = null;
  let timer: NodeJS.Timeout | undefined;
  const survive = (error: unknown) => emit({ type: 'fault_survived', where: 'journal', error });
  const beat = () => store.beat({ id: gateway, sinceMs, nowMs: Date.now() });
  const look = async () => {
    try {
      if (known) await beat();
      await store.loseOfSilent(Date.now() - SILENT_MS);
    } catch (error) {
      survive(error);
    }
  };
  return {
    gateway,
    begin() {
      timer ??= setInterval(() => void look(), EVERY_MS).unref();
      return look();
    },
    isKnown() {
      known ??= beat().catch((error: unknown) => {
        known = null;
        throw error;
      });
      return known;
    },
    async end() {
      clearInterval(timer);
      if (known) await store.leave(gateway).catch(survive);
    },
  };
}
