import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  brokenAgent,
  plainAgent,
  type TemporaryProject,
  warmTemporaryProject,
} from '../../../test/support/temporary-project.ts';
import { startTestGateway, type TestGateway } from '../../testing.ts';

let project: TemporaryProject;
let gateway: TestGateway | null = null;

/** One gateway for the tests of a `describe`, on these agents. */
function serveAll(agents: Readonly<Record<string, string>>): void {
  beforeAll(async () => {
    project = warmTemporaryProject();
    project.write('gateway.yaml', 'worker: { spares: 0 }\n');
    for (const [path, text] of Object.entries(agents)) project.write(path, text);
    gateway = await startTestGateway({ projectRoot: project.folder });
  });
  afterAll(async () => {
    await gateway?.close();
    gateway = null;
    project.dispose();
  });
}

const run = (...args: string[]) => inProcessCli(project.folder)('agents', ...args);

describe('dropgate agents list', () => {
  serveAll({ 'src/agents/Good/agent.ts': plainAgent, 'src/agents/labs/Bad/agent.ts': brokenAgent });

  test('shows every agent with its state and file', async () => {
    expect(await run('list')).toEqual({
      code: 0,
      out: [
        'AGENT         STATUS  GENERATION  MODEL  TOOLS  FILE',
        'default/good  ready   1           -      -      src/agents/Good/agent.ts',
        'labs/bad      failed  -           -      -      src/agents/labs/Bad/agent.ts',
        '',
      ].join('\n'),
      err: 'What is wrong: `dropgate agents errors`.\n',
    });
  });

  test('prints what the gateway says with --json', async () => {
    const { code, out } = await run('list', '--json');
    expect(code).toBe(0);
    const [agent] = JSON.parse(out).agents;
    expect(agent).toMatchObject({ id: 'default/good', status: 'ready', kind: 'runnable' });
    expect(agent.files[0].sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('tells how to make an agent where there is none', async () => {
    project.remove('src/agents');
    expect(await run('refresh')).toMatchObject({ code: 0 });
    expect(await run('list')).toMatchObject({
      code: 0,
      out: '',
      err: 'There is no agent yet. Make one with `dropgate new <Name>`.\n',
    });
  });
});

describe('dropgate agents refresh', () => {
  serveAll({ 'src/agents/Kept/agent.ts': plainAgent, 'src/agents/Gone/agent.ts': plainAgent });

  test('tells what was loaded, removed and left alone', async () => {
    project.remove('src/agents/Gone');
    project.write('src/agents/Added/agent.ts', plainAgent);
    expect(await run('refresh')).toMatchObject({
      code: 0,
      out: [
        'loaded   default/added',
        'removed  default/gone',
        '2 scanned: 1 unchanged, 1 loaded, 0 failed, 1 removed.',
        '',
      ].join('\n'),
    });
  });

  test('says that it is at work where that takes longer than a second', async () => {
    const slow = `await new Promise((resolve) => setTimeout(resolve, 2500));\n${plainAgent}`;
    project.write('src/agents/Added/agent.ts', slow);
    expect(await run('refresh')).toMatchObject({ code: 0, err: 'Loading agents …\n' });
    project.remove('src/agents/Added');
  });

  test('loads unchanged agents with --force', async () => {
    const { code, out } = await run('refresh', '--force', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ unchanged: [], loaded: ['default/kept'] });
  });

  test('exits with 1 where an agent fails, and shows why', async () => {
    project.write('src/agents/Kept/agent.ts', brokenAgent);
    const failed = await run('refresh');
    expect(failed.code).toBe(1);
    expect(failed.out).toMatch(/^error: src\/agents\/Kept\/agent\.ts:2:\d+\n/);
    expect(failed.out).toContain('2 | const second = ;');
    expect(failed.out).toContain('failed   default/kept\n');
    const again = await run('refresh', '--json');
    expect(again.code).toBe(1);
    expect(JSON.parse(again.out)).toMatchObject({ scanned: 1, failed: ['default/kept'] });
  });
});
