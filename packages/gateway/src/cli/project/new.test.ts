import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  plainAgent,
  type TemporaryProject,
  warmTemporaryProject,
} from '../../../test/support/temporary-project.ts';

let project: TemporaryProject;

beforeEach(() => {
  project = warmTemporaryProject();
});

afterEach(() => {
  project.dispose();
});

const make = (...args: string[]) => inProcessCli(project.folder)('new', ...args);
const read = (path: string) => readFileSync(join(project.folder, path), 'utf8');

async function check(env: Readonly<Record<string, string>> = {}) {
  const { code, out } = await inProcessCli(project.folder, env)('check', '--json');
  return { code, ...JSON.parse(out) };
}

describe('dropgate new', () => {
  test('writes an agent that loads, and says its model id and what comes next', async () => {
    expect(await make('Planner')).toEqual({
      code: 0,
      out: [
        'Made src/agents/Planner/agent.ts, served as model default/planner.',
        'Edit it, then: dropgate dev',
        '',
      ].join('\n'),
      err: '',
    });
    expect(await check()).toMatchObject({
      code: 0,
      agents: [
        {
          id: 'default/planner',
          status: 'ready',
          display_name: 'Planner',
          tools: ['find_order'],
          model: { name: null },
        },
      ],
      errors: [],
    });
  });

  test('writes a tool of the gateway that loads, and no second one of its name', async () => {
    expect(await make('forecast', '--tool')).toEqual({
      code: 0,
      out: [
        'Made src/tools/forecast.ts, the tool forecast of the gateway.',
        "Give it to an agent: tools: [gatewayTool('forecast')]",
        'Edit it, then: dropgate dev',
        '',
      ].join('\n'),
      err: '',
    });
    await make('Planner');
    expect(await check()).toMatchObject({ code: 0, errors: [] });
    expect((await make('Forecast', '--tool', '--python')).err).toContain(
      'src/tools/forecast.ts is there already. Take another name.',
    );
    expect((await make('tide-table', '--tool', '--python')).code).toBe(0);
    expect(read('src/tools/tide-table.py')).toContain('def tide_table(text: str) -> str:');
    expect((await make('import', '--tool', '--python')).code).toBe(0);
    expect(read('src/tools/import.py')).toContain('def import_(text: str) -> str:');
    expect((await make('1st', '--tool')).err).toContain('cannot be the name of a tool');
    expect((await make('fetch_doc', '--tool')).err).toContain(
      'fetch_doc is a tool of the gateway already, of kind fetch_doc. Take another name.',
    );
  });

  test('puts it into the folder of a namespace', async () => {
    const { code, out } = await make('Planner', '--namespace', 'Labs', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      id: 'labs/planner',
      file: 'src/agents/Labs/Planner/agent.ts',
      next: 'dropgate dev',
    });
    expect(await check()).toMatchObject({ code: 0, agents: [{ id: 'labs/planner' }] });
  });

  test('puts it into the first folder that the settings name', async () => {
    project.write('gateway.yaml', 'agents_dir: [team/agents, src/agents]\n');
    project.write('src/agents/Other/agent.ts', plainAgent);
    const { out } = await make('Planner', '--json');
    expect(JSON.parse(out)).toMatchObject({ file: 'team/agents/Planner/agent.ts' });
  });

  test('needs no folder for the default namespace', async () => {
    project.write('gateway.yaml', 'defaults: { namespace: team }\n');
    const { out } = await make('Planner', '--namespace', 'team', '--json');
    expect(JSON.parse(out)).toMatchObject({
      id: 'team/planner',
      file: 'src/agents/Planner/agent.ts',
    });
  });

  test('explains every field that __gateway__ may have, with values that are allowed', async () => {
    await make('Planner');
    const path = 'src/agents/Planner/agent.ts';
    const [code = '', metadata = ''] = read(path).split('// export const __gateway__');
    const uncommented = `export const __gateway__${metadata.replaceAll(/^\/\/ ?/gm, '')}`;
    project.write(path, code + uncommented);
    const key = { OPENAI_API_KEY: 'sk-unused' };
    expect(await check(key)).toMatchObject({
      code: 0,
      agents: [
        {
          display_name: 'Planner',
          model: { name: 'gpt-5-mini', source: '__gateway__' },
          upstream: { name: 'openai', source: '__gateway__' },
        },
      ],
      errors: [],
    });
    project.write(path, code + uncommented.replace('= {', '= { nonsense: 1,'));
    const [{ hint }] = (await check(key)).errors;
    const fields = /^Use one of (.+)\.$/.exec(hint)![1]!.split(', ');
    expect(fields.length).toBeGreaterThan(5);
    expect(fields.filter((field: string) => !metadata.includes(`//   ${field}: `))).toEqual([]);
  });

  test.each([
    ['my agent'],
    ['../x'],
    ['..'],
    ['.hidden'],
    ['_draft'],
    ['Ünicode'],
    ['node_modules'],
    [''],
    ['x'.repeat(101)],
  ])('refuses the name %j', async (name) => {
    const { code, out, err } = await make(name);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`${JSON.stringify(name)} cannot be the name of an agent`);
    expect(readdirSync(project.folder)).toEqual(['.dropgate']);
  });

  test('refuses a bad namespace, and says how one is given', async () => {
    const bad = await make('Planner', '--namespace', 'a/b');
    expect(bad.code).toBe(2);
    expect(bad.err).toContain('"a/b" cannot be the namespace of an agent');
    const joined = await make('labs/Planner');
    expect(joined.code).toBe(2);
    expect(joined.err).toContain('For a namespace use --namespace.');
  });

  test.each([
    ['src/agents/Planner/agent.ts', ['Planner'], 'src/agents/Planner'],
    ['src/agents/Planner/notes.md', ['Planner'], 'src/agents/Planner'],
    ['src/agents/planner/agent.py', ['PLANNER'], 'src/agents/planner'],
    ['agents/Planner/agent.ts', ['Planner'], 'agents/Planner'],
    ['src/agents/default/Planner/agent.ts', ['Planner'], 'src/agents/default/Planner'],
    ['agents/LABS/planner/agent.ts', ['Planner', '--namespace', 'labs'], 'agents/LABS/planner'],
  ])('leaves %s alone: %j is taken', async (path, args, folder) => {
    project.write(path, plainAgent);
    expect(await make(...args)).toEqual({
      code: 1,
      out: '',
      err: `error: ${folder} is there already. Take another name.\n`,
    });
    expect(read(path)).toBe(plainAgent);
  });

  test('refuses a namespace that is an agent, below which nothing is looked for', async () => {
    project.write('src/agents/labs/agent.ts', plainAgent);
    const { code, err } = await make('Planner', '--namespace', 'labs');
    expect(code).toBe(1);
    expect(err).toBe(
      'error: src/agents/labs is an agent itself, so it cannot hold others. Take another namespace.\n',
    );
  });

  test('writes one in Python', async () => {
    const { code, out } = await make('Planner', '--python', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ file: 'src/agents/Planner/agent.py' });
    expect(read('src/agents/Planner/agent.py')).toContain('name="Planner"');
  });

  test('says what is in the way of its folder', async () => {
    project.write('src', 'a file');
    const { code, err } = await make('Planner');
    expect(code).toBe(1);
    expect(err).toMatch(/agent\.ts cannot be written \((ENOTDIR|EEXIST)\)/);
  });

  test('names a refresh as what comes next while a gateway runs', async () => {
    const record = { pid: process.pid, address: 'http://127.0.0.1:1', token: 'dgl_x' };
    project.write('.dropgate/gateway.json', JSON.stringify(record));
    const { out } = await make('Planner', '--json');
    expect(JSON.parse(out)).toMatchObject({ next: 'dropgate agents refresh' });
  });
});
