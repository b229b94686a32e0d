import type { Emit } from '../../events.ts';
import type { Settlement, SpendingStore } from '../../protocol/store.ts';

/** Bookings on their way to the store. */
export type Settlements = {
  /** Books it now, or as soon as the store is back. */
  readonly add: (settlement: Settlement) => void;
  /** Tries once more to book what is left; resolves when nothing is under way. */
  readonly close: () => Promise<void>;
};

const RETRY_MS = 1000;
/** So many calls can end while the store is away before the oldest are forgotten. */
const MOST_WAITING = 10_000;

/** Keeps what the store did not take and tries again, so that an outage gives no tokens away. */
export function createSettlements(settle: SpendingStore['settle'], emit: Emit): Settlements {
  const underWay = new Set<Promise<void>>();
  let waiting: Settlement[] = [];
  let timer: NodeJS.Timeout | null = null;
  let isClosed = false;

  const book = (settlement: Settlement) => {
    const booking = settle(settlement).catch((error: unknown) => keep(settlement, error));
    underWay.add(booking);
    void booking.finally(() => underWay.delete(booking));
  };

  const keep = (settlement: Settlement, error: unknown) => {
    if (waiting.length === 0) emit({ type: 'fault_survived', where: 'booking tokens', error });
    waiting.push(settlement);
    if (waiting.length > MOST_WAITING) waiting.shift();
    if (!isClosed) timer ??= setTimeout(bookAgain, RETRY_MS).unref();
  };

  const bookAgain = () => {
    timer = null;
    const again = waiting;
    waiting = [];
    for (const settlement of again) book(settlement);
  };

  return {
    add: book,
    async close() {
      isClosed = true;
      if (timer) clearTimeout(timer);
      bookAgain();
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
