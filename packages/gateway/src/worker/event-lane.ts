import { isLastEvent, type RunEvent } from '../protocol/run.ts';
import { maxCharsAhead } from '../protocol/worker/messages.ts';

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
  /** Shared by lanes, so that what goes out of several of them leaves in one write. */
  readonly atTurnEnd: TurnEnd;
};

/** Calls back once, when the present turn of the event loop is over. */
export type TurnEnd = (callback: () => void) => void;

/** Calls all back in one tick. */
export function createTurnEnd(): TurnEnd {
  let waiting: (() => void)[] = [];
  const callAll = (): void => {
    const callbacks = waiting;
    waiting = [];
    for (const callback of callbacks) callback();
  };
  return (callback) => {
    if (waiting.length === 0) setImmediate(callAll);
    waiting.push(callback);
  };
}

/**
 * Sends events while there is credit, one each, and not too much text beyond it; holds back whoever pushes without. Text
 * and reasoning that come in one turn of the event loop, or while there is no credit, become one event.
 */
export function createEventLane(
  deliver: (event: RunEvent) => void,
  { credits, streamed, atTurnEnd }: EventLaneOptions,
): EventLane {
  const queue: Waiting[] = [];
  const credit = createCredit(credits);
  let isDue = false;
  let timer: NodeJS.Timeout | undefined;
  let drained: PromiseWithResolvers<void> | null = null;

  const flush = (): void => {
    isDue = false;
    clearTimeout(timer);
    while (credit.isLeft()) {
      const waiting = queue.shift();
      if (!waiting) break;
      credit.spend(waiting.event);
      deliver(told(waiting));
    }
    if (queue.length > 0) return;
    drained?.resolve();
    drained = null;
  };

  const flushIfDue = (): void => {
    if (isDue) flush();
  };

  const flushLater = (): void => {
    if (isDue) return;
    isDue = true;
    if (streamed) atTurnEnd(flushIfDue);
    else timer = setTimeout(flush, wholePatienceMs);
  };

  const untilDrained = (): Promise<void> => {
    if (queue.length === 0) return Promise.resolve();
    drained ??= Promise.withResolvers<void>();
    return drained.promise;
  };

  return {
    push(event) {
      for (const piece of isDelta(event) ? pieces(event) : [event]) enqueue(queue, piece);
      if (isLastEvent(event) || (streamed && !isDelta(event))) flush();
      else flushLater();
      return queue.length === 0 || credit.isLeft() ? undefined : untilDrained();
    },
    grant(events) {
      credit.grant(events);
      flush();
    },
    release() {
      credit.release();
      flush();
    },
    drained: untilDrained,
  };
}

/** What may be sent: so many events, and so much text ahead of those that were credited, in the order in which they went. */
function createCredit(given: number) {
  const lengths: number[] = [];
  let events = given;
  let charsAhead = 0;
  return {
    isLeft: () => events > 0 && charsAhead < maxCharsAhead,
    spend(event: RunEvent): void {
      events -= 1;
      if (events === Number.POSITIVE_INFINITY) return;
      lengths.push(charsOf(event));
      charsAhead += charsOf(event);
    },
    grant(count: number): void {
      events += count;
      for (const length of lengths.splice(0, count)) charsAhead -= length;
    },
    release(): void {
      events = Number.POSITIVE_INFINITY;
      charsAhead = 0;
      lengths.length = 0;
    },
  };
}

function charsOf(event: RunEvent): number {
  return isDelta(event) ? event.delta.length : 0;
}

type Waiting = { readonly event: RunEvent; readonly sinceMs: number };

/** Shorter waits are not worth telling. */
const leastToldMs = 1;

/** What is timed by its arrival says how long it waited. */
function told({ event, sinceMs }: Waiting): RunEvent {
  if (isDelta(event) || isLastEvent(event)) return event;
  const agoMs = Math.round((performance.now() - sinceMs) * 10) / 10;
  return agoMs < leastToldMs ? event : { ...event, agoMs };
}

type Delta = Extract<RunEvent, { delta: string }>;

function isDelta(event: RunEvent): event is Delta {
  return event.type === 'text' || event.type === 'reasoning';
}

function enqueue(queue: Waiting[], event: RunEvent): void {
  const last = queue.at(-1);
  const merged = last ? merge(last.event, event) : null;
  if (last && merged) queue[queue.length - 1] = { event: merged, sinceMs: last.sinceMs };
  else queue.push({ event, sinceMs: performance.now() });
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
