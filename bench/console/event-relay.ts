import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server in front of a gateway that passes all on, but tells events of its own. */
export type EventRelay = {
  readonly url: string;
  /** Tells the page that began to read last so many events, as fast as it reads. */
  readonly tell: (count: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Starts it on loopback. */
export async function startEventRelay(gatewayUrl: string): Promise<EventRelay> {
  let reader: ServerResponse | null = null;
  const server = createServer((incoming, outgoing) => {
    if (incoming.method === 'GET' && incoming.url?.startsWith('/admin/events')) {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      outgoing.write('id: bench-0\ndata: {"type":"hello","life":"bench","missed":false}\n\n');
      reader = outgoing;
    } else {
      pass(gatewayUrl, incoming, outgoing);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async tell(count) {
      const outgoing = reader;
      if (!outgoing) throw new Error('No page reads the events.');
      for (let index = 1; index <= count; index += 1) {
        const isRead = outgoing.write(
          `id: bench-${index}\ndata: ${JSON.stringify(eventOf(index))}\n\n`,
        );
        if (!isRead) await once(outgoing, 'drain');
      }
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function eventOf(index: number) {
  const at = new Date().toISOString();
  const run = { run_id: `run_${index >> 1}`, agent_id: 'default/bench', key_id: 'key_bench' };
  return index % 2 === 0
    ? { type: 'run_started', at, ...run, request_id: `req_${index}` }
    : { type: 'run_ended', at, ...run, outcome: 'finished', code: null, duration_ms: 12 };
}

/** The page says whose it is by its address, which is the relay's, so the gateway hears that name too. */
function pass(gatewayUrl: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const onward = request(
    new URL(incoming.url ?? '/', gatewayUrl),
    { method: incoming.method, headers: incoming.headers },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    },
  );
  onward.on('error', () => outgoing.destroy());
  incoming.pipe(onward);
}
