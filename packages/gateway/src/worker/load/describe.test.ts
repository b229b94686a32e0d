import { Agent, tool, webSearchTool } from '@openai/agents';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { describeAgents, modelName } from './describe.ts';

const parameters = z.object({});

test('an agent is described with guardrails, output type and servers', async () => {
  const agent = new Agent({
    name: 'Desk',
    instructions: 'x',
    model: 'm',
    outputType: z.object({ a: z.string() }),
    inputGuardrails: [
      { name: 'polite', execute: async () => ({ outputInfo: null, tripwireTriggered: false }) },
    ],
    outputGuardrails: [
      { name: 'short', execute: async () => ({ outputInfo: null, tripwireTriggered: false }) },
    ],
    mcpServers: [{ name: 'files' } as never],
  });
  expect(await describeAgents(agent)).toEqual([
    {
      name: 'Desk',
      model: 'm',
      tools: [],
      handoffs: [],
      inputGuardrails: ['polite'],
      outputGuardrails: ['short'],
      outputType: 'ZodOutput',
      mcpServers: ['files'],
    },
  ]);
});

test('a tool needs approval where it says so, or decides by its arguments', async () => {
  const toolThat = (name: string, needsApproval?: boolean | (() => Promise<boolean>)) =>
    tool({
      name,
      description: name,
      parameters,
      execute: async () => '',
      ...(needsApproval === undefined ? {} : { needsApproval }),
    });
  const agent = new Agent({
    name: 'Desk',
    instructions: 'x',
    tools: [
      toolThat('silent'),
      toolThat('never', false),
      toolThat('always', true),
      toolThat('depends', async () => false),
      webSearchTool(),
    ],
  });
  const [described] = await describeAgents(agent);
  expect(
    described?.tools.map(({ name, type, needsApproval }) => [name, type, needsApproval]),
  ).toEqual([
    ['silent', 'function', false],
    ['never', 'function', false],
    ['always', 'function', true],
    ['depends', 'function', true],
    ['web_search', 'hosted_tool', false],
  ]);
});

test('agents that hand back are told once each', async () => {
  const back = new Agent({ name: 'Back', instructions: 'x' });
  const front = new Agent({ name: 'Front', instructions: 'x', handoffs: [back] });
  back.handoffs.push(front);
  const described = await describeAgents(front);
  expect(described.map(({ name, handoffs }) => [name, handoffs])).toEqual([
    ['Front', ['Back']],
    ['Back', ['Front']],
  ]);
});

test('a model that is an object tells its name where it can', () => {
  const agent = new Agent({ name: 'Desk', instructions: 'x' });
  expect(modelName(agent)).toBeNull();
  agent.model = Object.assign(Object.create(null), { model: 'inner' });
  expect(modelName(agent)).toBe('inner');
  agent.model = Object.create(null);
  expect(modelName(agent)).toBeNull();
});
