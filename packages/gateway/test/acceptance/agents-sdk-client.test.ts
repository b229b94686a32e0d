import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { startGateway, type TestGateway } from './harness.ts';

let gateway: TestGateway;
let runner: Runner;

beforeAll(async () => {
  gateway = await startGateway({ agents: ['Echo', 'Thrower', 'Weather'] });
  const modelProvider = new OpenAIProvider({
    openAIClient: gateway.client(),
    useResponses: false,
  });
  runner = new Runner({ modelProvider, tracingDisabled: true });
});
afterAll(() => gateway?.stop());

const agentOn = (model: string) =>
  new Agent({ name: 'Remote', instructions: 'Hand on what you are asked.', model });

test('runs an agent whose model is one of ours', async () => {
  const result = await runner.run(agentOn('default/weather'), 'What is the weather in Paris?');
  expect(result.finalOutput).toContain('Sunny, 21 degrees in Paris.');
});

test('streams it, with the tokens at the end', async () => {
  const result = await runner.run(agentOn('default/weather'), 'What is the weather in Paris?', {
    stream: true,
  });
  const pieces = await Array.fromAsync(result.toTextStream({ compatibleWithNodeStreams: true }));
  await result.completed;
  expect(pieces.join('')).toBe(result.finalOutput);
  expect(result.finalOutput).toContain('Sunny, 21 degrees in Paris.');
  expect(result.runContext.usage.totalTokens).toBeGreaterThan(0);
});

test('never gets to run a tool of the served agent', async () => {
  const result = await runner.run(agentOn('default/weather'), 'What is the weather in Paris?');
  expect(result.newItems.map((item) => item.type)).toEqual(['message_output_item']);
});

test('is answered though it sends tools of its own', async () => {
  const clock = tool({
    name: 'clock',
    description: 'Tells the time.',
    parameters: z.object({}),
    execute: () => expect.unreachable('A served agent calls no tool of its caller.'),
  });
  const result = await runner.run(
    new Agent({ name: 'Outer', model: 'default/echo', tools: [clock] }),
    'Hello',
  );
  expect(result.finalOutput).toBe('Hello');
});

test('raises a failure of the served agent', async () => {
  await expect(runner.run(agentOn('default/thrower'), 'Hi')).rejects.toThrow(/./);
  const streamed = await runner.run(agentOn('default/thrower'), 'Hi', { stream: true });
  await expect(Array.fromAsync(streamed)).rejects.toThrow(/./);
});
