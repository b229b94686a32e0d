import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { discoverIn, idsOf, toldOf } from '../../../test/support/discover-in.ts';

const buildsAgent = `import { Agent } from '@openai/agents';\nexport const agent = new Agent({ name: 'A', instructions: 'x' });\n`;

describe('a file that lies in a root itself', () => {
  test('is an agent one folder too high', async () => {
    const { projectRoot, findings } = await discoverIn({ 'src/agents/agent.ts': '' });
    expect(findings).toEqual([
      {
        agentId: null,
        modulePath: 'src/agents/agent.ts',
        finding: {
          stage: 'discover',
          code: 'agent_in_root',
          severity: 'error',
          message:
            'src/agents/agent.ts is not served: it lies one folder too high, and the folder names the agent.',
          file: join(projectRoot, 'src/agents/agent.ts'),
          hint: 'Move it into a folder of its own, e.g. `src/agents/MyAgent/agent.ts`.',
        },
      },
    ]);
  });

  test('is an agent without a folder', async () => {
    const { findings } = await discoverIn({ 'src/agents/Weather.ts': buildsAgent });
    expect(findings).toMatchObject([
      {
        modulePath: 'src/agents/Weather.ts',
        finding: {
          code: 'agent_without_folder',
          severity: 'warning',
          message:
            'src/agents/Weather.ts looks like an agent, but an agent is a folder with agent.ts.',
          hint: 'Move it to `src/agents/Weather/agent.ts`, or into `src/agents/_shared` if it only helps others.',
        },
      },
    ]);
  });

  test('tells it for each, with the right ending, beside agents that are served', async () => {
    const found = await discoverIn({
      'agents/Good/agent.ts': '',
      'agents/Agent.jsx': '',
      'agents/agents.ts': buildsAgent,
      'agents/one.js': buildsAgent,
      'agents/two.cts': buildsAgent,
    });
    expect(idsOf(found)).toEqual(['default/good']);
    expect(toldOf(found)).toEqual([
      'agent_in_root error agents/Agent.jsx',
      'agent_without_folder warning agents/agents.ts',
      'agent_without_folder warning agents/one.js',
      'agent_without_folder warning agents/two.cts',
    ]);
    expect(found.findings.map(({ finding }) => finding.hint)).toEqual([
      'Move it into a folder of its own, e.g. `agents/MyAgent/agent.tsx`.',
      'Move it to `agents/agents/agent.ts`, or into `agents/_shared` if it only helps others.',
      'Move it to `agents/one/agent.js`, or into `agents/_shared` if it only helps others.',
      'Move it to `agents/two/agent.ts`, or into `agents/_shared` if it only helps others.',
    ]);
  });

  test('is no agent where it only helps', async () => {
    const { findings } = await discoverIn({
      'src/agents/index.ts': `export * from './Desk/agent.ts';`,
      'src/agents/tools.ts': `import { tool, Agent } from '@openai/agents';`,
      'src/agents/README.md': buildsAgent,
      'src/agents/Desk.test.ts': buildsAgent,
      'src/agents/tsconfig.json': '{}',
    });
    expect(findings).toEqual([]);
  });

  test('is told of though the root is the project itself', async () => {
    const { findings } = await discoverIn({ 'agent.ts': '' }, { roots: ['.'] });
    expect(findings).toMatchObject([
      {
        modulePath: 'agent.ts',
        finding: { hint: expect.stringContaining('`./MyAgent/agent.ts`') },
      },
    ]);
  });
});
