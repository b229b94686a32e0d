import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from '../../test/support/cli-process.ts';
import {
  brokenAgent,
  plainAgent,
  type TemporaryProject,
  temporaryProject,
} from '../../test/support/temporary-project.ts';

let project: TemporaryProject;

beforeEach(() => {
  project = temporaryProject();
});

afterEach(() => {
  project.dispose();
});

const check = (...args: string[]) => runCli(project.folder, ['check', ...args]);

describe('dropgate check', () => {
  test('passes where every agent loads', async () => {
    project.write('src/agents/Good/agent.ts', plainAgent);
    project.write('agents/labs/Other/agent.mjs', plainAgent);
    expect(await check()).toMatchObject({
      code: 0,
      out: [
        'AGENT         STATUS  KIND      MODEL  TOOLS',
        'default/good  ready   runnable  -      -',
        'labs/other    ready   runnable  -      -',
        '',
        '2 agents, 0 errors, 0 warnings.',
        '',
      ].join('\n'),
    });
  });

  test('exits with 1 and shows the line of a broken agent', async () => {
    project.write('src/agents/Good/agent.ts', plainAgent);
    project.write('src/agents/Bad/agent.ts', brokenAgent);
    const { code, out } = await check();
    expect(code).toBe(1);
    expect(out).toMatch(/^default\/bad +failed +- +- +-$/m);
    expect(out).toMatch(/^default\/good +ready +runnable +- +-$/m);
    expect(out).toMatch(/^error: src\/agents\/Bad\/agent\.ts:2:\d+$/m);
    expect(out).toContain('2 | const second = ;');
    expect(out).toMatch(/\n2 agents, 1 error, 0 warnings\.\n$/);
  });

  test('shows an imported file below the project root', async () => {
    project.write('src/shared/broken.ts', brokenAgent);
    project.write('src/agents/Good/agent.ts', `import '../../shared/broken.ts';\n${plainAgent}`);
    const { code, out } = await check();
    expect(code).toBe(1);
    expect(out).toMatch(/^error: src\/shared\/broken\.ts:2:\d+$/m);
  });

  test('passes with a warning, and counts it', async () => {
    const odd = `${plainAgent}export const __gateway__ = { modle: 'x' };\n`;
    project.write('src/agents/Odd/agent.ts', odd);
    const { code, out } = await check();
    expect(code).toBe(0);
    expect(out).toMatch(/^warning: src\/agents\/Odd\/agent\.ts:2:\d+$/m);
    expect(out).toMatch(/\n1 agent, 0 errors, 1 warning\.\n$/);
  });

  test('exits with 1 where two folders want one model id', async () => {
    project.write('src/agents/Twin/agent.ts', plainAgent);
    project.write('agents/twin/agent.ts', plainAgent);
    const { code, out } = await check();
    expect(code).toBe(1);
    expect(out.replaceAll(/\s+/g, ' ')).toContain('both want the model id default/twin');
  });

  test('prints agents, errors and notices as JSON', async () => {
    project.write('src/agents/Good/agent.ts', plainAgent);
    project.write('src/agents/Bad/agent.ts', brokenAgent);
    const { code, out } = await check('--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      agents: [
        { id: 'default/bad', status: 'failed' },
        { id: 'default/good', status: 'ready' },
      ],
      errors: [{ agent_id: 'default/bad', code: 'syntax_error', line: 2 }],
      notices: [],
    });
  });

  test('tells where it looked where there is no agent', async () => {
    expect(await check()).toEqual({
      code: 0,
      out: '0 agents, 0 errors, 0 warnings.\n',
      err: 'Looked in src/agents and agents. Make an agent with `dropgate new <Name>`.\n',
    });
  });

  test('loads again what loaded well before', async () => {
    project.write('src/agents/Once/agent.ts', plainAgent);
    expect((await check()).code).toBe(0);
    const flag = join(project.folder, 'loaded');
    const marking = `import { writeFileSync } from 'node:fs';\nif (process.cwd() !== '/') writeFileSync(${JSON.stringify(flag)}, '');\n`;
    project.write('src/agents/Once/agent.ts', `${marking}${plainAgent}`);
    expect((await check()).code).toBe(0);
    expect(existsSync(flag)).toBe(true);
    project.remove('loaded');
    expect((await check()).code).toBe(0);
    expect(existsSync(flag)).toBe(true);
  });
});
