import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TemporaryProject, warmTemporaryProject } from '../test/support/temporary-project.ts';
import { startTestGateway, type TestGateway } from './testing.ts';

let project: TemporaryProject;
let gateway: TestGateway;

beforeAll(async () => {
  project = warmTemporaryProject();
  project.write(
    'src/agents/Planner/agent.ts',
    `import { Agent, tool } from '@openai/agents';
import { z } from 'zod';

const weather = tool({
  name: 'weather',
  description: 'Tells the weather.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => 'Rain in ' + city,
});

export const agent = new Agent({ name: 'Planner', tools: [weather] });
`,
  );
  const asked = 'messages: [{ role: user, content: Hi }]\nmodel: [Hello.]\n';
  project.write('src/agents/Planner/tests/a.yaml', `${asked}expect: { text: Hello. }\n`);
  project.write('src/agents/Planner/tests/b.yaml', `${asked}expect: { text: Bye. }\n`);
  project.write('src/agents/Broken/agent.mjs', 'const =;');
  gateway = await startTestGateway({ projectRoot: project.folder });
});
afterAll(async () => {
  await gateway.close();
  project.dispose();
});

test('asks an agent, with answers of the model that the test brings', async () => {
  const answer = await gateway.agent('planner').ask('Do I need an umbrella in Paris?', {
    model: [
      { tool_calls: [{ name: 'weather', arguments: { city: 'Paris' } }] },
      'Yes, take an umbrella.',
    ],
  });
  expect(answer).toMatchObject({
    outcome: 'finished',
    text: 'Yes, take an umbrella.',
    toolCalls: [{ name: 'weather', arguments: { city: 'Paris' } }],
    usage: { inputTokens: 0, outputTokens: 0 },
  });
});

test('asks the demo model where the test brings no answers', async () => {
  const messages = [{ role: 'user' as const, content: 'What is the weather in Paris?' }];
  const { text, toolCalls, usage } = await gateway.agent('default/planner').ask(messages);
  expect(text).toContain('Rain in Paris');
  expect(toolCalls).toEqual([{ name: 'weather', arguments: { city: 'Paris' } }]);
  expect(usage.requests).toBe(2);
});

test('fails where the model is asked more or less often than the test has answers', async () => {
  const { ask } = gateway.agent('planner');
  await expect(ask('Hi', { model: ['Hello.', 'Bye.'] })).rejects.toThrow(
    'The run ends before the model is asked for model[1].',
  );
  const call = { tool_calls: [{ name: 'weather', arguments: { city: 'Rome' } }] };
  await expect(ask('Hi', { model: [call] })).rejects.toThrow(
    'The model is asked once more than the case has answers: it has 1.',
  );
});

test('gives the cases of an agent as tests', async () => {
  const [a, b] = await gateway.agent('planner').cases();
  expect([a?.title, b?.title]).toEqual([
    'default/planner: src/agents/Planner/tests/a.yaml',
    'default/planner: src/agents/Planner/tests/b.yaml',
  ]);
  await expect(a?.run()).resolves.toBeUndefined();
  await expect(b?.run()).rejects.toThrow(
    'src/agents/Planner/tests/b.yaml: expect.text: The answer is another.\n- "Bye."\n+ "Hello."',
  );
});

test('says which agents there are, and why one does not load', () => {
  expect(() => gateway.agent('plannr')).toThrow(
    'There is no agent plannr, or several are named so. There are: default/broken, default/planner.',
  );
  expect(() => gateway.agent('broken')).toThrow(/^default\/broken does not load: /);
});

test('can be required', () => {
  const testing = createRequire(import.meta.url)('./testing.ts');
  expect(typeof testing.startTestGateway).toBe('function');
});
