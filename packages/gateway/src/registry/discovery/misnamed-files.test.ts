import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { discoverIn, idsOf, toldOf } from '../../../test/support/discover-in.ts';

const buildsAgent = `import { Agent } from '@openai/agents';\nexport const agent = new Agent({ name: 'A', instructions: 'x' });\n`;

describe('a folder without an agent file says what comes near one', () => {
  test('a name in the wrong case, with the folder, the file and what to do', async () => {
    const { projectRoot, modules, findings } = await discoverIn({ 'src/agents/Desk/Agent.ts': '' });
    expect(modules).toEqual([]);
    expect(findings).toEqual([
      {
        agentId: 'default/desk',
        modulePath: 'src/agents/Desk',
        finding: {
          stage: 'discover',
          code: 'agent_file_wrong_case',
          severity: 'error',
          message:
            'src/agents/Desk/Agent.ts is not served: the file is called agent.ts, in lower case.',
          file: join(projectRoot, 'src/agents/Desk/Agent.ts'),
          hint: 'Rename it to `agent.ts`, or the folder to `_Desk` if it only helps others.',
        },
      },
    ]);
  });

  test('also below a namespace, and it has the id that it would have', async () => {
    const { findings } = await discoverIn({ 'src/agents/labs/Typo/Agent.ts': '' });
    expect(findings).toMatchObject([
      { agentId: 'labs/typo', modulePath: 'src/agents/labs/Typo', finding: { severity: 'error' } },
    ]);
  });

  test.each([
    ['AGENT.PY', 'agent_file_wrong_case', 'agent.py'],
    ['agent.TS', 'agent_file_wrong_case', 'agent.ts'],
    ['agent.jsx', 'agent_file_wrong_ending', 'agent.tsx'],
    ['agent.cts', 'agent_file_wrong_ending', 'agent.ts'],
    ['agent.ts.txt', 'agent_file_wrong_ending', 'agent.ts'],
    ['Agent.jsx', 'agent_file_wrong_ending', 'agent.tsx'],
    ['agents.ts', 'agent_file_plural', 'agent.ts'],
    ['Agents.mjs', 'agent_file_plural', 'agent.mjs'],
  ])('%s: %s, to be %s', async (name, code, instead) => {
    const { findings } = await discoverIn({ [`src/agents/Desk/${name}`]: buildsAgent });
    expect(findings.map(({ finding }) => finding)).toMatchObject([
      { code, severity: 'error', hint: expect.stringContaining(`Rename it to \`${instead}\``) },
    ]);
  });

  test.each([
    ['index.ts', `import { Agent } from '@openai/agents';\nexport default new Agent({});`],
    ['main.ts', `import { Agent } from "@openai/agents";\nexport const a = Agent.create({});`],
    ['Desk.ts', `import { Agent } from 'openai-agents';\nexport const desk = new Agent({});`],
    ['desk.js', `const { Agent } = require('@openai/agents');\nmodule.exports = new Agent({});`],
    ['index.tsx', `import { Agent } from '@openai/agents-core';\nexport const a = new Agent({});`],
    ['main.py', `from agents import Agent\n\nagent = Agent(name="x")\n`],
    ['__init__.py', `from agents import Agent\nagent = Agent[str](name="x")\n`],
  ])('%s that builds an agent', async (name, text) => {
    const { findings } = await discoverIn({ [`src/agents/Desk/${name}`]: text });
    const instead = `agent${name.slice(name.indexOf('.'))}`;
    expect(findings.map(({ finding }) => finding)).toMatchObject([
      {
        code: 'agent_file_misnamed',
        severity: 'error',
        message: `src/agents/Desk/${name} looks like an agent, but the folder has no ${instead}, so nothing is served from it.`,
        hint: `Rename it to \`${instead}\`, or the folder to \`_Desk\` if it only helps others.`,
      },
    ]);
  });

  test('a guess is a warning: another name, an agent that is only used, a list of agents', async () => {
    const told = toldOf(
      await discoverIn({
        'src/agents/One/researchAgent.ts': buildsAgent,
        'src/agents/Two/index.ts': `import type { Agent } from '@openai/agents';\nexport const nameOf = (agent: Agent) => agent.name;`,
        'src/agents/Three/agents.ts': `export const names = ['a'];`,
      }),
    );
    expect(told).toEqual([
      'agent_file_misnamed warning src/agents/One',
      'agent_file_misnamed warning src/agents/Two',
      'agent_file_plural warning src/agents/Three',
    ]);
  });

  test('one finding for a folder, the surest, and none for the helpers below it', async () => {
    const told = toldOf(
      await discoverIn({
        'src/agents/Desk/Agent.ts': buildsAgent,
        'src/agents/Desk/index.ts': buildsAgent,
        'src/agents/Desk/lib/index.ts': buildsAgent,
      }),
    );
    expect(told).toEqual(['agent_file_wrong_case error src/agents/Desk']);
  });

  test('a namespace with agents below it needs none itself', async () => {
    const found = await discoverIn({
      'src/agents/labs/Agent.ts': '',
      'src/agents/labs/Planner/agent.ts': '',
      'src/agents/shared/index.ts': buildsAgent,
      'src/agents/shared/Desk/agent.ts': '',
    });
    expect(idsOf(found)).toEqual(['labs/planner', 'shared/desk']);
    expect(toldOf(found)).toEqual(['agent_file_wrong_case warning src/agents/labs']);
  });
});

describe('no finding at all', () => {
  test('for helpers, hidden and private folders', async () => {
    const { findings, modules } = await discoverIn({
      'src/agents/lib/index.ts': `import { tool } from '@openai/agents';\nexport const t = tool({});`,
      'src/agents/lib/deep/format.ts': 'export const a = 1;',
      'src/agents/lib/agent.test.ts': buildsAgent,
      'src/agents/lib/agent.d.ts': buildsAgent,
      'src/agents/prompts/desk.md': '# new Agent',
      'src/agents/_drafts/Agent.ts': buildsAgent,
      'src/agents/.cache/index.ts': buildsAgent,
      'src/agents/node_modules/x/index.js': buildsAgent,
      'src/agents/lost+found/index.js': buildsAgent,
    });
    expect({ findings, modules }).toEqual({ findings: [], modules: [] });
  });

  test('for other files beside an agent file', async () => {
    const found = await discoverIn({
      'src/agents/Desk/agent.ts': '',
      'src/agents/Desk/index.ts': buildsAgent,
      'src/agents/Desk/agents.ts': buildsAgent,
      'src/agents/Desk/lib/agent.jsx': buildsAgent,
    });
    expect(idsOf(found)).toEqual(['default/desk']);
    expect(found.findings).toEqual([]);
  });
});
