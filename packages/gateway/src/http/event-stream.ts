import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { GatewayError } from '../errors.ts';
import { isLastEvent, type RunEvent } from '../protocol/run.ts';
import type { Run } from '../runs/run.ts';
import type { EventLog } from './event-log.ts';

/** How one dialect writes a run as server-sent events. Every text is complete events, or empty. */
export type StreamFormat = {
  /** What is sent before the run says anything. */
  readonly start: () => string;
  /** The last event of a run includes the end of the stream. */
  readonly encode: (event: RunEvent) => string;
  /** A failure and the end of the stream. */
  readonly fail: (error: GatewayError) => string;
};

export type EventStreamOptions = {
  readonly format: StreamFormat;
  readonly keepAliveMs: number;
  /** Waited for before the end is sent; what it rejects with is told in its place. */
  readonly beforeEnd?: () => Promise<void>;
  /** Called with what was thrown where only events were expected; a failure with a name only where it has a cause. */
  readonly onFault: (thrown: unknown) => void;
};

const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
  connection: 'keep-alive',
};

/** How long a reader may take nothing at all before it counts as gone. */
const readerPatienceMs = 300_000;

/**
 * Sends a run as an event stream: headers and the first event at once, whatever the run does. From here on every
 * failure is told in the stream. A slow reader slows the run down.
 */
export function sendEventStream(
  reply: FastifyReply,
  run: Pick<Run, 'sendTo' | 'cancel'>,
  { format, keepAliveMs, beforeEnd, onFault }: EventStreamOptions,
): void {
  begin(reply);
  const writer = createWriter(reply.raw, keepAliveMs);
  void writer.write(format.start());
  run.sendTo({
    write(event) {
      try {
        const text = format.encode(event);
        if (!isLastEvent(event)) return text === '' ? null : writer.write(text);
        if (beforeEnd) return endAfter(beforeEnd(), text);
        writer.end(text);
      } catch (thrown) {
        if (isFault(thrown)) onFault(thrown);
        run.cancel('its answer cannot be written');
        const text = format.fail(GatewayError.from(thrown));
        if (beforeEnd) return endAfter(beforeEnd(), text);
        writer.end(text);
      }
      return null;
    },
  });

  async function endAfter(before: Promise<void>, text: string): Promise<void> {
    try {
      await before;
      writer.end(text);
    } catch (thrown) {
      if (isFault(thrown)) onFault(thrown);
      writer.end(format.fail(GatewayError.from(thrown)));
    }
  }
}

/** Whether the log has to tell of it: a caller is told nothing of what is behind it. */
export function isFault(thrown: unknown): boolean {
  return !(thrown instanceof GatewayError) || thrown.cause !== undefined;
}

/** Sends the events of a log from one of them on, to the end of the stream. A reader that leaves is no longer sent any. */
export async function sendEventLog(
  reply: FastifyReply,
  log: Pick<EventLog, 'from' | 'changed' | 'isEnded'>,
  { from, keepAliveMs }: { readonly from: number; readonly keepAliveMs: number },
): Promise<void> {
  begin(reply);
  const writer = createWriter(reply.raw, keepAliveMs);
  let index = from;
  while (!reply.raw.destroyed) {
    const changed = log.changed();
    const isOver = log.isEnded();
    const { text, next } = log.from(index);
    index = next;
    if (text !== '') await writer.write(text);
    else if (isOver) return writer.end('data: [DONE]\n\n');
    else await changed;
  }
}

/** Begins a stream of whatever else is told as it happens. */
export function openStream(reply: FastifyReply, keepAliveMs: number): StreamWriter {
  begin(reply);
  return createWriter(reply.raw, keepAliveMs);
}

/** By hand: a hijacked reply goes through no hook. */
function begin(reply: FastifyReply): void {
  reply.headers(streamHeaders).hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.raw.writeHead(200);
}

/** Writes whole events to a reader. */
export type StreamWriter = {
  /** A promise where the reader is behind: of the moment it has caught up or left. */
  readonly write: (text: string) => Promise<void> | null;
  readonly end: (text: string) => void;
};

/** Writes what comes in one turn of the event loop at once: a chunk costs more than the few words in it. */
function createWriter(raw: ServerResponse, keepAliveMs: number): StreamWriter {
  let gathered = '';
  const keepAlive = setTimeout(() => {
    if (!raw.writableNeedDrain) raw.write(': keep-alive\n\n');
    keepAlive.refresh();
  }, keepAliveMs);
  raw.once('close', () => clearTimeout(keepAlive));
  const flush = () => {
    if (gathered === '' || raw.writableEnded || raw.destroyed) return;
    keepAlive.refresh();
    raw.write(gathered);
    gathered = '';
  };
  return {
    write(text) {
      if (raw.writableEnded || raw.destroyed) return null;
      if (gathered === '') process.nextTick(flush);
      gathered += text;
      if (gathered.length >= raw.writableHighWaterMark) flush();
      return raw.writableNeedDrain ? caughtUp(raw) : null;
    },
    end(text) {
      clearTimeout(keepAlive);
      if (!raw.writableEnded && !raw.destroyed) raw.end(gathered + text);
      gathered = '';
    },
  };
}

function caughtUp(raw: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const patience = setTimeout(() => raw.destroy(), readerPatienceMs);
    const done = () => {
      clearTimeout(patience);
      raw.off('drain', done).off('close', done);
      resolve();
    };
    raw.once('drain', done).once('close', done);
  });
}
