import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import { openUpstream } from '../../../test/support/scripted-upstream.ts';
import {
  type TemporaryProject,
  warmTemporaryProject,
} from '../../../test/support/temporary-project.ts';
import type { RunPage } from '../../protocol/admin/runs-answer.ts';
import { type UsagePage, usageAnswer } from '../../protocol/admin/usage-answer.ts';
import { openStore } from '../../storage/open-store.ts';
import { startTestGateway, type TestGateway } from '../../testing.ts';

const agentOf = (upstream: string, model: string) => `
import { Agent } from '@openai/agents';
export const __gateway__ = { upstream: '${upstream}' };
export const agent = new Agent({ name: 'A', instructions: 'Answer.', model: '${model}' });
`;

// Each call of the scripted upstream takes 10 tokens, 4 of them cached, and gives 5.
const settings = (baseUrl: string) => `
worker: { spares: 0 }
defaults: { upstream: demo }
upstreams:
  local:
    base_url: ${baseUrl}
    api: responses
    prices: { "big-*": { input: 2, output: 10, cached_input: 0.5 } }
`;

// Nothing here changes what was used, so one gateway is enough.
let upstream: Awaited<ReturnType<typeof openUpstream>>;
let project: TemporaryProject;
let gateway: TestGateway;
const keys: Record<string, { id: string; secret: string }> = {};
const today = new Date().toISOString().slice(0, 10);

beforeAll(async () => {
  upstream = await openUpstream(() => ({ text: ['Yes.'] }));
  project = warmTemporaryProject();
  project.write('gateway.yaml', settings(upstream.baseUrl));
  project.write('src/agents/Big/agent.ts', agentOf('local', 'big-1'));
  project.write('src/agents/Odd/agent.ts', agentOf('local', '=cmd()'));
  project.write('src/agents/labs/Free/agent.ts', agentOf('demo', 'any'));
  gateway = await startTestGateway({ projectRoot: project.folder });
  for (const name of ['ann', 'bob']) {
    const made = await gateway.gateway.keys.create({ name, role: 'caller', createdBy: 'test' });
    keys[name] = { id: made.record.id, secret: made.secret };
  }
  await say('ann', 'default/big', 'user-1');
  await say('ann', 'default/big');
  await say('bob', 'default/odd', '\u0001@SUM(A1), "x"');
  await say('bob', 'labs/free');
});

afterAll(async () => {
  await gateway?.close();
  upstream?.stop();
  project?.dispose();
});

async function say(key: string, model: string, user?: string) {
  const answered = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${keys[key]?.secret}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ model, user, messages: [{ role: 'user', content: 'Well?' }] }),
  });
  expect([answered.status, await answered.text()]).toMatchObject([200, expect.any(String)]);
}

function ask(query: string, key = gateway.key): Promise<Response> {
  const headers = { authorization: `Bearer ${key}` };
  return fetch(`${gateway.url}/admin/usage${query}`, { headers });
}

async function json(query: string, key?: string): Promise<UsagePage> {
  return (await (await ask(query, key)).json()) as UsagePage;
}

const cli = (...args: string[]) => inProcessCli(project.folder)('usage', ...args);

test('tells runs, tokens and cost of each agent, and what has no price', async () => {
  const usage = await json('');
  expect(usageAnswer.parse(usage)).toEqual(usage);
  const none = { failed_calls: 0, aborted_calls: 0, unpriced_calls: 0 };
  expect(usage).toMatchObject({
    until: today,
    by: ['agent'],
    // Two calls of 6 × $2 + 4 × $0.5 + 5 × $10 a million.
    rows: [
      { ...none, agent_id: 'default/big', runs: 2, model_calls: 2, cost_usd: 0.000128 },
      { agent_id: 'default/odd', runs: 1, input_tokens: 10, cost_usd: null, unpriced_calls: 1 },
      { ...none, agent_id: 'labs/free', runs: 1, model_calls: 1, cost_usd: 0 },
    ],
    totals: { runs: 4, model_calls: 4, cost_usd: 0.000128, unpriced_calls: 1 },
    unpriced: [{ upstream: 'local', model: '=cmd()' }],
    next: null,
  });
});

test('tells them by other names, page by page', async () => {
  const { rows } = await json('?by=key,day');
  expect(rows.map(({ key_id, day, runs }) => [key_id, day, runs])).toEqual(
    ['ann', 'bob'].map((name) => [keys[name]?.id, today, 2]).toSorted(),
  );
  expect(rows.map(({ key_name }) => key_name).toSorted()).toEqual(['ann', 'bob']);
  const byModel = await json('?by=upstream,model');
  expect(byModel.rows.map(({ upstream: at, model, runs }) => [at, model, runs])).toEqual([
    ['demo', 'any', null],
    ['local', '=cmd()', null],
    ['local', 'big-1', null],
  ]);
  const first = await json('?by=user&limit=1');
  const second = await json(`?by=user&limit=1&after=${first.next}`);
  const third = await json(`?by=user&limit=1&after=${second.next}`);
  expect([first, second, third].map((page) => page.rows.map(({ user }) => user))).toEqual([
    [''],
    ['\u0001@SUM(A1), "x"'],
    ['user-1'],
  ]);
  expect([third.next, third.totals.runs]).toEqual([null, 4]);
  expect((await json('?until=2020-01-01&since=2019-01-01')).rows).toEqual([]);
});

test.each([
  ['?by=agent,colour', 'by', 'Give some of key, agent,'],
  ['?since=yesterday', 'since', 'It must be an ISO 8601 time such as 2026-01-31T12:00:00Z'],
  ['?until=2026-99-99', 'until', 'It must be an ISO 8601 time such as 2026-01-31T12:00:00Z'],
  ['?after=x', 'after', 'Give the `next` of the page before.'],
  ['?limit=0', 'limit', 'limit'],
])('refuses %s', async (query, param, said) => {
  const refused = await ask(query);
  const message = expect.stringContaining(said);
  expect([refused.status, await refused.json()]).toMatchObject([
    400,
    { error: { param, message } },
  ]);
});

test('is CSV whose texts no spreadsheet takes for formulas', async () => {
  const answered = await ask('?by=user,model&format=csv&limit=3');
  expect(answered.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  const lines = (await answered.text()).split('\r\n');
  // How many tokens the demo model counts is its own business.
  expect([...lines.slice(0, 1), ...lines.slice(2)]).toEqual([
    'user,model,runs,model_calls,failed_calls,aborted_calls,input_tokens,output_tokens,cached_input_tokens,reasoning_tokens,cost_usd,unpriced_calls',
    ',big-1,,1,0,0,10,5,4,2,0.000064,0',
    `"'\u0001@SUM(A1), ""x""",'=cmd(),,1,0,0,10,5,4,2,,1`,
    '',
  ]);
  const [, next] = /<(.+)>; rel="next"/.exec(answered.headers.get('link') ?? '') ?? [];
  const rest = await ask(next?.replace('/admin/usage', '') ?? '');
  expect(await rest.text()).toBe('user-1,big-1,,1,0,0,10,5,4,2,0.000064,0\r\n');
  expect(rest.headers.get('link')).toBeNull();
});

test('names keys in CSV and in the table', async () => {
  const csv = await (await ask('?by=key,agent&format=csv')).text();
  expect(csv).toMatch(/^key_id,key_name,agent_id,runs,/);
  expect(csv).toContain(`\r\n${keys.ann?.id},ann,default/big,2,`);
  expect((await cli('--by', 'key')).out).toMatch(/\nann +2 +2 +0 +20 +8 +10 +\$0\.00013\n/);
});

test('tells whoever may read runs of some agents about these alone', async () => {
  const made = await gateway.gateway.keys.create({
    role: 'admin',
    namespaces: ['labs'],
    createdBy: 'test',
  });
  const usage = await json('?by=agent', made.secret);
  expect(usage.rows.map(({ agent_id }) => agent_id)).toEqual(['labs/free']);
  expect([usage.totals.runs, usage.unpriced]).toEqual([1, []]);
});

test('tells what each run cost', async () => {
  const headers = { authorization: `Bearer ${gateway.key}` };
  const answered = await fetch(`${gateway.url}/admin/runs?limit=4`, { headers });
  const { runs } = (await answered.json()) as { runs: Record<string, unknown>[] };
  expect(runs.map(({ cost_usd, unpriced_calls }) => [cost_usd, unpriced_calls])).toEqual([
    [0, 0],
    [null, 1],
    [0.000064, 0],
    [0.000064, 0],
  ]);
});

test('dropgate runs show says that contents were not kept', async () => {
  const runs = (...args: string[]) => inProcessCli(project.folder)('runs', ...args);
  const listed: RunPage = JSON.parse((await runs('list', '--limit', '1', '--json')).out);
  expect(await runs('show', listed.runs[0]?.id ?? '', '--contents')).toMatchObject({
    code: 0,
    err: 'This run was recorded without contents. `runs.record: contents` in gateway.yaml keeps those of later runs.\n',
  });
});

test('dropgate usage shows a table, JSON or CSV', async () => {
  const { code, out, err } = await cli('--since', '7d');
  expect(code).toBe(0);
  expect(out).toMatch(/^AGENT +RUNS +CALLS +FAILED +TOKENS IN +CACHED +TOKENS OUT +COST\n/);
  expect(out).toMatch(/\ndefault\/odd +1 +1 +0 +10 +4 +5 +\?\n/);
  expect(out).toMatch(/\ntotal +4 +4 +0 .* +\$0\.00013\+\n$/);
  expect(err).toContain('Nobody knows a price of =cmd() at local');
  const shown = JSON.parse((await cli('--by', 'key', '--json')).out);
  expect(shown).toMatchObject({ by: ['key'], rows: [{ runs: 2 }, { runs: 2 }] });
  expect((await cli('--by', 'model', '--csv')).out).toMatch(/^model,runs,.*\r\n'=cmd\(\),/);
  expect((await cli('--until', '2020-01-01')).err).toMatch(/^Nothing was used from /);
  expect((await cli('--by', 'colour')).code).toBe(2);
});

/** A key with a budget in money, and what became of what it asks for. */
async function spender(usdPerDay: number) {
  const limits = { usdPerDay };
  const made = await gateway.gateway.keys.create({ role: 'caller', createdBy: 'test', limits });
  return async (model: string, stream = false) => {
    const calls = upstream.calls.length;
    const answered = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${made.secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Well?' }] }),
    });
    const text = await answered.text();
    return { status: answered.status, text, calls: upstream.calls.length - calls };
  };
}

test('a budget in money pays for calls as long as the most that one may cost is left', async () => {
  // 4096 tokens at $10 a million are the most that an answer may be: 4.1 cents.
  const rich = await spender(0.05);
  expect(await rich('default/big')).toMatchObject({ status: 200, calls: 1 });
  expect(await rich('labs/free')).toMatchObject({ status: 200, calls: 0 });
  const poor = await spender(0.04);
  for (const stream of [false, true]) {
    const refused = await poor('default/big', stream);
    expect(refused).toMatchObject({
      status: stream ? 200 : 429,
      text: expect.stringMatching(/may take \$0\.04\d+, and less is left of the \$0\.04 /),
      calls: 0,
    });
  }
  const metrics = await fetch(`${gateway.url}/metrics`, {
    headers: { authorization: `Bearer ${gateway.key}` },
  });
  const exposed = await metrics.text();
  expect(exposed).toMatch(/dropgate_budget_left_usd\{key="key_\S+",period="day"\} 0\.04\n/);
  expect(exposed).toMatch(
    /dropgate_cost_usd_total\{upstream="local",agent="default\/big",model="big-1"\} 0\.00019/,
  );
});

test('a budget in money pays for no model of which nobody knows a price', async () => {
  const ask = await spender(100);
  const refused = await ask('default/odd');
  expect([refused.status, refused.calls]).toEqual([403, 0]);
  expect(JSON.parse(refused.text).error).toMatchObject({
    code: 'price_unknown',
    message:
      'Nobody knows a price of the model "=cmd()", and the key has a budget in money. The operator gives it one with upstreams.<name>.prices in gateway.yaml, for its upstream and for that one’s fallback.',
  });
});

test('is kept when the gateway ends', async () => {
  await gateway.close();
  const store = await openStore(`sqlite:${join(project.folder, '.dropgate/gateway.db')}`);
  const sums = await store.usage.sumDay(today, { by: ['day'], of: 'all', limit: 1 });
  await store.close();
  expect(sums).toMatchObject([{ day: today, runs: 9, modelCalls: 6 }]);
});
