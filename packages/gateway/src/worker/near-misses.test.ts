import { describe, expect, test } from 'vitest';
import { findingOf, writeModule } from '../../test/support/node-worker.ts';
import type { Finding } from '../protocol/diagnostics.ts';

describe('a module without an agent says what comes near', () => {
  const imports = `import { Agent } from '@openai/agents';\n`;

  test('an agent that is built but not exported, with its line', async () => {
    const finding = await findingFor({
      'agent.ts': `${imports}\nconst desk = new Agent({ name: 'Desk', instructions: 'x' });\nexport const version = 1;\n`,
    });
    expect(finding).toMatchObject({
      stage: 'export',
      code: 'agent_not_exported',
      message:
        'src/agents/Written/agent.ts has nothing to serve. `desk` is built in agent.ts but not exported. It exports `version` (a number).',
      line: 3,
      hint: 'Write `export const agent = …`, or add `export default desk;`.',
    });
  });

  test('a class instead of an instance', async () => {
    const finding = await findingFor({
      'agent.ts': `${imports}export class Desk extends Agent {}\n`,
    });
    expect(finding).toMatchObject({
      code: 'class_exported',
      line: 2,
      hint: 'Export an instance: `export const agent = new Desk(…);`.',
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
