import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  type TemporaryProject,
  warmTemporaryProject,
} from '../../../test/support/temporary-project.ts';
import type { UpstreamStatus } from '../../protocol/admin/upstreams-answer.ts';
import { startTestGateway, type TestGateway } from '../../testing.ts';

const key = 'sk-the-key-of-the-operator';

// One gateway serves all: what fails, fails at an upstream of its own.
let project: TemporaryProject;
let gateway: TestGateway;
let server: Server;
let address: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const isKnown = request.headers.authorization === `Bearer ${key}`;
    const [, place = ''] = (request.url ?? '').split('/');
    const status = place === 'down' ? 500 : isKnown ? 200 : 401;
    // For longer than any machine takes for these tests.
    const headers = status === 500 ? { 'retry-after': '600' } : {};
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    const isList = request.method === 'GET';
    const said = place === 'down' ? `No, ${key}.` : 'No.';
    response.end(JSON.stringify(status !== 200 ? { error: said } : isList ? models : completion));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  project = warmTemporaryProject();
  project.write('gateway.yaml', settings());
  project.write('src/agents/Good/agent.ts', agentOf('good'));
  project.write('src/agents/Down/agent.ts', agentOf('down'));
  gateway = await startTestGateway({ projectRoot: project.folder, env: { TEAM_KEY: key } });
  await ask('default/good');
  await ask('default/down');
  await ask('default/down');
});

afterAll(async () => {
  await gateway?.close();
  project?.dispose();
  server?.close();
});

const models = {
  object: 'list',
  data: [
    { id: 'stays-1', object: 'model', shutdown_date: null },
    { id: 'leaves-1', object: 'model', shutdown_date: '2999-12-11' },
  ],
};

const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'leaves-1',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
};

function settings(): string {
  return `worker: { spares: 0 }
upstreams:
  good: { base_url: "${address}/good/v1", api_key_env: TEAM_KEY }
  down: { base_url: "${address}/down/v1", max_failures: 2, max_retries: 0 }
  locked: { base_url: "${address}/locked/v1" }
  gone: { base_url: "http://127.0.0.1:1/v1" }
`;
}

function agentOf(upstream: string): string {
  return `import { Agent } from '@openai/agents';
export const __gateway__ = { upstream: '${upstream}' };
export const agent = new Agent({ name: 'A', instructions: 'Greet.', model: 'leaves-1' });
`;
}

async function ask(model: string): Promise<Response> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}` },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello.' }] }),
  });
  await response.text();
  return response;
}

const cli = (...args: string[]) => inProcessCli(project.folder, { TEAM_KEY: key })(...args);

describe('dropgate upstreams list', () => {
  test('tells how each is, who uses it, and which of its models end', async () => {
    const { code, out } = await cli('upstreams', 'list', '--json');
    const { upstreams }: { upstreams: UpstreamStatus[] } = JSON.parse(out);
    expect(code).toBe(0);
    const of = (name: string) => upstreams.find((each) => each.name === name);
    expect(of('good')).toEqual({
      name: 'good',
      kind: 'remote',
      api: 'chat_completions',
      base_url: `${address}/good/v1`,
      has_key: true,
      is_default: true,
      fallback: null,
      reachable: true,
      problem: null,
      last_error: null,
      latency_ms: { p50: expect.any(Number), p95: expect.any(Number) },
      breaker: { state: 'closed', failures_in_row: 0, retry_at: null },
      limited_models: [],
      used_by: ['default/good'],
      models: [
        { id: 'leaves-1', shutdown_date: '2999-12-11' },
        { id: 'stays-1', shutdown_date: null },
      ],
    });
    expect(of('down')).toMatchObject({
      reachable: true,
      problem: 'It answers 500.',
      last_error: { at: expect.stringMatching(/Z$/), message: expect.stringMatching(/^HTTP 500/) },
      breaker: { state: 'open', failures_in_row: 2, retry_at: expect.stringMatching(/Z$/) },
      used_by: ['default/down'],
      models: null,
    });
    expect(of('locked')).toMatchObject({ reachable: true, problem: 'It wants a key (401).' });
    expect(of('gone')).toMatchObject({
      reachable: false,
      problem: 'It cannot be reached (ECONNREFUSED).',
    });
    expect(out).not.toContain(key);
  });

  test('is a table with what is wrong below it', async () => {
    const { out, err } = await cli('upstreams', 'list');
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^UPSTREAM +API +STATE +P50 +P95 +AGENTS +MODELS +ADDRESS$/);
    expect(lines[1]).toMatch(/^good \* +chat_completions +ok +[\d.]+ ms +[\d.]+ ms +1 +2 +http/);
    expect(lines[2]).toMatch(/^down +chat_completions +left alone +- +- +1 +- +http/);
    expect(lines[4]).toMatch(/^gone +chat_completions +unreachable +/);
    expect(err).toContain('good: models that end: leaves-1 (2999-12-11)\n');
    expect(err).toContain(
      'down: 2 calls in a row failed; until it answers again, its calls fail at once.',
    );
  });

  test('a call is answered at once while its upstream is left alone', async () => {
    const response = await ask('default/down');
    expect([response.status, response.headers.get('retry-after')]).toEqual([
      503,
      expect.any(String),
    ]);
  });
});

describe('a model that ends and was used', () => {
  test('is named by dropgate audit', async () => {
    const { findings } = JSON.parse((await cli('audit', '--json')).out);
    expect(findings).toContainEqual({
      severity: 'warning',
      code: 'model_retiring',
      subject: 'leaves-1',
      message: expect.stringMatching(
        /^The model leaves-1 of good ends in \d+ days, on 2999-12-11\. It was used by default\/good, for key_[\w-]+\.$/,
      ),
      hint: 'Name another model in these agents, or an alias for leaves-1 in upstreams.good.model_aliases.',
    });
  });

  test('is named by dropgate doctor, which looks at the store too', async () => {
    const { checks } = JSON.parse((await cli('doctor', '--json')).out);
    const of = (name: string) => checks.find((check: { name: string }) => check.name === name);
    expect(of('store')).toMatchObject({
      state: 'ok',
      found: expect.stringContaining('gateway.db'),
    });
    expect(of('model')).toEqual({
      name: 'model',
      state: 'warn',
      found: expect.stringMatching(
        /^leaves-1 of good ends in \d+ days, on 2999-12-11; used by default\/good$/,
      ),
      fix: 'Name another model there, or an alias in upstreams.good.model_aliases.',
    });
  });
});

describe('dropgate status', () => {
  test('tells how the gateway is, and exits with 1 where something is wrong', async () => {
    const { code, out } = await cli('status', '--json');
    const status = JSON.parse(out);
    expect(code).toBe(1);
    expect(status).toMatchObject({
      gateway: { address: gateway.url, pid: process.pid, status: 'ready', waiting_for: [] },
      agents: [
        { id: 'default/down', status: 'ready', generation: 1, model: 'leaves-1' },
        { id: 'default/good', status: 'ready', generation: 1, model: 'leaves-1' },
      ],
      upstreams: [
        { name: 'good', state: 'ok', problem: null, is_used: true },
        { name: 'down', state: 'left alone', is_used: true },
        { name: 'locked', state: 'problem', is_used: false },
        { name: 'gone', state: 'unreachable', is_used: false },
      ],
      workers: { ready: 2 },
      runs: { active: 0, waiting: 0 },
      overrides: [],
      problems: ['Upstream down is not well (left alone): `dropgate upstreams list`.'],
    });
    expect(status.runs.last_minute).toEqual(expect.any(Number));
    expect(status.last_errors).toContainEqual(
      expect.objectContaining({ agent_id: 'default/down', code: 'upstream_failed', count: 2 }),
    );
  });

  test('fits a screen, with budgets and open overrides', async () => {
    const admin = { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}` };
    const post = (path: string, body: unknown) =>
      fetch(`${gateway.url}${path}`, {
        method: 'POST',
        headers: admin,
        body: JSON.stringify(body),
      });
    const made = await post('/security/keys', {
      name: 'bob',
      role: 'caller',
      limits: { tokens_per_day: 500, usd_per_month: 0.5 },
    });
    expect(made.status).toBe(201);
    await post('/security/override', {
      principal: 'bob',
      action: 'run_agent',
      resource: 'default/good',
      effect: 'deny',
      reason: 'A test.',
      ttl_seconds: 600,
    });
    const { code, out } = await cli('status');
    expect(code).toBe(1);
    const lines = out.split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(`^gateway    ${gateway.url} \\(process ${process.pid}\\), ready$`),
        'upstreams  good ok, down left alone, locked problem, gone unreachable',
        'workers    2 ready',
        expect.stringMatching(/^runs {7}0 active, 0 waiting, \d+ in the last minute/),
        'budgets    bob $0.5 left of the month',
        '           bob 500 tokens left of the day',
        expect.stringMatching(/^overrides {2}deny \S+ run_agent default\/good until 20/),
        expect.stringMatching(/^default\/good +ready +1 +leaves-1$/),
        'Upstream down is not well (left alone): `dropgate upstreams list`.',
      ]),
    );
    expect(lines.length).toBeLessThan(25);
  });

  test('says in a sentence that no gateway runs', async () => {
    const empty = warmTemporaryProject();
    const { code, err } = await inProcessCli(empty.folder)('status');
    empty.dispose();
    expect([code, err]).toEqual([
      1,
      'error: No gateway runs on this project. Start one with `dropgate dev` in this folder, or look with `dropgate check`.\n',
    ]);
  });
});
