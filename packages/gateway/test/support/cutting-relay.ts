import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Where the first connection is cut: once so many bytes of what is asked, or of what is answered, were passed on. */
export type Cut = { readonly of: 'request' | 'response'; readonly afterBytes: number };

export type CuttingRelay = {
  readonly port: number;
  /** Bytes that were passed on of answers. */
  readonly answeredBytes: () => number;
  readonly close: () => void;
};

/** Passes on what comes to a port of its own on 127.0.0.1, and cuts the first connection; null cuts none. */
export async function startCuttingRelay(
  to: { readonly host: string; readonly port: number },
  cut: Cut | null,
): Promise<CuttingRelay> {
  const sockets = new Set<Socket>();
  let isFirst = cut !== null;
  let answered = 0;
  const server = createServer((near) => {
    const far = connect(to);
    const here = isFirst ? cut : null;
    isFirst = false;
    const end = () => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    pass(near, far, { most: here?.of === 'request' ? here.afterBytes : null, end });
    pass(far, near, {
      most: here?.of === 'response' ? here.afterBytes : null,
      end,
      onBytes: (count) => {
        answered += count;
      },
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    answeredBytes: () => answered,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

type Way = {
  /** Bytes after which it ends; null for never. */
  readonly most: number | null;
  readonly end: () => void;
  readonly onBytes?: (count: number) => void;
};

function pass(from: Socket, to: Socket, { most, end, onBytes }: Way): void {
  let passed = 0;
  from.on('data', (bytes: Buffer) => {
    const left = most === null ? bytes.length : most - passed;
    const some = bytes.subarray(0, left);
    passed += some.length;
    onBytes?.(some.length);
    if (most === null || passed < most) to.write(some);
    else if (some.length > 0) to.write(some, end);
    else end();
  });
}
