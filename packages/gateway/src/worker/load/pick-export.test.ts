import { Agent, handoff, Runner, tool } from '@openai/agents';
import { describe, expect, test } from 'vitest';
import { readModuleText } from '../facts/module-facts.ts';
import { exportsOf, type ModuleExports, pickExport } from './pick-export.ts';

const exportNames = ['agent', 'build_agent', 'buildAgent', 'default'];

function agentNamed(name: string, handoffs: Agent[] = []): Agent {
  return new Agent({ name, instructions: 'x', handoffs });
}

function pick(exports: ModuleExports, folderName = 'Desk') {
  return pickExport(exports, { exportNames, folderName });
}

describe('the export that is served', () => {
  test('is the first of the given names, whatever else is there', async () => {
    const [a, b] = [agentNamed('a'), agentNamed('b')];
    expect(await pick({ desk: a, default: b })).toEqual({
      kind: 'agent',
      exportName: 'default',
      value: b,
    });
  });

  test.each([['desk'], ['Desk'], ['deskAgent'], ['desk_agent']])(
    'is else the one named like the folder: %s',
    async (name) => {
      const picked = await pick({ other: agentNamed('o'), [name]: agentNamed('d') });
      expect(picked).toMatchObject({ kind: 'agent', exportName: name });
    },
  );

  test('is else the only agent, under its own name, among classes, tools, runners and helpers', async () => {
    const only = agentNamed('only');
    const picked = await pick({
      Agent,
      Runner,
      runner: new Runner(),
      lookUp: tool({
        name: 'x',
        description: 'x',
        parameters: { type: 'object', properties: {}, required: [], additionalProperties: false },
        execute: () => '',
      }),
      helper: () => 1,
      front: only,
      same: only,
    });
    expect(picked).toEqual({ kind: 'agent', exportName: 'front', value: only });
  });

  test('is else the root of the handoff graph, though specialists hand back', async () => {
    const [a, b] = [agentNamed('a'), agentNamed('b')];
    const triage = new Agent({ name: 't', instructions: 'x', handoffs: [a, handoff(b)] });
    a.handoffs.push(triage);
    expect(await pick({ a, b, triage })).toMatchObject({ exportName: 'triage' });
  });

  test('is none where several agents stand side by side', async () => {
    expect(await pick({ a: agentNamed('a'), b: agentNamed('b') })).toEqual({
      kind: 'several',
      exportNames: ['a', 'b'],
      startedLine: null,
      areExported: true,
    });
  });

  test('is else a workflow, before agents that are exported under other names', async () => {
    const runWorkflow = async () => ({});
    expect(await pick({ runWorkflow })).toMatchObject({ kind: 'workflow' });
    expect(await pick({ default: runWorkflow })).toMatchObject({
      kind: 'workflow',
      exportName: 'default',
    });
    expect(await pick({ runWorkflow, front: agentNamed('f') })).toMatchObject({
      kind: 'workflow',
    });
    expect(await pick({ runWorkflow, agent: agentNamed('a') })).toMatchObject({ kind: 'agent' });
  });

  test('is a workflow that takes the text of the user alone, called with what every workflow gets', async () => {
    const values = { runDeskWorkflow: (text: string) => `Got ${text}` };
    const text = 'const runDeskWorkflow = (text: string) => text;';
    const topLevel = { values, facts: readModuleText('/agent.ts', text).facts() };
    const picked = await pickExport({}, { exportNames, folderName: 'Desk' }, topLevel);
    expect(picked).toMatchObject({ kind: 'workflow', reason: { because: 'workflow' } });
    const { value } = picked as { value: (input: { input_as_text: string }) => unknown };
    expect(value({ input_as_text: 'hi' })).toBe('Got hi');
  });

  test('may be any object or function with `run`, or the module itself', async () => {
    const run = () => 'x';
    const callable = Object.assign(() => 'y', { run });
    expect(await pick({ agent: { run } })).toMatchObject({ kind: 'runnable' });
    expect(await pick({ agent: callable })).toMatchObject({ kind: 'runnable', value: callable });
    expect(await pick({ thing: { run } })).toMatchObject({ exportName: 'thing' });
    expect(await pick({ run, version: 1 })).toMatchObject({ exportName: 'run', value: { run } });
  });

  test('is what a factory gives, which is called once', async () => {
    let calls = 0;
    const buildAgent = async () => {
      calls += 1;
      return agentNamed(`built ${calls}`);
    };
    expect(await pick({ buildAgent, default: buildAgent })).toMatchObject({
      exportName: 'buildAgent',
      value: { name: 'built 1' },
    });
    expect(calls).toBe(1);
  });

  test('is never got by calling a default export that is no factory', async () => {
    const main = () => {
      throw new Error('called');
    };
    expect(await pick({ default: main })).toEqual({ kind: 'none' });
  });

  test('may come as a promise', async () => {
    const agent = agentNamed('a');
    expect(await pick({ agent: Promise.resolve(agent) })).toMatchObject({ value: agent });
  });

  test('is none where a factory gives something else', async () => {
    expect(await pick({ build_agent: () => 'text' })).toEqual({
      kind: 'empty_factory',
      exportName: 'build_agent',
      result: 'text',
    });
  });

  test('is none where a factory chokes on being called with nothing', async () => {
    const buildAgent = (options: { name: string }) => agentNamed(options.name);
    expect(await pick({ buildAgent })).toMatchObject({
      kind: 'hungry_factory',
      exportName: 'buildAgent',
    });
  });

  test('is what a factory gives that takes arguments and can do without', async () => {
    const buildAgent = (options?: { name: string }) => agentNamed(options?.name ?? 'plain');
    expect(await pick({ buildAgent })).toMatchObject({ value: { name: 'plain' } });
  });

  test('is not guessed where a factory fails for reasons of its own', async () => {
    const fail = (_options: unknown) => Promise.reject(new Error('no key'));
    await expect(pick({ buildAgent: fail })).rejects.toThrow('no key');
    await expect(pick({ buildAgent: () => fail(new TypeError()) })).rejects.toThrow('no key');
  });

  test('is never a specialist that was imported, where one hands off to it', async () => {
    const specialist = agentNamed('specialist');
    const front = agentNamed('front', [specialist]);
    expect(await pick({ Agent, Runner, specialist, helper: () => specialist, front })).toEqual({
      kind: 'agent',
      exportName: 'front',
      value: front,
    });
  });

  test('is none among the SDK and helper functions', async () => {
    const helper = () => agentNamed('made');
    expect(await pick({ Agent, Runner, runner: new Runner(), helper })).toEqual({ kind: 'none' });
  });

  test('is none for a class that would make agents', async () => {
    expect(await pick({ agent: class Desk extends Agent {} })).toEqual({ kind: 'none' });
  });
});

describe('what a CommonJS module exports', () => {
  test('is the properties of module.exports', () => {
    const commonJs = { __esModule: true, default: 1, helper: 2 };
    expect(exportsOf({ 'module.exports': commonJs, default: commonJs })).toEqual({
      default: 1,
      helper: 2,
    });
  });

  test('is module.exports itself where that is the agent or a function', () => {
    const agent = agentNamed('a');
    expect(exportsOf({ 'module.exports': agent, default: agent })).toEqual({ default: agent });
    const build = Object.assign(() => agent, { version: 1 });
    expect(exportsOf({ 'module.exports': build })).toEqual({ default: build, version: 1 });
  });
});
