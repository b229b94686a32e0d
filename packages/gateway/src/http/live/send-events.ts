import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { EventFeed, NumberedEvent, StreamEnd } from '../../protocol/admin/events-answer.ts';
import { openStream } from '../event-stream.ts';
import { createPace } from './pace-events.ts';

/** What one viewer may be told, until its stream is over. */
export type EventView = {
  readonly shows: (event: NumberedEvent['event']) => boolean;
  /** Why the viewer is told no more; null while it is. */
  readonly whyOver: () => StreamEnd | null;
  /** Gives back its place among the open streams; may be called twice. */
  readonly close: () => void;
};

export type SendEventsOptions = {
  readonly feed: EventFeed;
  readonly view: EventView;
  /** What the viewer wants of what it may see. */
  readonly wants: (event: NumberedEvent['event']) => boolean;
  /** Id of the event that was read last; undefined for a reader that begins now. */
  readonly after: string | undefined;
  readonly keepAliveMs: number;
};

/** How often a silent stream looks whether its viewer may still read it, and what was skipped. */
const TICK_MS = 250;

/** So long what happens together is gathered. */
const GATHER_MS = 20;

/** Events that are gone through before others have their turn, and after which a reader who saw none is told its place. */
const BATCH = 250;

/** Sends events as they happen, from that after the one that was read last, until reader or gateway ends it. */
export async function sendEvents(reply: FastifyReply, options: SendEventsOptions): Promise<void> {
  const { feed, view, keepAliveMs } = options;
  reply.raw.once('close', view.close);
  const stream = openStream(reply, keepAliveMs);
  const alarm = createAlarm(reply.raw);
  const stopListening = feed.onNew(alarm.ring);
  try {
    const tell = createTeller(options);
    await stream.write(tell.hello());
    while (!reply.raw.destroyed) {
      const reason = view.whyOver();
      if (reason !== null) return stream.end(dataOf({ type: 'ended', reason }));
      const text = tell.next();
      if (text !== '') await stream.write(text);
      if (text === '' || tell.isDone()) await alarm.wait();
    }
  } finally {
    stopListening();
    view.close();
  }
}

/** Wakes a stream: a little after something happened, at each tick, and when its reader leaves. */
function createAlarm(raw: ServerResponse) {
  let ring = () => {};
  raw.once('close', () => ring());
  return {
    ring: () => ring(),
    wait: () =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, TICK_MS);
        ring = () => {
          ring = () => {};
          clearTimeout(timer);
          setTimeout(resolve, GATHER_MS);
        };
      }),
  };
}

/** Makes the text of what one reader is told next, and keeps its place. */
function createTeller({ feed, view, wants, after }: SendEventsOptions) {
  const begunAt = feed.newest();
  const pace = createPace(() => performance.now());
  let { place, missed } = placeAfter(feed, after);
  let unseen = 0;

  const withId = (text: string) => `id: ${feed.life}-${place}\n${text}`;
  const hello = () => withId(dataOf({ type: 'hello', life: feed.life, missed }));
  const skipped = (options: { readonly force: boolean }) => {
    const some = pace.skipped(options);
    return some ? withId(dataOf({ type: 'skipped', ...some })) : '';
  };
  const tell = (next: NumberedEvent): string => {
    if (!(wants(next.event) && view.shows(next.event))) {
      unseen += 1;
      return '';
    }
    // What a reader comes back for is no load: all of it was kept.
    const isLate = next.number <= begunAt;
    if (!isLate && !pace.take(next.event.type)) return '';
    unseen = 0;
    return skipped({ force: true }) + withId(`data: ${next.text()}\n\n`);
  };

  return {
    hello,
    isDone: () => place >= feed.newest(),
    next(): string {
      let text = '';
      for (let left = BATCH; left > 0 && place < feed.newest(); left -= 1) {
        const next = feed.find(place + 1);
        if (!next) {
          place = feed.newest();
          missed = true;
          return text + hello();
        }
        place = next.number;
        text += tell(next);
      }
      text += skipped({ force: false });
      if (unseen < BATCH) return text;
      unseen = 0;
      // An id alone is no event, but where its reader goes on after a break.
      return text + withId('\n');
    },
  };
}

/** Where a reader goes on, and whether what follows there is gone. */
function placeAfter(feed: EventFeed, after: string | undefined) {
  const newest = feed.newest();
  if (after === undefined) return { place: newest, missed: false };
  const [life, number = ''] = after.split('-', 2);
  const place = /^\d{1,15}$/.test(number) ? Number(number) : Number.NaN;
  const isKnown = life === feed.life && (place === newest || feed.find(place + 1) !== undefined);
  return isKnown ? { place, missed: false } : { place: newest, missed: true };
}

function dataOf(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
