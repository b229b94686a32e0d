import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { GatewayError } from '../errors.ts';
import { isLastEvent, type RunEvent } from '../protocol/run.ts';
import type { Run } from '../runs/begin-run.ts';

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
  /** Called with what was thrown where only events were expected. */
  readonly onStranger: (thrown: unknown) => void;
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
 * failure is told in the stream. A slow reader slows the run down. Resolves when the run is over.
 */
export async function sendEventStream(
  reply: FastifyReply,
  run: Run,
  options: EventStreamOptions,
): Promise<void> {
  const { format } = options;
  begin(reply);
  const writer = createWriter(reply.raw, options.keepAliveMs);
  void writer.write(format.start());
  try {
    await pump(run, format, writer);
  } catch (thrown) {
    options.onStranger(thrown);
    writer.end(format.fail(GatewayError.from(thrown)));
  }
}

/** By hand: a hijacked reply goes through no hook. */
function begin(reply: FastifyReply): void {
  reply.headers(streamHeaders).hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.raw.writeHead(200);
}

/** Reads on after the reader has left, until the run has said how it ended: its usage is booked then. */
async function pump(run: Run, format: StreamFormat, writer: Writer): Promise<void> {
  for await (const event of run.events) {
    const text = format.encode(event);
    if (isLastEvent(event)) {
      writer.end(text);
      return;
    }
    if (text === '') continue;
    const drained = writer.write(text);
    if (drained) await drained;
  }
  writer.end(format.fail(new GatewayError('run_failed', 'The run ended without an answer.')));
}

type Writer = {
  /** A promise where the reader is behind: of the moment it has caught up or left. */
  readonly write: (text: string) => Promise<void> | null;
  readonly end: (text: string) => void;
};

function createWriter(raw: ServerResponse, keepAliveMs: number): Writer {
  const keepAlive = setTimeout(() => {
    if (!raw.writableNeedDrain) raw.write(': keep-alive\n\n');
    keepAlive.refresh();
  }, keepAliveMs);
  raw.once('close', () => clearTimeout(keepAlive));
  return {
    write(text) {
      if (raw.writableEnded || raw.destroyed) return null;
      keepAlive.refresh();
      return raw.write(text) ? null : caughtUp(raw);
    },
    end(text) {
      clearTimeout(keepAlive);
      if (!raw.writableEnded && !raw.destroyed) raw.end(text);
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
