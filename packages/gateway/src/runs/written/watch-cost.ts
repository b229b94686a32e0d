import type { GatewayEvent } from '../../events.ts';

/** Tells of everything that happens, until the returned function is called. */
export type Listen = (listener: (event: GatewayEvent) => void) => () => void;

/** What the model calls of a run cost. */
export type CostWatch = {
  /** In thousand-millionths of a US dollar; null where the price of one is not known. Watches no longer. */
  readonly end: () => number | null;
};

/** Sums what the model calls of a run cost, from now on. */
export function watchCost(listen: Listen, runId: string): CostWatch {
  let sum: number | null = 0;
  const stop = listen((event) => {
    if (event.type !== 'model_called' || event.runId !== runId) return;
    sum = sum === null || event.costNanoUsd === null ? null : sum + event.costNanoUsd;
  });
  return {
    end() {
      stop();
      return sum;
    },
  };
}
