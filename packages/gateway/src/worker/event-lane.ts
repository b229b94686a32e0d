import { isLastEvent, type RunEvent } from '../protocol/run.ts';

/** The way of one run's events out of this process, in order. */
export type EventLane = {
  /** Takes an event; a promise it returns resolves when more may come. */
  readonly push: (event: RunEvent) => Promise<void> | void;
  /** Allows that many further events. */
  readonly grant: (events: number) => void;
  /** Nobody counts any more: whatever waits or comes goes out at once. */
  readonly release: () => void;
  /** Resolves when nothing waits to be sent. */
  readonly drained: () => Promise<void>;
};

/** Longest text of one event, in UTF-16 units; keeps a line far below the protocol's limit. */
const maxDeltaLength = 256 * 1024;

/** How long an event may wait for others, in a run of which only the whole answer is wanted. */
const wholePatienceMs = 50;

export type EventLaneOptions = {
  /** Events that may be sent before more is granted. */
  readonly credits: number;
  /** False where nobody sees events as they come: they go out together, in one write. */
  readonly streamed: boolean;
};

/**
 * Sends events while there is credit, one each, and holds back whoever pushes without. Text and reasoning that come in
 * one turn of the event loop, or while there is no credit, become one event.
 */
export function createEventLane(
  deliver: (event: RunEvent) => void,
  { credits, streamed }: EventLaneOptions,
): EventLane {
  const queue: RunEvent[] = [];
  let credit = credits;
  let scheduled: Disposable | null = null;
  let drained: PromiseWithResolvers<void> | null = null;

  const flush = (): void => {
    scheduled?.[Symbol.dispose]();
    scheduled = null;
    while (credit > 0) {
      const event = queue.shift();
      if (!event) break;
      credit -= 1;
      deliver(event);
    }
    if (queue.length > 0) return;
    drained?.resolve();
    drained = null;
  };

  const flushLater = (): void => {
    scheduled ??= streamed ? setImmediate(flush) : setTimeout(flush, wholePatienceMs);
  };

  const untilDrained = (): Promise<void> => {
    if (queue.length === 0) return Promise.resolve();
    drained ??= Promise.withResolvers<void>();
    return drained.promise;
  };

  const enqueue = (event: RunEvent): void => {
    const last = queue.at(-1);
    const merged = last ? merge(last, event) : null;
    if (merged) queue[queue.length - 1] = merged;
    else queue.push(event);
  };

  return {
    push(event) {
      for (const piece of isDelta(event) ? pieces(event) : [event]) enqueue(piece);
      if (isLastEvent(event) || (streamed && !isDelta(event))) flush();
      else flushLater();
      return queue.length === 0 || credit > 0 ? undefined : untilDrained();
    },
    grant(events) {
      credit += events;
      flush();
    },
    release() {
      credit = Number.POSITIVE_INFINITY;
      flush();
    },
    drained: untilDrained,
  };
}

type Delta = Extract<RunEvent, { delta: string }>;

function isDelta(event: RunEvent): event is Delta {
  return event.type === 'text' || event.type === 'reasoning';
}

function merge(first: RunEvent, second: RunEvent): RunEvent | null {
  if (!isDelta(first) || !isDelta(second) || first.type !== second.type) return null;
  const delta = first.delta + second.delta;
  return delta.length > maxDeltaLength ? null : { type: first.type, delta };
}

function pieces({ type, delta }: Delta): Delta[] {
  const cut: Delta[] = [];
  let start = 0;
  while (delta.length - start > maxDeltaLength) {
    const end = start + maxDeltaLength;
    // Never between the halves of a character.
    const isSplit = /[\uD800-\uDBFF]/.test(delta.charAt(end - 1));
    cut.push({ type, delta: delta.slice(start, isSplit ? end - 1 : end) });
    start = isSplit ? end - 1 : end;
  }
  cut.push({ type, delta: delta.slice(start) });
  return cut;
}
