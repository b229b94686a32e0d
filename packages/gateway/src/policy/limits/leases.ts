import type { Emit } from '../../events.ts';

/** What is set aside for calls that go on. */
export type Leases = {
  readonly add: (reservationId: string) => void;
  readonly remove: (reservationId: string) => void;
  readonly close: () => void;
};

/**
 * Renews what is set aside for as long as its call goes on: a call may take longer than a gateway that was killed
 * keeps tokens from others.
 */
export function createLeases(deps: {
  readonly renew: (reservationIds: readonly string[]) => Promise<void>;
  readonly everyMs: number;
  readonly emit: Emit;
}): Leases {
  const going = new Set<string>();
  let timer: NodeJS.Timeout | null = null;

  const renewAll = () => {
    if (going.size === 0) stop();
    else void deps.renew([...going]).catch(told);
  };
  const told = (error: unknown) => {
    deps.emit({ type: 'fault_survived', where: 'keeping tokens set aside', error });
  };
  const stop = () => {
    if (timer) clearInterval(timer);
    timer = null;
  };

  return {
    add(reservationId) {
      going.add(reservationId);
      timer ??= setInterval(renewAll, deps.everyMs).unref();
    },
    remove: (reservationId) => void going.delete(reservationId),
    close: stop,
  };
}
