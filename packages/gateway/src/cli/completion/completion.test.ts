import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launcher } from '../../../test/support/cli-process.ts';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  type TemporaryProject,
  temporaryProject,
} from '../../../test/support/temporary-project.ts';

const run = promisify(execFile);

let project: TemporaryProject;
let cli: ReturnType<typeof inProcessCli>;

beforeAll(async () => {
  project = temporaryProject();
  project.write('src/agents/Hello/agent.ts', 'export const agent = 1;\n');
  project.write('src/agents/labs/Planner/agent.py', 'agent = 1\n');
  project.write('src/tools/lookup.ts', 'export const tool = 1;\n');
  project.write('bin/dropgate', `#!/bin/sh\nexec "${process.execPath}" "${launcher}" "$@"\n`);
  await chmod(join(project.folder, 'bin/dropgate'), 0o755);
  cli = inProcessCli(project.folder);
  await cli('keys', 'create', '--name', 'alice');
  await cli('keys', 'create', '--name', 'gone');
  await cli('keys', 'revoke', 'gone');
});

afterAll(() => project.dispose());

/** The values offered behind these words, of which the last one is begun. */
async function offered(...words: string[]): Promise<readonly string[]> {
  const { code, out, err } = await cli('__complete', '--', ...words);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out.split('\n').flatMap((line) => line.split('\t')[0] || []);
}

describe('what may come next', () => {
  test('are commands, those of a family, and their options', async () => {
    expect(await offered('ke')).toEqual(['keys']);
    expect(await offered('')).not.toContain('__complete');
    expect(await offered('keys', '')).toEqual([
      'create',
      'list',
      'limit',
      'rotate',
      'revoke',
      'help',
    ]);
    expect(await offered('restore', '--')).toEqual(['--check', '--replace', '--json', '--help']);
  });

  test('are the values that an argument or an option takes', async () => {
    expect(await offered('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(await offered('keys', 'create', '--name', 'x', '--role', '')).toContain('caller');
    expect(await offered('security', 'override', 'a')).toEqual(['allow']);
    expect(await offered('security', 'override', 'allow', 'call')).toEqual(['call_tool']);
  });

  test('are agents and keys of the project', async () => {
    expect(await offered('deps', 'plan', '')).toEqual(['default/hello', 'labs/planner']);
    expect(await offered('test', 'default/hello', 'labs')).toEqual(['labs/planner']);
    expect(await offered('runs', 'list', '--agent', 'la')).toEqual(['labs/planner']);
    expect(await offered('keys', 'revoke', '')).toEqual(['alice']);
  });

  test('is nothing where the shell knows better, or nobody knows', async () => {
    expect(await offered('backup', '')).toEqual([]);
    expect(await offered('nowhere', '')).not.toEqual([]);
    project.write('gateway.yaml', 'wrong: true\n');
    expect(await offered('deps', 'plan', '')).toEqual([]);
    project.remove('gateway.yaml');
  });
});

/** Whether this machine has a shell. */
async function has(shell: string): Promise<boolean> {
  return run(shell, ['-c', 'true']).then(
    () => true,
    () => false,
  );
}

async function inShell(shell: string, script: string): Promise<string> {
  const env = { PATH: `${project.folder}/bin:${process.env.PATH}`, HOME: project.folder };
  const { stdout } = await run(shell, ['-c', script], { cwd: project.folder, env });
  return stdout;
}

test('bash completes with what it prints', async () => {
  const press = (words: string, at: number) =>
    `COMP_WORDS=(${words}) COMP_CWORD=${at}; _dropgate dropgate; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const script = `source <(dropgate completion bash); ${press('dropgate deps pl', 2)}; ${press("dropgate deps plan ''", 3)}`;
  expect(await inShell('bash', script)).toBe('plan\ndefault/hello\nlabs/planner\n');
});

test.skipIf(!(await has('fish')))('fish completes with what it prints', async () => {
  const script = "dropgate completion fish | source; complete -C 'dropgate deps plan '";
  expect(await inShell('fish', script)).toBe('default/hello\tagent\nlabs/planner\tagent\n');
});

test.skipIf(!(await has('zsh')))('zsh completes with what it prints', async () => {
  const script = `
    compdef() { }
    _describe() { print -l -- "\${(@P)2}" }
    source <(dropgate completion zsh)
    words=(dropgate deps plan '') CURRENT=4
    _dropgate`;
  expect(await inShell('zsh', script)).toBe('default/hello:agent\nlabs/planner:agent\n');
});

test('a shell that nobody knows is wrong usage', async () => {
  expect(await cli('completion', 'tcsh')).toMatchObject({ code: 2 });
});
