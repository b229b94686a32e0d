import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** How long a connection has to outlive its stream until that counts as read: a peer that was cut off ends it at once. */
const READ_AFTER_MS = 10_000;

/** Makes a repeat of the stream a first request. */
type Forget = () => Promise<void>;

type Sent = {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Of the request that it answers. */
  readonly id: string;
};

/** Knows which streams were read to their end: a repeat of those is a new request. */
export type ReadStreams = {
  /** Forgets a stream once it is known to be read to its end. What throws leaves it known. */
  readonly onceRead: (sent: Sent, forget: Forget) => void;
  /** What forgets the stream of that id, where it was the last answer of this connection, which so has read it. */
  readonly streamReadOn: (socket: Socket, id: string) => Forget | undefined;
};

/** @param readAfterMs - How long a connection has to outlive its stream. */
export function createReadStreams(readAfterMs = READ_AFTER_MS): ReadStreams {
  const lastOn = new WeakMap<Socket, { readonly id: string; readonly forget: Forget }>();
  return {
    onceRead({ request, reply, id }, forget) {
      // What stands in between may have read it all, and its own caller not.
      if (isPassedOn(request)) return;
      const { socket } = request.raw;
      reply.raw.once('finish', () => {
        const forgetOnce = async () => {
          if (lastOn.get(socket)?.forget !== forgetOnce) return;
          lastOn.delete(socket);
          await forget().catch(() => undefined);
        };
        lastOn.set(socket, { id, forget: forgetOnce });
        const isOpen = () => !socket.destroyed && socket.readable && socket.writable;
        setTimeout(() => isOpen() && void forgetOnce(), readAfterMs).unref();
      });
    },
    streamReadOn(socket, id) {
      const last = lastOn.get(socket);
      return last?.id === id ? last.forget : undefined;
    },
  };
}

function isPassedOn({ raw: { headers, httpVersion } }: FastifyRequest): boolean {
  const names = ['x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'forwarded', 'via'];
  return httpVersion !== '1.1' || names.some((name) => headers[name] !== undefined);
}
