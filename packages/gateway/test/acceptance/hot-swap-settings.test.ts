import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from './harness.ts';
import { answerOf, at, statusOf, untilSays, untilStatus } from './reloading.ts';
import { until } from './until.ts';
import { startUpstream, type TestUpstream } from './upstream.ts';

let first: TestUpstream;
let second: TestUpstream;
let gateway: TestGateway;

const settings = (of: TestUpstream, model: string) => `worker: { spares: 0 }
defaults: { model: ${model} }
upstreams:
  house: { base_url: "${of.baseUrl}", api: chat_completions }
`;
const desk = `import { Agent } from '@openai/agents';
export const agent = new Agent({ name: 'Desk', instructions: 'Be brief.' });
`;

const asker = `import OpenAI from 'openai';
export const __gateway__ = { calls_at_load: 'allow' };
const { choices } = await new OpenAI().chat.completions.create({
  model: 'small',
  messages: [{ role: 'user', content: 'Hi' }],
});
export const agent = { run: () => choices[0].message.content };
`;

const keeper = `console.log('opening', process.env.SHOP);
export const agent = { run: () => process.env.SHOP };
`;

beforeAll(async () => {
  [first, second] = await Promise.all([startUpstream(), startUpstream()]);
  first.mock.onMessage('Hi', { content: 'The first house.' });
  second.mock.onMessage('Hi', { content: 'The second house.' });
  gateway = await startGateway({
    files: { [at('Desk')]: desk, 'gateway.yaml': settings(first, 'small') },
  });
});
afterAll(async () => {
  await gateway?.stop();
  await Promise.all([first?.stop(), second?.stop()]);
});

const modelOf = async () => (await statusOf(gateway, 'Desk'))?.model?.name;
const write = (text: string) => gateway.project.write({ 'gateway.yaml': text });

/** What `GET /admin/agents/errors` has about the settings. */
async function toldOfSettings() {
  const response = await gateway.fetch('/admin/agents/errors?stage=metadata');
  const { errors } = (await response.json()) as { errors: Record<string, unknown>[] };
  return errors;
}

test('another upstream and another default model go live while the gateway runs', async () => {
  expect(await answerOf(gateway, 'Desk')).toBe('The first house.');
  await write(settings(second, 'large'));
  await until('the other default model', async () => (await modelOf()) === 'large');
  expect(await answerOf(gateway, 'Desk')).toBe('The second house.');
  expect(second.calls.map(({ body }) => body.model)).toEqual(['large']);
});

test('settings with a mistake are told of with line and fix, and the ones before hold', async () => {
  await write(`${settings(first, 'small')}sever: { port: 1 }\n`);
  const [told] = await until('the mistake to be told of', async () => {
    const all = await toldOfSettings();
    return all.length > 0 && all;
  });
  expect(told).toMatchObject({
    module_path: 'gateway.yaml',
    code: 'bad_setting',
    severity: 'error',
    line: 5,
    message: expect.stringContaining('sever'),
    hint: 'Correct it and save.',
  });
  expect(await modelOf()).toBe('large');
  expect(await answerOf(gateway, 'Desk')).toBe('The second house.');
});

test('a setting that waits for a restart is told of, while the rest goes live', async () => {
  await write(`${settings(first, 'small')}server: { body_limit_mb: 3 }\n`);
  await until('the first model', async () => (await modelOf()) === 'small');
  expect(await answerOf(gateway, 'Desk')).toBe('The first house.');
  expect(await toldOfSettings()).toMatchObject([
    { code: 'setting_needs_restart', severity: 'warning' },
  ]);
});

test('what a module asks while it is imported goes to the default upstream of now', async () => {
  const both = (name: string) => `defaults: { model: small, upstream: ${name} }
upstreams:
  house: { base_url: "${first.baseUrl}", api: chat_completions }
  barn: { base_url: "${second.baseUrl}", api: chat_completions }
`;
  await write(both('house'));
  await gateway.project.write({ [at('Asker')]: asker });
  await untilSays(gateway, 'Asker', 'The first house.');
  await write(both('barn'));
  await untilSays(gateway, 'Asker', 'The second house.');
});

test('secrets given to an agent go live when they change, and are told of where they are missing', async () => {
  const giving = (from: string) =>
    `${settings(first, 'small')}agents: { "default/keep*": { env: { SHOP: { ${from} } } } }\n`;
  await gateway.project.write({
    'secret-file': 'first-shop-secret\n',
    [at('Keeper')]: keeper,
    [at('Keeper').replace('agent.ts', '.env')]: 'SHOP=its-own\n',
  });
  await write(giving('file: secret-file'));
  await untilSays(gateway, 'Keeper', 'first-shop-secret');
  await gateway.project.write({ 'secret-file': 'second-shop-secret\n' });
  await untilSays(gateway, 'Keeper', 'second-shop-secret');
  await write(giving('env: UNSET_SHOP'));
  const status = await untilStatus(gateway, 'Keeper', 'degraded');
  expect(status.diagnostics).toMatchObject([
    {
      stage: 'metadata',
      code: 'secret_missing',
      severity: 'error',
      message:
        'SHOP cannot be given to this agent: the variable UNSET_SHOP is not set where the gateway runs.',
      hint: expect.stringContaining('Set UNSET_SHOP in the .env of the project root'),
    },
  ]);
  expect(await answerOf(gateway, 'Keeper')).toBe('second-shop-secret');
  await gateway.project.write({ '.env': 'UNSET_SHOP=third-shop-secret\n' });
  await untilSays(gateway, 'Keeper', 'third-shop-secret');
  // It printed each of them when it was imported.
  expect(gateway.logs()).toContain('opening [secret]');
  const seen = gateway.logs() + (await (await gateway.fetch('/admin/agents')).text());
  expect(seen).not.toMatch(/(first|second|third)-shop-secret/);
});

test('what is mended is no longer told of', async () => {
  await write(settings(first, 'small'));
  await until('nothing to be told of', async () => (await toldOfSettings()).length === 0);
  // The agents load again for these settings; the settings are mended before that is over.
  await until('the agent to be ready', async () => {
    return (await statusOf(gateway, 'Desk'))?.status === 'ready';
  });
});
