import { createRequire } from 'node:module';
import { Agent, handoff, Runner, tool } from '@openai/agents';
import { RealtimeAgent } from '@openai/agents/realtime';
import { SandboxAgent } from '@openai/agents/sandbox';
import { describe, expect, test } from 'vitest';
import {
  handoffGraph,
  isAgent,
  isAgentClass,
  isClass,
  isRealtimeAgent,
  isRunnable,
} from './agent-shape.ts';

const agent = new Agent({ name: 'Desk', instructions: 'x' });
const realtime = new RealtimeAgent({ name: 'Voice' });
const someTool = tool({
  name: 'x',
  description: 'x',
  parameters: { type: 'object', properties: {}, required: [], additionalProperties: false },
  execute: () => '',
});

describe('an agent', () => {
  test('is one of any kind and any copy of the SDK', () => {
    const commonJs = createRequire(import.meta.url)('@openai/agents') as { Agent: typeof Agent };
    const foreign = new commonJs.Agent({ name: 'Other', instructions: 'x' });
    expect(foreign).not.toBeInstanceOf(Agent);
    expect(isAgent(foreign)).toBe(true);
    expect(isAgent(agent)).toBe(true);
    expect(isAgent(agent.clone({ name: 'Copy' }))).toBe(true);
    expect(isAgent(new SandboxAgent({ name: 'Box', instructions: 'x' }))).toBe(true);
    expect(isAgent(new (class Desk extends Agent {})({ name: 'Sub', instructions: 'x' }))).toBe(
      true,
    );
  });

  test.each([
    ['a realtime agent', realtime],
    ['a tool', someTool],
    ['a handoff', handoff(agent)],
    ['a class', Agent],
    ['a runner', new Runner()],
    ['an object that looks a little like one', { name: 'x', tools: [], handoffs: [] }],
    ['a text', 'agent'],
    ['null', null],
  ])('is not %s', (_what, value) => {
    expect(isAgent(value)).toBe(false);
  });

  test('of the realtime kind is told apart', () => {
    expect(isRealtimeAgent(realtime)).toBe(true);
    expect(isRealtimeAgent(agent)).toBe(false);
  });
});

test('what runs without the SDK has a `run` and is neither agent, runner nor class', () => {
  const run = () => '';
  expect(isRunnable({ run })).toBe(true);
  expect(isRunnable(Object.assign(() => 1, { run }))).toBe(true);
  expect(
    isRunnable(
      new (class Echo {
        run() {}
      })(),
    ),
  ).toBe(true);
  const others = [agent, new Runner(), Agent, { run: 'x' }, run, null];
  expect(others.filter(isRunnable)).toEqual([]);
});

test('classes are told from functions, and those that make agents from others', () => {
  expect(isClass(class {})).toBe(true);
  expect(isClass(() => 1)).toBe(false);
  expect(isAgentClass(class Desk extends Agent {})).toBe(true);
  expect(
    isAgentClass(
      class {
        run() {}
      },
    ),
  ).toBe(true);
  expect(isAgentClass(class Helper {})).toBe(false);
  expect(isAgentClass(agent)).toBe(false);
});

test('a graph of handoffs is walked once, whatever leads back', () => {
  const c = new Agent({ name: 'c', instructions: 'x' });
  const b = new Agent({ name: 'b', instructions: 'x', handoffs: [handoff(c)] });
  const a = new Agent({ name: 'a', instructions: 'x', handoffs: [b, c] });
  c.handoffs.push(a);
  expect(handoffGraph(a).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
});
