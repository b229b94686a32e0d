import type { Unread } from '../protocol/unread-room.ts';

/** The events of one stream from its first on, for readers that come and go. */
export type EventLog = {
  /** Adds whole events. False, with none of them added, where there is no room for them. */
  readonly add: (text: string) => boolean;
  readonly end: () => void;
  readonly isEnded: () => boolean;
  /** What there is of it by now, from an event on; `next` is where it goes on. */
  readonly from: (index: number) => { readonly text: string; readonly next: number };
  /** Resolves when there is more, or it has ended. */
  readonly changed: () => Promise<void>;
};

const done = 'data: [DONE]';

/** An empty log, whose bytes are held until it ends. */
export function createEventLog(unread: Unread): EventLog {
  const events: string[] = [];
  let bytes = 0;
  let hasEnded = false;
  let change = Promise.withResolvers<void>();
  const tell = () => {
    change.resolve();
    change = Promise.withResolvers();
  };
  return {
    add(text) {
      if (!unread.set(bytes + text.length)) {
        unread.refused();
        return false;
      }
      bytes += text.length;
      events.push(...eventsIn(text));
      tell();
      return true;
    },
    end() {
      hasEnded = true;
      unread.release();
      tell();
    },
    isEnded: () => hasEnded,
    from: (index) => ({ text: events.slice(index).join(''), next: Math.max(index, events.length) }),
    changed: () => (hasEnded ? Promise.resolve() : change.promise),
  };
}

/** The events of a text, without the end of the stream. */
export function eventsIn(text: string): string[] {
  return text
    .split('\n\n')
    .flatMap((event) => (event === '' || event === done ? [] : [`${event}\n\n`]));
}
