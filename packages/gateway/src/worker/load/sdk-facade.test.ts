import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  findingOf,
  manifestOf,
  type NodeWorker,
  startNodeWorker,
  writeModule,
} from '../../../test/support/node-worker.ts';
import type { RunEvent } from '../../protocol/run.ts';

/** A model that calls the tool `act` once and then says so. */
const model = `
import { ScriptedModel, assistantMessage, functionCall } from '@openai/agents/testing';
const model = new ScriptedModel([[functionCall('act', {}, { callId: 'c1' })], [assistantMessage('Done.')]]);`;

const runEnd = ['finished', 'failed'];

async function eventsOf(worker: NodeWorker): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  worker.run('Act');
  for (;;) {
    const { event } = await worker.next('event');
    events.push(event);
    if (runEnd.includes(event.type)) return events;
  }
}

async function runOf(files: Readonly<Record<string, string>>) {
  const load = await writeModule(files);
  const worker = await startNodeWorker(join(load.folder, '..'));
  const answer = await worker.load(load);
  expect(answer).toMatchObject({ type: 'loaded' });
  return { events: await eventsOf(worker), load };
}

/** What a plain agent whose `run` gives JSON answers. */
async function answerOf(files: Readonly<Record<string, string>>): Promise<unknown> {
  const { events } = await runOf(files);
  return JSON.parse(events.map((event) => (event.type === 'text' ? event.delta : '')).join(''));
}

const sdks = [
  { how: 'by name from the SDK', lines: "import { Agent, tool } from '@openai/agents';" },
  {
    how: 'by name from its core',
    lines: "import { Agent, tool } from '@openai/agents-core';",
  },
  {
    how: 'as a namespace',
    lines: "import * as all from '@openai/agents'; const { Agent, tool } = all;",
  },
  {
    how: 'late',
    lines: "const { Agent, tool } = await import('@openai/agents');",
  },
];

describe('a tool that throws, of an SDK imported', () => {
  test.each(sdks)('$how, tells what it threw and where', async ({ lines }) => {
    const { events, load } = await runOf({
      'agent.ts': `${lines}
import { act } from './tools';
${model}
export const agent = new Agent({ name: 'A', model, tools: [act(tool)] });`,
      'tools.ts': `type Options = { execute(): unknown };
export const act = (tool: (options: unknown) => unknown) =>
  tool({
    name: 'act', description: 'Acts.', strict: false,
    parameters: { type: 'object', properties: {}, required: [], additionalProperties: true },
    async execute() {
      await null;
      throw new RangeError('too far');
    },
  });`,
    });
    expect(events.find(({ type }) => type === 'tool_ended')).toMatchObject({
      callId: 'c1',
      outcome: 'failed',
      detail: {
        class: 'RangeError',
        message: 'too far',
        file: join(load.folder, 'tools.ts'),
        line: 8,
        stage: 'tool',
      },
    });
    expect(events.at(-1)).toMatchObject({ type: 'finished' });
  });
});

describe('the SDK as the author’s files import it', () => {
  test('is the real one but for `tool`, and so is what `require` gives', async () => {
    const answer = await answerOf({
      'agent.ts': `
import { createRequire } from 'node:module';
import * as sdk from '@openai/agents';
import * as core from '@openai/agents-core';
import { same } from './same';
const require = createRequire(import.meta.url);
const real = await import(import.meta.resolve('@openai/agents').replace('?dropgate', ''));
const required = require('@openai/agents');
export const agent = {
  run: () => JSON.stringify({
    names: same(Object.keys(real), Object.keys(sdk)),
    others: Object.keys(real).filter((name) => real[name] !== sdk[name]),
    core: sdk.Agent === core.Agent && sdk.Runner === core.Runner,
    name: sdk.tool.name,
    required: typeof required.tool === 'function' && required === require('@openai/agents'),
  }),
};`,
      'same.ts':
        'export const same = (a: string[], b: string[]) => a.sort().join() === b.sort().join();',
    });
    expect(answer).toEqual({
      names: true,
      others: ['tool'],
      core: true,
      name: 'tool',
      required: true,
    });
  });

  test('is reported as the copy it is', async () => {
    const manifest = await manifestOf(
      await writeModule({
        'agent.ts': `import { Agent } from '@openai/agents'; export const agent = new Agent({ name: 'A' });`,
      }),
    );
    expect(manifest.sdk).toMatchObject({
      path: expect.stringMatching(/@openai\/agents\/dist\/index\.mjs$/),
      own: false,
    });
  });

  test('still says which name it does not export', async () => {
    const load = await writeModule({
      'agent.ts': "import { Agnet } from '@openai/agents';\nAgnet;",
    });
    expect(await findingOf(load)).toMatchObject({
      code: 'missing_export',
      message: '`@openai/agents` exports no `Agnet`.',
      line: 1,
    });
  });
});

describe('another copy in the module’s own folder', () => {
  const copy = (files: Readonly<Record<string, string>>, exports = './index.mjs') => ({
    'node_modules/@openai/agents/package.json': JSON.stringify({ version: '0.0.1', exports }),
    ...Object.fromEntries(
      Object.entries(files).map(([name, text]) => [`node_modules/@openai/agents/${name}`, text]),
    ),
  });

  test('is left alone where it has no `tool`', async () => {
    const load = await writeModule({
      'agent.ts': "import { tool } from '@openai/agents';\ntool;",
      ...copy({ 'index.mjs': "export * from './rest.mjs';", 'rest.mjs': 'export class Agent {}' }),
    });
    expect(await findingOf(load)).toMatchObject({
      code: 'missing_export',
      message: '`@openai/agents` exports no `tool`.',
    });
  });

  test('is left alone in CommonJS', async () => {
    const answer = await answerOf({
      'agent.ts': `import sdk, { tool } from '@openai/agents';
export const agent = { run: () => JSON.stringify([sdk.tool === tool, tool()]) };`,
      ...copy({ 'index.cjs': "exports.tool = () => 'theirs';" }, './index.cjs'),
    });
    expect(answer).toEqual([true, 'theirs']);
  });

  test('keeps its default export and what it says of other options', async () => {
    const answer = await answerOf({
      'agent.ts': `import sdk, { tool, Agent } from '@openai/agents';
export const agent = { run: () => JSON.stringify([sdk, typeof Agent, tool(1), tool({ name: 'x' })]) };`,
      ...copy({
        'index.mjs': "export * from './rest.mjs'; const all = 'all'; export { all as default };",
        'rest.mjs':
          'export class Agent {} const made = (options) => ({ options }); export { made as tool };',
      }),
    });
    expect(answer).toEqual(['all', 'function', { options: 1 }, { options: { name: 'x' } }]);
  });
});
