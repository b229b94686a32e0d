import { Agent, run } from '@openai/agents';
import { describe, expect, test } from 'vitest';
import { startUpstream } from '../../test/support/scripted-upstream.ts';
import { eventsOf, loadedModule, modelAt, textOf } from '../../test/support/worker-run.ts';
import type { RunContext } from '../protocol/run.ts';
import { readModuleText } from './facts/module-facts.ts';
import { contextMaker } from './module-context.ts';

class Visitor {
  readonly #request: RunContext;
  constructor(request: RunContext) {
    this.#request = request;
  }
  get name(): string {
    return this.#request.key.name;
  }
}

const makers = [
  ['a class', Visitor],
  ['a function', (request: RunContext) => ({ name: request.key.name })],
  ['an async function', async (request: RunContext) => new Visitor(request)],
] as const;

describe('`__gateway__.context`', () => {
  test.each(makers)('as %s makes the context that instructions read', async (_what, context) => {
    const upstream = await startUpstream({ text: ['Hello.'] });
    const agent = new Agent<{ name: string }>({
      name: 'Desk',
      model: modelAt(upstream.baseUrl),
      instructions: (given) => `Greet ${given.context.name}.`,
    });
    const makeContext = contextMaker({ context });
    const events = await eventsOf({ ...loadedModule(agent), makeContext });
    expect(textOf(events)).toBe('Hello.');
    expect(upstream.calls[0]?.body.instructions).toBe('Greet alice.');
  });

  test('makes it for the steps of a workflow too', async () => {
    const upstream = await startUpstream({ text: ['Hello.'] });
    const agent = new Agent<{ name: string }>({
      name: 'Desk',
      model: modelAt(upstream.baseUrl),
      instructions: (given) => `Greet ${given.context.name}.`,
    });
    const workflow = async ({ input_as_text }: { input_as_text: string }) => {
      const result = await run(agent as Agent, input_as_text);
      return { output_text: result.finalOutput };
    };
    const makeContext = contextMaker({ context: Visitor });
    await eventsOf({ ...loadedModule(workflow, { kind: 'workflow' }), makeContext });
    expect(upstream.calls[0]?.body.instructions).toBe('Greet alice.');
  });

  test('gives a plain `run` what it makes', async () => {
    const agent = { run: ({ context }: { context: Visitor }) => `Hello ${context.name}` };
    const makeContext = contextMaker({ context: Visitor });
    const events = await eventsOf({ ...loadedModule(agent, { kind: 'runnable' }), makeContext });
    expect(textOf(events)).toBe('Hello alice');
  });

  test('is what the agent names as its type, where that is a class that asks for nothing else', async () => {
    const text = 'new Agent<Visitor>({ instructions: (given) => given.context.name });';
    const facts = readModuleText('agent.ts', text).facts();
    const request = { key: { id: 'k', name: 'alice' } } as RunContext;
    const made = (type: unknown) =>
      contextMaker(undefined, { values: { Visitor: type }, facts })?.(request);
    class Keyed {
      readonly name: string;
      constructor(key: { name: string }, _rest = 1) {
        this.name = key.name;
      }
    }
    class Wanting {
      readonly name: string;
      constructor(database: { name: string }) {
        this.name = database.name;
      }
    }
    expect([made(Visitor), made(Keyed)]).toMatchObject([{ name: 'alice' }, { name: 'alice' }]);
    expect([made(Wanting), made(() => ({})), made(undefined)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('is no maker where it is missing or a value', () => {
    expect([contextMaker(undefined), contextMaker({ context: {} })]).toEqual([null, null]);
  });
});
