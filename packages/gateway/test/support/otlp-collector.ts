import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

type Value = {
  readonly stringValue?: string;
  readonly intValue?: number;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
};

type Pair = { readonly key: string; readonly value: Value };

type OtlpSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Pair[];
  readonly status: { readonly code: number; readonly message?: string };
};

/** A span as it arrived, its attributes by name. */
export type ReceivedSpan = Pick<OtlpSpan, 'traceId' | 'spanId' | 'name' | 'status'> & {
  readonly parentSpanId: string | undefined;
  /** As OTLP numbers it: 1 internal, 3 client. */
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
};

/** What it does with what it is sent; `hang` answers once it becomes something else. */
export type CollectorMode = 'takes' | 'refuses' | 'hang';

/** A collector of traces, OTLP over HTTP as JSON. */
export type OtlpCollector = {
  readonly url: string;
  readonly spans: () => readonly ReceivedSpan[];
  readonly requests: () => readonly {
    readonly headers: IncomingHttpHeaders;
    readonly body: string;
  }[];
  readonly become: (mode: CollectorMode) => void;
  readonly stop: () => void;
};

export async function startCollector(): Promise<OtlpCollector> {
  const spans: ReceivedSpan[] = [];
  const requests: { headers: IncomingHttpHeaders; body: string }[] = [];
  let mode: CollectorMode = 'takes';
  let released = Promise.resolve();
  let release = () => {};
  const server = createServer(async (request, response) => {
    const body = await text(request);
    requests.push({ headers: request.headers, body });
    await released;
    if (mode === 'refuses' || request.url !== '/v1/traces') {
      response.writeHead(400).end();
      return;
    }
    spans.push(...received(body));
    response.setHeader('content-type', 'application/json').end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => spans,
    requests: () => requests,
    become(next) {
      mode = next;
      release();
      if (next !== 'hang') return;
      const held = Promise.withResolvers<void>();
      released = held.promise;
      release = held.resolve;
    },
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function received(body: string): ReceivedSpan[] {
  const { resourceSpans } = JSON.parse(body) as {
    resourceSpans: {
      resource: { attributes: Pair[] };
      scopeSpans: { spans: OtlpSpan[] }[];
    }[];
  };
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans
      .flatMap(({ spans }) => spans)
      .map(({ attributes, startTimeUnixNano, endTimeUnixNano, parentSpanId, ...span }) => ({
        ...span,
        parentSpanId: parentSpanId || undefined,
        startMs: Number(startTimeUnixNano) / 1e6,
        endMs: Number(endTimeUnixNano) / 1e6,
        attributes: byName(attributes),
        resource: byName(resource.attributes),
      })),
  );
}

function byName(pairs: readonly Pair[]): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]]));
}
