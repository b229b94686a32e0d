import { ok, strictEqual } from 'node:assert/strict';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { RawAnswer } from '../acceptance/raw-http.ts';
import type { HostileGateway, Operation } from './hostile-gateway.ts';
import type { Target } from './hostile-tests.ts';
import { fromSchema } from './json-schemas.ts';
import { type Json, jsonText, mutated, mutatedBytes, oddText } from './odd-values.ts';

/** What stands for a part of a path. */
const segment = fc.oneof(
  fc.constantFrom(
    'default/echo',
    'default%2Fecho',
    'echo',
    'run_x',
    'resp_x',
    'conv_x',
    'key_x',
    'apr_x',
    'ovr_x',
    '..',
    '%2e%2e',
    '%00',
    '%ff',
    '%',
    '.',
    '',
    '*',
    '%2f',
    'x'.repeat(2000),
    '__proto__',
    'constructor',
    'default/hostile',
    '%F0%9F%99%82',
    ';',
    '%0d%0a',
  ),
  oddText.map((text) => encodeURIComponent(text.toWellFormed()).slice(0, 3000)),
);

const queryName = fc.constantFrom(
  'limit',
  'after',
  'before',
  'order',
  'agent',
  'cursor',
  'since',
  'until',
  'user',
  'key',
  'format',
  'by',
  'force',
  'include',
  'status',
  'severity',
  'outcome',
  'model',
  'starting_after',
  'stream',
  '__proto__',
  'limit[]',
);
const queryValue = fc.oneof(
  fc.constantFrom(
    '1',
    '0',
    '-1',
    '1e9',
    '99999999999999999999',
    'NaN',
    'desc',
    'asc',
    '',
    '2026-01-01',
    '9999-12-31T23:59:59.999Z',
    '-271821-04-20T00:00:00Z',
    '+275760-09-13T00:00:00.001Z',
    '0000-00-00',
    '1h',
    '999999999d',
    'eyJhIjoxfQ',
    'AAAA',
    'run_x',
    '%00',
    '%ff',
    'true',
    'default/echo',
    '*',
    'day,key,agent',
    'constructor',
  ),
  oddText.map((text) => encodeURIComponent(text.toWellFormed()).slice(0, 1000)),
);
const query = fc
  .array(fc.tuple(queryName, queryValue), { maxLength: 3 })
  .map((pairs) => (pairs.length === 0 ? '' : `?${pairs.map((pair) => pair.join('=')).join('&')}`));

const headerName = fc.constantFrom(
  'authorization',
  'idempotency-key',
  'x-agent-tool-events',
  'x-request-id',
  'x-client-request-id',
  'traceparent',
  'tracestate',
  'content-type',
  'content-encoding',
  'accept',
  'accept-encoding',
  'last-event-id',
  'origin',
  'cookie',
  'x-csrf-token',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-openwebui-user-id',
  'x-openwebui-user-email',
  'x-openwebui-user-jwt',
  'x-openwebui-chat-id',
  'user-agent',
  'if-none-match',
  'range',
  'expect',
  'host',
  'x-conversation-id',
  'access-control-request-method',
  'prefer',
  'x-console-unattended',
);
const headerValue = fc.oneof(
  fc.constantFrom(
    '',
    'x',
    'Bearer',
    'Bearer x',
    'Basic eA==',
    'Bearer eyJhbGciOiJub25lIn0.e30.',
    `Bearer ${'a.'.repeat(2000)}`,
    'Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6Il9fcHJvdG9fXyJ9.eyJpc3MiOiJ4In0.AA',
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'ff-0-0-0',
    'gzip',
    'br',
    'deflate',
    'gzip, gzip',
    'application/json; charset=utf-16',
    'text/plain',
    'multipart/form-data; boundary=x',
    'text/event-stream',
    '*/*;q=abc',
    '__proto__',
    'constructor',
    'off',
    'reasoning',
    '99999999999999999999-1',
    'x-1',
    'null',
    'http://evil',
    'dropgate_session=x; dropgate_session=y',
    'bytes=0-99999999999',
    '1.2.3.4, ::1, unknown',
    '"x',
    'x'.repeat(9000),
    'é\u0080\u00ff',
  ),
  oddText.map((text) =>
    Buffer.from(text)
      .toString('latin1')
      .replaceAll(/[^ -~\u0080-\u00ff]/g, '')
      .slice(0, 5000),
  ),
);
const headers = fc.array(fc.tuple(headerName, headerValue), { maxLength: 3 });

type Asked = {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
};

/** Packs a body as its encoding says, or not. */
const packed = fc.constantFrom<(body: Buffer) => Buffer>(
  (body) => body,
  (body) => body,
  (body) => body,
  gzipSync,
  deflateSync,
  brotliCompressSync,
  (body) => gzipSync(body).subarray(0, 15),
);

function requestOf(operation: Operation, within: object): fc.Arbitrary<Asked> {
  const right =
    operation.body === null ? fc.constant<Json>(null) : fromSchema(operation.body, within);
  const body =
    operation.body === null
      ? fc.constant(Buffer.alloc(0))
      : fc.oneof(
          { weight: 6, arbitrary: mutated(right).map((value) => Buffer.from(jsonText(value))) },
          { weight: 1, arbitrary: mutatedBytes(right.map(jsonText)) },
        );
  const parts = operation.path.split(/\{[^}]+\}|:\w+/);
  return fc
    .tuple(
      fc.array(segment, { minLength: parts.length - 1, maxLength: parts.length - 1 }),
      query,
      headers,
      body,
      packed,
      fc.constantFrom(operation.method, operation.method, operation.method, 'PATCH', 'OPTIONS'),
    )
    .map(([segments, search, sent, bytes, pack, method]) => ({
      method,
      path: parts.map((part, at) => part + (segments[at] ?? '')).join('') + search,
      headers: sent,
      body: pack(bytes),
    }));
}

/** An answer without end. */
const leftOut = /^\/admin\/events/;

/** Where the gateway is not to go on with the connection, it answers 400, 408, 431 or closes it. */
const documented = new Set([
  'overloaded',
  'agent_unavailable',
  'upstream_error',
  'identity_unavailable',
]);

export function requestTargets(gateway: () => HostileGateway): readonly Target[] {
  const asked = fc.nat(10_000).chain((at) => {
    const { operations, description } = gateway();
    const usable = operations.filter(({ path }) => !leftOut.test(path));
    const operation = usable[at % usable.length];
    if (!operation) throw new Error('The gateway describes no route.');
    return requestOf(operation, description);
  });
  return [
    {
      title: 'any request is answered as documented',
      runs: [150, 40_000],
      property: fc.asyncProperty(asked, async (request) => {
        const answer = await gateway().send(written(request, gateway().key));
        judge(request, answer);
      }),
    },
    {
      title: 'a gateway that was asked anything serves as before',
      runs: [1, 1],
      property: fc.asyncProperty(fc.constant(null), async () => {
        const { ask, faults } = gateway();
        const { status, text } = await ask('default/echo', 'still here');
        strictEqual(status, 200, text);
        strictEqual(JSON.parse(text).choices[0].message.content, 'still here');
        strictEqual(await faults(), 0);
      }),
    },
  ];
}

function judge({ method, path }: Asked, answer: RawAnswer): void {
  // A connection that is closed without a word is one that could not be understood.
  if (answer.status === null) return;
  const { status, head, body } = answer;
  ok(status >= 200, head);
  if (status < 400) return;
  const text = /\r\ntransfer-encoding: chunked/i.test(head)
    ? body.slice(body.indexOf('\r\n') + 2, body.lastIndexOf('\r\n0\r\n'))
    : body;
  const { error } = JSON.parse(Buffer.from(text, 'latin1').toString());
  ok(
    typeof error.message === 'string' && error.message !== '' && typeof error.type === 'string',
    text,
  );
  ok(error.code === null || typeof error.code === 'string', text);
  ok(/\r\nx-request-id: /i.test(head), head);
  ok(
    !/\n\s+at |\/src\/|node_modules|TypeError|RangeError|ZodError|SQLITE/.test(error.message),
    text,
  );
  ok(status < 500 || documented.has(error.code), `${method} ${path}: ${text.slice(0, 2000)}`);
}

function written({ method, path, headers, body }: Asked, key: string): Buffer {
  const given = new Map<string, string>([
    ['host', 'gateway'],
    ['authorization', `Bearer ${key}`],
    ['content-type', 'application/json'],
    ...headers.map(([name, value]) => [name, value] as const),
    ['content-length', String(body.length)],
  ]);
  const head = [...given].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${head}\r\n`, 'latin1'), body]);
}
