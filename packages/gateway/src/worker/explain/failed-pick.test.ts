import { describe, expect, test } from 'vitest';
import { useLoadHost } from '../../../test/support/load-host.ts';
import { writeModule } from '../../../test/support/node-worker.ts';
import type { Finding } from '../../protocol/diagnostics.ts';

const { findingOf, manifestOf } = useLoadHost();

describe('a module without an agent says what comes near', () => {
  const imports = `import { Agent } from '@openai/agents';\n`;

  test('a class instead of an instance', async () => {
    const finding = await findingFor({
      'agent.ts': `${imports}export class Desk extends Agent {}\n`,
    });
    expect(finding).toMatchObject({
      code: 'class_exported',
      line: 2,
      hint: "Export an instance: `export const agent = new Desk({ name: '…', instructions: '…' });`.",
    });
  });

  test('an agent for voice sessions', async () => {
    const finding = await findingFor({
      'agent.ts': `import { RealtimeAgent } from '@openai/agents/realtime';\nexport const agent = new RealtimeAgent({ name: 'Voice' });\n`,
    });
    expect(finding).toMatchObject({ stage: 'export', code: 'realtime_agent' });
  });

  test('two agents of which neither leads to the other', async () => {
    const finding = await findingFor({
      'agent.ts': `${imports}export const one = new Agent({ name: 'One', instructions: 'x' });\nexport const two = new Agent({ name: 'Two', instructions: 'x' });\n`,
    });
    expect(finding).toMatchObject({
      code: 'several_agents',
      message:
        'src/agents/Written/agent.ts exports 2 agents (`one`, `two`), and none of them hands off to all others.',
      line: 2,
      hint: 'Name the one to serve: `export default one;`.',
    });
  });

  test('a factory that gives none', async () => {
    const finding = await findingFor({ 'agent.ts': `export function buildAgent() {}\n` });
    expect(finding).toMatchObject({
      code: 'factory_without_agent',
      message: '`buildAgent()` in src/agents/Written/agent.ts returned undefined, not an agent.',
    });
  });

  test('a factory that throws', async () => {
    const finding = await findingFor({
      'agent.ts': `export async function buildAgent() {\n  throw new Error('no key');\n}\n`,
    });
    expect(finding).toMatchObject({ code: 'import_failed', line: 2 });
  });

  test('an agent that is built inside a function', async () => {
    const finding = await findingFor({
      'agent.ts': `${imports}async function main() {\n  const desk = new Agent({ name: 'Desk', instructions: 'x' });\n  return desk.name;\n}\nvoid main;\n`,
    });
    expect(finding).toMatchObject({
      code: 'agent_not_exported',
      line: 3,
      column: 3,
      hint: 'Build it at the top level, and export it: `export const agent = …`.',
    });
  });

  test('an agent that a function of another file makes of arguments', async () => {
    const entry = `import { run } from '@openai/agents';
import { createDesk } from './desk.ts';
async function main() {
  const desk = createDesk('gpt-5.6-luna');
  await run(desk, 'Hi');
}
void main;
`;
    const helper = `import { Agent } from '@openai/agents';
export const createDesk = (model: string) => new Agent({ name: 'Desk', model });
`;
    const finding = await findingOf(await writeModule({ 'agent.ts': entry, 'desk.ts': helper }));
    expect(finding).toMatchObject({
      code: 'agent_in_function',
      line: 5,
      message: expect.stringContaining(
        '`desk`, which agent.ts runs in line 5, is made inside of a function, by `createDesk` of another file.',
      ),
      hint: 'Make it at the top level too, with the arguments that it takes: `export default createDesk(…);`',
    });
    const edited = `${entry}export default createDesk('gpt-5.6-luna');\n`;
    const { agents } = await manifestOf(
      await writeModule({ 'agent.ts': edited, 'desk.ts': helper }),
    );
    expect(agents.map(({ name }) => name)).toEqual(['Desk']);
  });

  test('a class by the name of an agent, though nothing says what it is', async () => {
    const finding = await findingFor({ 'agent.ts': `export default class Desk {}\n` });
    expect(finding).toMatchObject({
      code: 'class_exported',
      line: 1,
      hint: 'Give it a method `run({ messages })` that returns the answer. Export an instance: `export const agent = new Desk();`.',
    });
  });

  test('classes of the SDK that are passed on', async () => {
    const finding = await findingFor({
      'agent.ts': `export { Agent, Runner } from '@openai/agents';\n`,
    });
    expect(finding).toMatchObject({ code: 'class_exported' });
    expect(finding.message).toContain('It exports `Agent` (a class), `Runner` (a class).');
  });

  test.each([
    ['a factory', `export function buildAgent(options: { name: string }) {`],
    ['the default export', `export default function makeDesk(options: { name: string }) {`],
    ['a function called agent', `export const agent = (options: { name: string }) => {`],
    [
      'a function called like a factory',
      `export function createDeskAgent(options: { name: string }) {`,
    ],
  ])('%s that needs arguments', async (_what, head) => {
    const finding = await findingFor({
      'agent.ts': `${imports}${head}\n  return new Agent({ name: options.name, instructions: 'x' });\n}\n`,
    });
    expect(finding).toMatchObject({ stage: 'export', code: 'factory_needs_arguments', line: 2 });
    expect(finding.hint).toMatch(/default values, or export what it returns|Call it, and export/);
  });

  test('a factory that is not called, for its name', async () => {
    const finding = await findingFor({
      'agent.ts': `${imports}export function createDeskAgent() {\n  return new Agent({ name: 'Desk', instructions: 'x' });\n}\n`,
    });
    expect(finding).toMatchObject({
      code: 'factory_misnamed',
      line: 2,
      hint: 'Rename it to `buildAgent`, or add `export const agent = createDeskAgent();`.',
    });
  });

  test.each([
    ['a string', `export default 'Desk';`, 'Export the agent: `export const agent'],
    ['an object', `export default { name: 'x', instructions: 'y' };`, 'Make an agent of it'],
    ['a Runner', `export default new Runner();`, 'Export the agent: '],
    ['a function', `export default function main() {}`, 'Call it `buildAgent` if it returns'],
    ['an array', `export default [];`, 'Export the agent: '],
    [
      'an object',
      `export default { desk: new Agent({ name: 'Desk', instructions: 'x' }) };`,
      'Export the agent itself, which is its `desk`.',
    ],
  ])('a default export that is %s: %s', async (kind, text, hint) => {
    const finding = await findingFor({
      'agent.ts': `import { Agent, Runner } from '@openai/agents';\nvoid [Agent, Runner];\n${text}\n`,
    });
    expect(finding).toMatchObject({ code: 'wrong_export_kind', line: 3 });
    expect(finding.message).toContain(`The default export is ${kind}, not an agent.`);
    expect(finding.hint).toContain(hint);
  });

  test('an installed package that is not the SDK', async () => {
    const finding = await findingFor({
      'agent.ts': `import { Agent } from 'openai-agents';\nexport const agent = new Agent();\n`,
      'node_modules/openai-agents/package.json': '{ "name": "openai-agents", "main": "index.js" }',
      'node_modules/openai-agents/index.js': 'exports.Agent = class {};',
    });
    expect(finding).toMatchObject({
      code: 'unofficial_package',
      line: 1,
      column: 23,
      hint: 'Import from `@openai/agents`, which needs no install.',
    });
  });

  test('a workflow that is not exported, and nothing at all', async () => {
    expect(
      await findingFor({
        'agent.ts': `const runWorkflow = async () => ({});\nvoid runWorkflow;\n`,
      }),
    ).toMatchObject({ code: 'agent_not_exported', hint: 'Put `export` before `runWorkflow`.' });
    expect(await findingFor({ 'agent.ts': `console.log('hi');\n` })).toMatchObject({
      code: 'no_agent',
      message:
        'src/agents/Written/agent.ts has nothing to serve. It exports no agent. It exports nothing.',
    });
  });
});

async function findingFor(files: Readonly<Record<string, string>>): Promise<Finding> {
  return findingOf(await writeModule(files));
}
