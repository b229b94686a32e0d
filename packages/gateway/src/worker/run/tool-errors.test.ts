import { RunContext, tool } from '@openai/agents';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { FailureDetail } from '../../protocol/run.ts';
import { type RunScope, runScope } from './run-scope.ts';
import { createToolActivity } from './tool-activity.ts';
import { reportErrors } from './tool-errors.ts';

const remembering = reportErrors(tool) as typeof tool;

/** Runs something inside a run and gives what was remembered, by call id. */
async function remembered(
  work: () => Promise<unknown>,
  { cancelled = false } = {},
): Promise<[string, FailureDetail][]> {
  const threw: [string, FailureDetail][] = [];
  const activity = {
    ...createToolActivity(() => {}),
    threw: (...told: [string, FailureDetail]) => void threw.push(told),
  };
  const signal = cancelled ? AbortSignal.abort() : new AbortController().signal;
  await runScope.run({ activity, request: { signal } } as unknown as RunScope, work);
  return threw;
}

const context = new RunContext();
const details = { toolCall: { callId: 'c7' } } as never;
const throwing = (execute: () => unknown, more: object = {}) =>
  remembering({ name: 'act', description: 'Acts.', parameters: z.object({}), execute, ...more });

describe('a tool', () => {
  test.each([
    [
      'throws',
      () => {
        throw new RangeError('too far');
      },
    ],
    [
      'rejects',
      async () => {
        throw new RangeError('too far');
      },
    ],
    [
      'gives a thenable that rejects',
      () =>
        Object.fromEntries([
          ['then', (_: unknown, fail: (error: unknown) => void) => fail(new RangeError('too far'))],
        ]),
    ],
  ])('that %s is remembered by its call, and told to the model as ever', async (_what, execute) => {
    let output: unknown;
    const threw = await remembered(async () => {
      output = await throwing(execute).invoke(context, '{}', details);
    });
    expect(output).toMatch(/^An error occurred while running the tool/);
    expect(threw).toEqual([
      ['c7', expect.objectContaining({ class: 'RangeError', message: 'too far', stage: 'tool' })],
    ]);
  });

  test('is remembered by its name where the SDK tells no call', async () => {
    const act = throwing(() => Promise.reject(new Error('x')));
    expect(await remembered(() => act.invoke(context, '{}'))).toMatchObject([
      ['act', { message: 'x' }],
    ]);
  });

  test('throws the very error where it may fail', async () => {
    const error = Object.freeze(new TypeError('x'));
    const act = throwing(
      () => {
        throw error;
      },
      { errorFunction: null },
    );
    await remembered(() => expect(act.invoke(context, '{}', details)).rejects.toBe(error));
    await expect(act.invoke(context, '{}', details)).rejects.toBe(error);
  });

  test('is not blamed for what it throws after the run was cancelled, nor for what it is sent', async () => {
    const act = throwing(() => {
      throw new Error('aborted');
    });
    expect(await remembered(() => act.invoke(context, '{}', details), { cancelled: true })).toEqual(
      [],
    );
    expect(await remembered(() => act.invoke(context, 'no json', details))).toEqual([]);
  });

  test('that throws what cannot be described still throws it', async () => {
    const odd = Object.defineProperty(new Error('x'), 'stack', {
      get() {
        throw new Error('no');
      },
    });
    const act = throwing(
      () => {
        throw odd;
      },
      { errorFunction: null },
    );
    expect(
      await remembered(() => expect(act.invoke(context, '{}', details)).rejects.toBe(odd)),
    ).toEqual([]);
  });
});

describe('options of a tool', () => {
  test('are read as they are: schema, approval, time limit, switch', async () => {
    const options = {
      name: 'add numbers',
      description: 'Adds.',
      parameters: z.object({ a: z.number(), b: z.number().default(2) }),
      needsApproval: async () => true,
      isEnabled: () => false,
      timeoutMs: 1234,
      execute: async ({ a, b }: { a: number; b: number }) => a + b,
    };
    const [made, expected] = [remembering(options), tool(options)];
    const plain = (one: object) => JSON.stringify(one);
    expect(plain(made)).toBe(plain(expected));
    expect(Object.keys(made)).toEqual(Object.keys(expected));
    expect(made.timeoutMs).toBe(1234);
    expect(await made.needsApproval(context, { a: 1, b: 2 }, 'c1')).toBe(true);
    expect(await made.isEnabled(context, { name: 'A' } as never)).toBe(false);
    expect(await made.invoke(context, '{"a":1}')).toBe(3);
  });

  test('may name the tool by its function', () => {
    const made = remembering({
      description: 'Finds.',
      parameters: z.object({}),
      execute: async function findIt() {
        return 1;
      },
    });
    expect(made.name).toBe('findIt');
  });

  test('may be frozen, have getters, private fields and a `this`', async () => {
    class Options {
      readonly #name = 'secretive';
      readonly strict = true as const;
      parameters = z.object({});
      get name() {
        return this.#name;
      }
      get description() {
        return `Is ${this.#name}.`;
      }
      async execute() {
        return `I am ${this.#name}.`;
      }
    }
    const made = remembering(Object.freeze(new Options()));
    expect([made.name, made.description]).toEqual(['secretive', 'Is secretive.']);
    expect(await made.invoke(context, '{}')).toBe('I am secretive.');
  });

  test('may be spread and asked by a copy of the SDK', () => {
    const spread = reportErrors((options: object) => ({ ...options, had: 'execute' in options }));
    const options = { name: 'a', execute: () => 1 };
    const made = (spread as (options: object) => Record<string, unknown>)(options);
    expect(made).toEqual({ name: 'a', had: true, execute: expect.any(Function) });
    expect(made.execute).not.toBe(options.execute);
  });

  test('that are wrong are refused as ever', () => {
    const nameless = [() => 1][0];
    const wrong = { name: '', parameters: z.object({}), execute: nameless } as never;
    expect(() => remembering(wrong)).toThrow(/Tool name cannot be empty/);
    expect(() => remembering(undefined as never)).toThrow(TypeError);
    expect(reportErrors(undefined)).toBeUndefined();
  });
});
