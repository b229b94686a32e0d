import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway, warmProject } from './harness.ts';
import { type Parrot, startParrot } from './parrot.ts';
import type { Project } from './project.ts';
import { until } from './until.ts';

/** What is erased for good says by which version; erasing Atlantis takes for ever. */
const source = (version: string) => `
import { Agent, tool } from '@openai/agents';
import { z } from 'zod';

const thing = z.object({ thing: z.string() });
const erase = tool({
  name: 'erase',
  description: 'Erases a thing.',
  parameters: thing,
  needsApproval: true,
  async execute({ thing }) {
    console.log('erasing ' + thing);
    if (thing === 'Atlantis') await new Promise((resolve) => setTimeout(resolve, 10_000_000));
    return thing + ' is erased by ${version}';
  },
});
const look = tool({
  name: 'look',
  description: 'Looks at a thing.',
  parameters: thing,
  execute: async ({ thing }) => thing + ' is here',
});
export const agent = new Agent({ name: 'Vault', model: 'm', instructions: 'Keep.', tools: [erase, look] });
`;

const settings = `
worker: { spares: 0 }
security:
  rules:
    - { id: ask-for-rome, effect: require_approval, action: call_tool, principals: ["*"], resources: [look], when: 'args.thing == "Rome"' }
    - { id: ask-for-oslo, effect: require_approval, action: call_tool, principals: ["*"], resources: [look], when: 'args.thing == "Oslo"', approvers: [judge] }
`;

let parrot: Parrot;
let project: Project;
let gateway: TestGateway;
let key = '';

beforeAll(async () => {
  parrot = await startParrot();
  project = await warmProject();
  await project.write({ 'gateway.yaml': settings, 'src/agents/Vault/agent.ts': source('one') });
  gateway = await start();
  key = await gateway.createCallerKey();
});
afterAll(async () => {
  await gateway?.stop();
  await project?.remove();
  parrot?.stop();
});

function start(): Promise<TestGateway> {
  const env = { OPENAI_API_KEY: 'sk', OPENAI_BASE_URL: parrot.baseUrl };
  return startGateway({ project, env: { ...env, GATEWAY_UPSTREAM_API: 'responses' } });
}

type Message = OpenAI.ChatCompletionMessageParam;

const user = (content: string): Message => ({ role: 'user', content });

async function chat(messages: readonly Message[]): Promise<OpenAI.ChatCompletionMessage> {
  const client = gateway.client({ apiKey: key });
  const asked = { model: 'vault', messages: [...messages] };
  const { choices } = await client.chat.completions.create(asked);
  return choices[0]?.message ?? expect.unreachable('It was not answered.');
}

/** What is to be sent so that a call is approved. */
async function waiting(content: string): Promise<readonly Message[]> {
  const asked = await chat([user(content)]);
  const code = /`approve ([0-9A-Z-]{9})`/.exec(asked.content ?? '')?.[1];
  return [user(content), asked, user(`approve ${code ?? expect.unreachable(asked.content ?? '')}`)];
}

test('a rule asks for some calls of a tool, and may name who answers', async () => {
  expect((await chat([user('call look {"thing":"Bonn"}')])).content).toBe('Keep. [Bonn is here]');
  const rome = await waiting('call look {"thing":"Rome"}');
  expect((await chat(rome)).content).toBe('Keep. [Rome is here]');
  const oslo = await chat([user('call look {"thing":"Oslo"}')]);
  expect(oslo.content).not.toContain('`approve ');
  const rule = 'action=answer_approvals&effect=allow';
  const { decisions } = await json(`/security/decisions?${rule}`);
  expect(decisions).toMatchObject([{ rule_id: 'callers-answer-their-own' }]);
  const { runs } = await json('/admin/runs?limit=5');
  const resumed = runs.find((run: { resumes: string | null }) => run.resumes !== null);
  const again = await gateway.fetch(`/admin/runs/${resumed.id}/replay`, { method: 'POST' });
  const refused = (await again.json()) as { readonly error: { readonly message: string } };
  expect([again.status, refused.error.message]).toEqual([
    400,
    expect.stringContaining(`Run ${resumed.resumes} again`),
  ]);
});

test('a run goes on as it was after its gateway was killed, its file was edited and nothing of it is kept here', async () => {
  const rome = await waiting('call erase {"thing":"Rome"}');
  await gateway.end('SIGKILL');
  await project.write({ 'src/agents/Vault/agent.ts': source('two') });
  await rm(join(project.root, '.dropgate/generations'), { recursive: true });
  const store = new DatabaseSync(join(project.root, '.dropgate/gateway.db'));
  store.exec('delete from kept_generations');
  store.close();
  gateway = await start();
  expect((await chat(rome)).content).toBe('Keep. [Rome is erased by one]');
  const bonn = await waiting('call erase {"thing":"Bonn"}');
  expect((await chat(bonn)).content).toBe('Keep. [Bonn is erased by two]');
});

test('a run whose gateway is killed while it goes on is told as unknown, and does nothing again', async () => {
  const atlantis = await waiting('call erase {"thing":"Atlantis"}');
  const left = chat(atlantis).catch(() => null);
  await until('the tool', () => gateway.logs().includes('erasing Atlantis'));
  await gateway.end('SIGKILL');
  await left;
  gateway = await start();
  expect((await chat(atlantis)).content).toMatch(/^The gateway that went on with this run died/);
  expect(gateway.logs()).not.toContain('erasing');
});

async function json(path: string) {
  return (await gateway.fetch(path)).json() as Promise<any>;
}
