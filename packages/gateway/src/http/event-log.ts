import type { Unread } from '../protocol/unread-room.ts';

/** The events of one stream from its first on, for readers that come and go. */
export type EventLog = {
  /** Adds whole events. False, with none of them added, where there is no room for them, or was none before. */
  readonly add: (text: string) => boolean;
  /** Adds the events that a stream ends with. Where there is no room for all, those that tell a failure and the very last. */
  readonly addLast: (text: string) => void;
  readonly end: () => void;
  readonly isEnded: () => boolean;
  /** What comes next from an event on, as far as it is there; `next` is where it goes on. */
  readonly from: (index: number) => SomeEvents;
  readonly all: () => string;
  /** Resolves when there is more, or it has ended. */
  readonly changed: () => Promise<void>;
};

export type SomeEvents = { readonly text: string; readonly next: number };

const done = 'data: [DONE]';

/** Characters after which no more is given at once: each of many readers may be slow to take what it was given. */
const ENOUGH_AT_ONCE = 64 * 1024;

/** An empty log, whose bytes are held until it ends. */
export function createEventLog(unread: Unread): EventLog {
  const events: string[] = [];
  let bytes = 0;
  let isFull = false;
  let hasEnded = false;
  let change = Promise.withResolvers<void>();
  const tell = () => {
    change.resolve();
    change = Promise.withResolvers();
  };
  const take = (added: readonly string[]) => {
    for (const event of added) events.push(event);
    tell();
  };
  return {
    add(text) {
      if (isFull) return false;
      isFull = !unread.set(bytes + text.length);
      if (isFull) {
        unread.refused();
        return false;
      }
      bytes += text.length;
      take(eventsIn(text));
      return true;
    },
    addLast(text) {
      const last = eventsIn(text);
      const hasRoom = !isFull && unread.set(bytes + text.length);
      take(hasRoom ? last : last.filter((event, at) => isNeeded(event) || at === last.length - 1));
    },
    end() {
      hasEnded = true;
      unread.release();
      tell();
    },
    isEnded: () => hasEnded,
    from: (index) => someFrom(events, index),
    all: () => events.join(''),
    changed: () => (hasEnded ? Promise.resolve() : change.promise),
  };
}

/** A log that has ended: the events of a text. */
export function endedLog(text: string): Pick<EventLog, 'from' | 'changed' | 'isEnded'> {
  const all = eventsIn(text);
  return {
    from: (index) => someFrom(all, index),
    changed: () => Promise.resolve(),
    isEnded: () => true,
  };
}

/** Whether a reader learns from it what went wrong. */
function isNeeded(event: string): boolean {
  return event.startsWith('event: error\n');
}

/** Events from one of them on: at least one where there is any. */
function someFrom(events: readonly string[], index: number): SomeEvents {
  let text = '';
  let next = index;
  for (; next < events.length && text.length < ENOUGH_AT_ONCE; next += 1) text += events[next];
  return { text, next };
}

/** The events of a text, without the end of the stream. */
function eventsIn(text: string): string[] {
  return text
    .split('\n\n')
    .flatMap((event) => (event === '' || event === done ? [] : [`${event}\n\n`]));
}
