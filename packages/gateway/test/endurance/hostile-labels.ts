import { Agent, request as httpRequest } from 'node:http';
import { expect, onTestFinished } from 'vitest';
import { expectEchoAnswers } from '../acceptance/call.ts';
import { startGateway, type TestGateway } from '../acceptance/harness.ts';
import { until } from '../acceptance/until.ts';
import { hangTimeoutMs } from '../support/hang-limit.ts';
import { lookAtOpen, untilClosed, untilZero } from './at-rest.ts';
import { testEndurance } from './describe-endurance.ts';
import { createMemoryReader } from './held-memory.ts';

const MB = 2 ** 20;

/** Names at a time. */
const CONCURRENCY = 16;

/** How long one of them may take on average before a test of many gives up. */
const PATIENCE_PER_NAME_MS = 200;

/** What there is of them in any case, and what an owner’s share of each metric is in text. */
const MOST_METRICS_BYTES = 400_000;

const MOST_LINE_LENGTH = 4096;

/** Sums of usage are remembered for each user of a key, as far as they are counted apart. */
const MOST_GROWN_MB = 48;

/** A request in which somebody calls something as they like. */
type Named = {
  readonly what: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** Who asks. */
  readonly key: 'caller' | 'chat' | 'admin';
};

const message = { role: 'user', content: 'Hi' };
const asked = { model: 'default/echo', messages: [message] };
const tool = (name: string) => ({ type: 'function', function: { name, parameters: {} } });

/** What no log line, label or list may be made of as it is. */
function hostile(index: number): string {
  return `n${index}"},{x="1"}\\n\t${'é\u202e'.repeat(80)}${index}`;
}

const kinds: readonly ((index: number) => Named)[] = [
  (index) => ({ what: 'model', key: 'caller', body: { ...asked, model: hostile(index) } }),
  (index) => ({
    what: 'long model',
    key: 'caller',
    body: { ...asked, model: `d/${index}`.repeat(5000) },
  }),
  (index) => ({ what: 'user', key: 'caller', body: { ...asked, user: `user ${index} "é}` } }),
  (index) => ({ what: 'odd user', key: 'chat', body: { ...asked, user: hostile(index) } }),
  (index) => ({
    what: 'end user',
    key: 'chat',
    headers: { 'x-openwebui-user-id': `user-${index}`, 'x-openwebui-chat-id': `chat-${index}` },
    body: asked,
  }),
  (index) => ({ what: 'tool', key: 'caller', body: { ...asked, tools: [tool(`tool_${index}`)] } }),
  (index) => ({
    what: 'metadata',
    key: 'caller',
    body: { ...asked, metadata: { [`m${index}`]: 'é' } },
  }),
  (index) => ({
    what: 'headers',
    key: 'caller',
    headers: {
      'user-agent': `agent/${index} "}`,
      'x-client-request-id': `client-${index}`,
      'x-request-id': `${index}"}`,
      'idempotency-key': `again-${index}`,
      traceparent: `00-${index}`,
      origin: `https://${index}.example`,
      [`x-${index}`]: `${index}`,
    },
    body: asked,
  }),
  (index) => ({
    what: 'path',
    key: 'caller',
    method: 'GET',
    path: `/v1/models/${encodeURIComponent(hostile(index))}`,
  }),
  (index) => ({
    what: 'route',
    key: 'caller',
    method: 'GET',
    path: `/${index}/${'x'.repeat(500)}`,
  }),
  (index) => ({
    what: 'key',
    key: 'admin',
    path: '/security/keys',
    body: { role: 'caller', name: `key ${index} "é}`, limits: { tokens_per_day: 1000 } },
  }),
  (index) => ({
    what: 'key name',
    key: 'admin',
    path: '/security/keys',
    body: { role: 'caller', name: `key-${index}`, limits: { tokens_per_day: 1000 } },
  }),
];

/** Very many names, each in one request, of everything that callers may call as they like. */
export function testHostileLabels(count: number): void {
  testEndurance('TypeScript', `${count} hostile names leave metrics, log and memory bounded`, {
    timeout: hangTimeoutMs + count * PATIENCE_PER_NAME_MS,
    run: () => nameAll(count),
  });
}

async function nameAll(count: number): Promise<void> {
  const memory = await createMemoryReader();
  onTestFinished(memory.remove);
  const gateway = await startGateway({
    agents: ['Echo'],
    files: {
      'gateway.yaml':
        'worker: { spares: 0 }\nruns: { record: steps }\nsecurity: { user_limits: { requests_per_minute: 1000, tokens_per_day: 100000 } }\n',
    },
    env: { NODE_OPTIONS: memory.nodeOptions },
  });
  onTestFinished(gateway.stop);
  const keys = {
    admin: gateway.key,
    caller: await gateway.createCallerKey(),
    chat: await chatKey(gateway),
  };
  await expectEchoAnswers(gateway);
  const send = createSender(gateway, keys);
  for (const kind of kinds) await send(kind(0));
  const before = { open: await lookAtOpen(gateway), held: await memory.read(gateway.pid) };

  const statuses = new Map<string, number>();
  let next = 1;
  const sender = async () => {
    while (next <= count) {
      const index = next++;
      const kind = kinds[index % kinds.length];
      if (!kind) return;
      const named = kind(index);
      const told = `${named.what} ${await send(named)}`;
      statuses.set(told, (statuses.get(told) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, sender));
  send.close();

  expect([...statuses.keys()].toSorted()).toEqual(expectedStatuses);
  await untilZero(gateway);
  await untilClosed(gateway, before.open);
  const metrics = await (await gateway.fetch('/metrics')).text();
  const after = await memory.read(gateway.pid);
  const grownMb = (after.heldBytes - before.held.heldBytes) / MB;
  const longest = Math.max(
    ...gateway
      .logs()
      .split('\n')
      .map(({ length }) => length),
  );
  process.stdout.write(
    `${count} names: ${metrics.length} bytes of metrics, ${longest} letters in the longest line, holds ${grownMb.toFixed(1)} MB more\n`,
  );
  expect(metrics.length).toBeLessThan(MOST_METRICS_BYTES);
  expect(longest).toBeLessThan(MOST_LINE_LENGTH);
  expect(grownMb).toBeLessThan(MOST_GROWN_MB);
  await expectEchoAnswers(gateway);
  expect(gateway.logs()).not.toMatch(/fault survived|gateway_failed/);
}

const expectedStatuses = [
  'end user 200',
  'headers 200',
  'key 400',
  'key name 201',
  'long model 400',
  'metadata 200',
  'model 404',
  'odd user 400',
  'path 404',
  'route 404',
  'tool 200',
  'user 200',
];

async function chatKey(gateway: TestGateway): Promise<string> {
  const response = await gateway.fetch('/security/keys', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ role: 'caller', forwards_users: true }),
  });
  const { key } = (await response.json()) as { key: string };
  const headers = { authorization: `Bearer ${key}` };
  await until('the key to hold', async () => {
    return (await fetch(`${gateway.url}/v1/models`, { headers })).ok;
  });
  return key;
}

/** Sends what is named and gives the status. */
function createSender(gateway: TestGateway, keys: Readonly<Record<Named['key'], string>>) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
  const send = ({ method = 'POST', path = '/v1/chat/completions', ...named }: Named) => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const headers = {
      authorization: `Bearer ${keys[named.key]}`,
      ...(named.body && { 'content-type': 'application/json' }),
      ...named.headers,
    };
    httpRequest(`${gateway.url}${path}`, { agent, method, headers })
      .on('error', reject)
      .on('response', (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      })
      .end(named.body && JSON.stringify(named.body));
    return promise;
  };
  return Object.assign(send, { close: () => agent.destroy() });
}
