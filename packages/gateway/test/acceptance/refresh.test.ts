import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { routes } from '../../src/http/routes.ts';
import { startGateway, type TestGateway } from './harness.ts';

type Diagnostic = {
  readonly module_path: string;
  readonly code: string;
  readonly severity: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly serving_generation: number | null;
};

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ agents: ['Echo'] });
});
afterAll(() => gateway?.stop());

const saying = (text: string) => `export const agent = { run: () => ${JSON.stringify(text)} };\n`;

test('an agent dropped into the folder is listed and answers', async () => {
  await gateway.project.write({ 'src/agents/Dropped/agent.ts': saying('One.') });
  await refresh();
  expect(await modelIds()).toEqual(['default/dropped', 'default/echo']);
  expect(await answerOf('default/dropped')).toBe('One.');
});

test('an agent of a namespace folder is listed under it', async () => {
  await gateway.project.write({ 'src/agents/labs/Planner/agent.ts': saying('Planned.') });
  await refresh();
  expect(await modelIds()).toContain('labs/planner');
  expect(await answerOf('labs/planner')).toBe('Planned.');
});

test('an edited agent answers anew', async () => {
  await gateway.project.write({ 'src/agents/Dropped/agent.ts': saying('Two.') });
  await refresh();
  expect(await answerOf('default/dropped')).toBe('Two.');
});

test('an edit that does not load leaves the agent as it was, and says so', async () => {
  const path = 'src/agents/Dropped/agent.ts';
  await gateway.project.write({ [path]: `${saying('Three.')}const broken = ;\n` });
  await refresh();
  expect(await answerOf('default/dropped')).toBe('Two.');
  const [error] = (await errors()).filter((one) => one.module_path === path);
  expect(error).toMatchObject({ code: 'syntax_error', severity: 'error', line: 2 });
  expect(error?.serving_generation).toBeGreaterThan(0);
  expect(error?.file).toBe(join(gateway.project.root, path));
});

test('a repaired agent answers anew, and its error is gone', async () => {
  await gateway.project.write({ 'src/agents/Dropped/agent.ts': saying('Four.') });
  await refresh();
  expect(await answerOf('default/dropped')).toBe('Four.');
  expect(await errors()).toEqual([]);
});

test('two folders that would share an id do not share it', async () => {
  await gateway.project.write({ 'src/agents/ECHO/agent.ts': saying('Me too.') });
  await refresh();
  expect(await answerOf('default/echo')).toBe('Hi');
  expect((await errors()).map((one) => [one.code, one.module_path])).toEqual([
    ['id_clash', 'src/agents/ECHO/agent.ts'],
  ]);
  await rm(join(gateway.project.root, 'src/agents/ECHO'), { recursive: true });
});

test('a removed agent is gone', async () => {
  await rm(join(gateway.project.root, 'src/agents/Dropped'), { recursive: true });
  await refresh();
  expect(await modelIds()).toEqual(['default/echo', 'labs/planner']);
  await expect(answerOf('default/dropped')).rejects.toMatchObject({ code: 'model_not_found' });
});

test('what operators read is as the description says, and no more', async () => {
  await gateway.project.write({ 'src/agents/Broken/agent.ts': 'export const broken = ;' });
  await refresh();
  const reads = routes.filter(
    ({ method, answer, url }) => method === 'GET' && answer && !/:id|events$|^\/console/.test(url),
  );
  expect(reads.length).toBeGreaterThan(8);
  for (const { url, answer } of reads) {
    const asked = url
      .replace('*', 'default/echo')
      .replace(/generations$/, '$&?agent=default/echo')
      .replace(/data$/, '$&?user=nobody');
    const said = await (await gateway.fetch(asked)).json();
    expect([url, answer?.parse(said)]).toEqual([url, said]);
  }
});

async function refresh(): Promise<void> {
  const response = await gateway.fetch('/agents/refresh', { method: 'POST' });
  expect(response.status).toBe(200);
}

async function modelIds(): Promise<string[]> {
  const models = await Array.fromAsync(gateway.client().models.list());
  return models.map((model) => model.id).toSorted();
}

async function answerOf(model: string): Promise<string | null | undefined> {
  const messages = [{ role: 'user' as const, content: 'Hi' }];
  const answer = await gateway.client().chat.completions.create({ model, messages });
  return answer.choices[0]?.message.content;
}

async function errors(): Promise<readonly Diagnostic[]> {
  const response = await gateway.fetch('/admin/agents/errors');
  return ((await response.json()) as { errors: Diagnostic[] }).errors;
}
