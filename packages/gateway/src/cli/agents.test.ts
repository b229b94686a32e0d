import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from '../../test/support/cli-process.ts';
import {
  brokenAgent,
  plainAgent,
  type TemporaryProject,
  temporaryProject,
} from '../../test/support/temporary-project.ts';
import { startTestGateway, type TestGateway } from '../testing.ts';

let project: TemporaryProject;
let gateway: TestGateway | null = null;

beforeEach(() => {
  project = temporaryProject();
});

afterEach(async () => {
  await gateway?.close();
  gateway = null;
  project.dispose();
});

async function serve(agents: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(agents)) project.write(path, text);
  gateway = await startTestGateway({ projectRoot: project.folder });
}

const run = (...args: string[]) => runCli(project.folder, ['agents', ...args]);

describe('dropgate agents list', () => {
  test('shows every agent with its state and file', async () => {
    await serve({
      'src/agents/Good/agent.ts': plainAgent,
      'src/agents/labs/Bad/agent.ts': brokenAgent,
    });
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
    await serve({ 'src/agents/Good/agent.ts': plainAgent });
    const { code, out } = await run('list', '--json');
    expect(code).toBe(0);
    const [agent] = JSON.parse(out).agents;
    expect(agent).toMatchObject({ id: 'default/good', status: 'ready', kind: 'runnable' });
    expect(agent.files[0].sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('tells how to make an agent where there is none', async () => {
    await serve({});
    expect(await run('list')).toMatchObject({
      code: 0,
      out: '',
      err: 'There is no agent yet. Make one with `dropgate new <Name>`.\n',
    });
  });
});

describe('dropgate agents refresh', () => {
  test('tells what was loaded, removed and left alone', async () => {
    await serve({
      'src/agents/Kept/agent.ts': plainAgent,
      'src/agents/Gone/agent.ts': plainAgent,
    });
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

  test('exits with 1 where an agent fails, and shows why', async () => {
    await serve({ 'src/agents/Good/agent.ts': plainAgent });
    project.write('src/agents/Good/agent.ts', brokenAgent);
    const failed = await run('refresh');
    expect(failed.code).toBe(1);
    expect(failed.out).toMatch(/^error: src\/agents\/Good\/agent\.ts:2:\d+\n/);
    expect(failed.out).toContain('2 | const second = ;');
    expect(failed.out).toContain('failed   default/good\n');
    const again = await run('refresh', '--json');
    expect(again.code).toBe(1);
    expect(JSON.parse(again.out)).toMatchObject({ scanned: 1, failed: ['default/good'] });
  });

  test('loads unchanged agents with --force', async () => {
    await serve({ 'src/agents/Good/agent.ts': plainAgent });
    const { code, out } = await run('refresh', '--force', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ unchanged: [], loaded: ['default/good'] });
  });

  test('says that it is at work where that takes longer than a second', async () => {
    await serve({});
    const slow = `await new Promise((resolve) => setTimeout(resolve, 2500));\n${plainAgent}`;
    project.write('src/agents/Slow/agent.ts', slow);
    expect(await run('refresh')).toMatchObject({ code: 0, err: 'Loading agents …\n' });
  });
});
