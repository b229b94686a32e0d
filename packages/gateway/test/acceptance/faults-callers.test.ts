import { readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectEchoAnswers, expectNoInsides, logOf, post, watchCancelled } from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { processesIn } from './processes.ts';
import { until } from './until.ts';
import { startUpstream, type TestUpstream } from './upstream.ts';

/** An agent whose tool waits until it is told to stop, and one whose tool does not listen. */
const toolAgent = (deed: string) => `import { writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { Agent, tool } from '@openai/agents';
import { z } from 'zod';
const act = tool({
  name: 'act', description: 'Acts.', parameters: z.object({}),
  async execute(_input, _context, details) {
    writeFileSync('../../../tool-began.txt', '');
    ${deed}
    return 'Done.';
  },
});
export const agent = new Agent({ name: 'Actor', model: 'gpt-5', tools: [act] });
`;

const modelAgent = `import { Agent } from '@openai/agents';
export const agent = new Agent({ name: 'Talker', model: 'gpt-5' });
`;

/** Says more than any buffer holds, and writes down how much it got rid of. */
const flood = `import { renameSync, writeFileSync } from 'node:fs';
export const agent = {
  async *run({ signal }) {
    let said = 0;
    try {
      for (; !signal.aborted; said += 1) {
        yield 'x'.repeat(1 << 16);
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      writeFileSync('../../../said.tmp', String(said));
      renameSync('../../../said.tmp', '../../../said.txt');
    }
  },
};
`;

let gateway: TestGateway;
let upstream: TestUpstream;
let callerKey: string;

beforeAll(async () => {
  upstream = await startUpstream();
  upstream.mock.on(
    { userMessage: 'Act', hasToolResult: false },
    { toolCalls: [{ name: 'act', arguments: '{}' }] },
  );
  upstream.mock.on({ userMessage: 'Act', hasToolResult: true }, { content: 'Acted.' });
  const slow = { latency: 50, chunkSize: 6 };
  upstream.mock.onMessage('A long story', { content: 'Once upon a time. '.repeat(400) }, slow);
  upstream.mock.onMessage('Think', { content: 'Hm.' }, { chaos: { latencyMs: 30_000 } });
  gateway = await startGateway({
    agents: ['Echo'],
    files: {
      'src/agents/Thinks/agent.ts': modelAgent,
      'src/agents/Tells/agent.ts': modelAgent,
      'src/agents/Listens/agent.ts': toolAgent(
        "await once(details.signal, 'abort'); writeFileSync('../../../tool-stopped.txt', '');",
      ),
      'src/agents/Ignores/agent.ts': toolAgent('await new Promise(() => {});'),
      'src/agents/Floods/agent.ts': flood,
    },
    env: { OPENAI_API_KEY: 'sk-real', OPENAI_BASE_URL: upstream.baseUrl },
  });
  callerKey = await gateway.createCallerKey();
});
afterAll(async () => {
  await gateway?.stop();
  await upstream?.stop();
});

const question = (model: string, content: string, stream = false) =>
  JSON.stringify({ model, stream, messages: [{ role: 'user', content }] });
const exists = (name: string) =>
  readFile(join(gateway.project.root, name)).then(
    () => true,
    () => false,
  );

describe.each([{ stream: false }, { stream: true }])('a caller (stream: $stream)', ({ stream }) => {
  test('that leaves before the first token ends the model call', async () => {
    const untilCancelled = watchCancelled(gateway, 'default/thinks');
    const abort = new AbortController();
    const content = `Think, stream ${stream}`;
    const body = question('default/thinks', content, stream);
    const left = post(gateway, callerKey, body, abort.signal).then((response) => response.text());
    const call = await until('the model call', () => upstream.callsAbout(content)[0]);
    abort.abort();
    await expect(left).rejects.toThrow(/abort/);
    await call.ended;
    expect(call.outcome).toBe('aborted');
    await untilCancelled();
    expect(upstream.callsAbout(content).length).toBe(1);
    await expectEchoAnswers(gateway);
  });

  test.each([
    { what: 'that listens', agent: 'default/listens' },
    { what: 'that does not listen', agent: 'default/ignores' },
  ])('that leaves during a tool $what ends the run', async ({ agent }) => {
    await rm(join(gateway.project.root, 'tool-began.txt'), { force: true });
    const untilCancelled = watchCancelled(gateway, agent);
    const abort = new AbortController();
    const content = `Act for ${agent}, stream ${stream}`;
    const body = question(agent, content, stream);
    const left = post(gateway, callerKey, body, abort.signal).then((response) => response.text());
    await until('the tool to begin', () => exists('tool-began.txt'));
    abort.abort();
    await expect(left).rejects.toThrow(/abort/);
    await untilCancelled();
    if (agent === 'default/listens') await until('the tool', () => exists('tool-stopped.txt'));
    expect(upstream.callsAbout(content).length).toBe(1);
    await expectEchoAnswers(gateway);
  });
});

test('a caller that leaves mid-stream ends the model call and the run', async () => {
  const untilCancelled = watchCancelled(gateway, 'default/tells');
  const abort = new AbortController();
  const body = question('default/tells', 'A long story', true);
  const response = await post(gateway, callerKey, body, abort.signal);
  const decoder = new TextDecoder();
  let text = '';
  await expect(async () => {
    for await (const piece of response.body ?? []) {
      text += decoder.decode(piece, { stream: true });
      if (/"content":"[^"]/.test(text)) abort.abort();
    }
  }).rejects.toThrow(/abort/);
  const [call] = upstream.callsAbout('A long story');
  await call?.ended;
  expect(call?.outcome).toBe('aborted');
  await untilCancelled();
  expect(upstream.callsAbout('A long story').length).toBe(1);
  await expectEchoAnswers(gateway);
});

test('a reader that stops reading holds up its own run and nobody else', async () => {
  const reader = await stuckReader(question('default/floods', 'Go', true));
  for (let count = 0; count < 8; count += 1) await expectEchoAnswers(gateway);
  // Its own process serves others, too.
  const other = await stuckReader(question('default/floods', 'Go', true));
  other.leave();
  await saidWhenStopped();
  reader.leave();
  // As many as there are credits, and what the buffers on the way hold: 64 KiB each.
  expect(await saidWhenStopped()).toBeLessThan(1000);
});

/** What the flooding agent has written once it was told to stop, and no longer than until then. */
async function saidWhenStopped(): Promise<number> {
  const file = join(gateway.project.root, 'said.txt');
  const said = await until('the agent to be told', () => readFile(file, 'utf8').catch(() => null));
  await rm(file);
  return Number(said);
}

/** Asks, reads the head and the first bytes, and then nothing more. */
function stuckReader(body: string): Promise<{ leave(): void }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(gateway.url);
    const headers = { authorization: `Bearer ${callerKey}`, 'content-type': 'application/json' };
    const path = '/v1/chat/completions';
    const asked = request({ hostname, port, path, method: 'POST', headers }, (response) => {
      response.once('data', () => {
        response.pause();
        resolve({ leave: () => asked.destroy() });
      });
    });
    asked.on('error', reject).end(body);
  });
}

describe('a request', () => {
  const model = '"model":"default/echo"';
  const messages = '"messages":[{"role":"user","content":"Hi"}]';
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  const cases = [
    { what: 'that is no JSON', body: '{"model":', status: 400, code: 'invalid_json' },
    { what: 'that is empty', body: '', status: 400, code: null },
    { what: 'that is a list', body: '[]', status: 400, code: null },
    {
      what: 'with a number as a model',
      body: `{"model":7,${messages}}`,
      status: 400,
      code: 'invalid_type',
      param: 'model',
    },
    {
      what: 'without messages',
      body: `{${model}}`,
      status: 400,
      code: 'missing_required_parameter',
      param: 'messages',
    },
    {
      what: 'with a number as content',
      body: `{${model},"messages":[{"role":"user","content":7}]}`,
      status: 400,
      code: 'invalid_type',
      param: 'messages[0].content',
    },
    {
      what: 'with a text where a flag belongs',
      body: `{${model},${messages},"stream":"yes"}`,
      status: 400,
      code: 'invalid_type',
      param: 'stream',
    },
    {
      what: 'for an unknown model',
      body: `{"model":"default/gone",${messages}}`,
      status: 404,
      code: 'model_not_found',
      param: 'model',
    },
    {
      what: 'of 33 MiB',
      body: `{${model},${messages},"user":"${'x'.repeat(33 << 20)}"}`,
      status: 413,
      code: 'request_too_large',
    },
    {
      what: 'nested 20,000 deep',
      body: `{${model},${messages},"x":${deep}}`,
      status: 400,
      code: 'invalid_json',
    },
    {
      what: 'with 20,000 levels of metadata',
      body: `{${model},${messages},"metadata":${deep.replaceAll('[', '{"a":').replaceAll(']', '}').replace(':}', ':1}')}}`,
      status: 400,
      code: 'invalid_json',
    },
  ];

  test.each(cases)('$what is $status $code', async ({ body, status, code, param }) => {
    const response = await post(gateway, callerKey, body);
    const text = await response.text();
    const { error } = JSON.parse(text) as { error: { code: string; param: string | null } };
    expect([response.status, error.code, error.param]).toEqual([status, code, param ?? null]);
    expect(response.headers.get('x-request-id')).toEqual(expect.any(String));
    expectNoInsides(text);
    await expectEchoAnswers(gateway);
  });
});

test('none of them is taken for a fault of the gateway, and it ends with nothing left running', async () => {
  expect(gateway.logs()).not.toMatch(/fault survived|request failed: gateway_failed/);
  expect(logOf(gateway, 'default/echo').join('\n')).not.toContain('worker ended: ');
  expect(await gateway.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(await processesIn(gateway.project.root)).toEqual([]);
});
