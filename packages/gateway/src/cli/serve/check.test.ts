import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Ended, runCli } from '../../../test/support/cli-process.ts';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  brokenAgent,
  plainAgent,
  type TemporaryProject,
  warmTemporaryProject,
} from '../../../test/support/temporary-project.ts';

const oddAgent = `${plainAgent}export const __gateway__ = { modle: 'x' };\n`;

/** A project of these files that goes with the test. */
function projectOf(files: Readonly<Record<string, string>>): TemporaryProject {
  const project = warmTemporaryProject();
  onTestFinished(project.dispose);
  for (const [path, text] of Object.entries(files)) project.write(path, text);
  return project;
}

const check = (project: TemporaryProject, ...args: string[]) =>
  inProcessCli(project.folder)('check', ...args);

describe('dropgate check', () => {
  test('passes where every agent loads, and counts the warnings', async () => {
    const project = projectOf({
      'src/agents/Good/agent.ts': plainAgent,
      'src/agents/Odd/agent.ts': oddAgent,
      'agents/labs/Other/agent.mjs': plainAgent,
    });
    const { code, out } = await runCli(project.folder, ['check']);
    expect(code).toBe(0);
    expect(out.split('\n').slice(0, 4)).toEqual([
      'AGENT         STATUS  KIND      MODEL  TOOLS',
      'default/good  ready   runnable  -      -',
      'default/odd   ready   runnable  -      -',
      'labs/other    ready   runnable  -      -',
    ]);
    expect(out).toMatch(/^warning: src\/agents\/Odd\/agent\.ts:2:\d+$/m);
    expect(out).toMatch(/\n3 agents, 0 errors, 1 warning\.\n$/);
  });

  test('exits with 1 where two folders want one model id', async () => {
    const project = projectOf({
      'src/agents/Twin/agent.ts': plainAgent,
      'agents/twin/agent.ts': plainAgent,
    });
    const { code, out } = await check(project);
    expect(code).toBe(1);
    expect(out.replaceAll(/\s+/g, ' ')).toContain('both want the model id default/twin');
  });

  test('exits with 1 where there is no agent, and tells where it looked', async () => {
    const project = projectOf({});
    expect(await check(project)).toEqual({
      code: 1,
      out: '0 agents, 0 errors, 0 warnings.\n',
      err: `There is no agent in ${project.folder}: looked in src/agents and agents. Make one with \`dropgate new <Name>\`.\n`,
    });
  });

  test('loads again what loaded well before', async () => {
    const project = warmTemporaryProject();
    onTestFinished(project.dispose);
    const flag = join(project.folder, 'loaded');
    const marking = `import { writeFileSync } from 'node:fs';\nif (process.cwd() !== '/') writeFileSync(${JSON.stringify(flag)}, '');\n`;
    project.write('src/agents/Once/agent.ts', `${marking}${plainAgent}`);
    expect((await check(project)).code).toBe(0);
    expect(existsSync(flag)).toBe(true);
    project.remove('loaded');
    expect((await check(project)).code).toBe(0);
    expect(existsSync(flag)).toBe(true);
  });
});

describe('dropgate check, where some agents are broken,', () => {
  let project: TemporaryProject;
  let shown: Ended;
  beforeAll(async () => {
    project = warmTemporaryProject();
    project.write('src/agents/Good/agent.ts', plainAgent);
    project.write('src/agents/Bad/agent.ts', brokenAgent);
    project.write('src/lib/broken.ts', brokenAgent);
    project.write('src/agents/Leaning/agent.ts', `import '../../lib/broken.ts';\n${plainAgent}`);
    shown = await check(project);
  });
  afterAll(() => project.dispose());

  test('exits with 1 and shows the line of each', () => {
    const { code, out } = shown;
    expect(code).toBe(1);
    expect(out).toMatch(/^default\/bad +failed +- +- +-$/m);
    expect(out).toMatch(/^default\/good +ready +runnable +- +-$/m);
    expect(out).toMatch(/^error: src\/agents\/Bad\/agent\.ts:2:\d+$/m);
    expect(out).toContain('2 | const second = ;');
    expect(out).toMatch(/\n3 agents, 2 errors, 0 warnings\.\n$/);
  });

  test('shows an imported file below the project root', () => {
    expect(shown.out).toMatch(/^error: src\/lib\/broken\.ts:2:\d+$/m);
  });

  test('prints agents, errors and notices as JSON', async () => {
    const { code, out } = await check(project, '--json');
    expect(code).toBe(1);
    const { agents, errors, notices } = JSON.parse(out);
    expect(agents).toMatchObject([
      { id: 'default/bad', status: 'failed' },
      { id: 'default/good', status: 'ready' },
      { id: 'default/leaning', status: 'failed' },
    ]);
    expect(errors).toHaveLength(2);
    expect(errors).toContainEqual(
      expect.objectContaining({ agent_id: 'default/bad', code: 'syntax_error', line: 2 }),
    );
    expect(notices).toEqual([]);
  });
});
