import { execFile } from 'node:child_process';
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { tempFolder, writeFiles } from '../../test/support/temp-folder.ts';
import { writeWheel } from '../../test/support/wheel.ts';
import { checkDependencies } from './dependencies.ts';
import { createDependencyInstaller } from './install-dependencies.ts';
import { createPythonEnvironments } from './python-environments.ts';

const run = promisify(execFile);

/** A module that needs a package which only lies beside it: pip is kept from the network. */
async function scene(files: Readonly<Record<string, string>>) {
  const root = await tempFolder({ 'Spark/agent.py': 'import words\n' });
  const folder = join(root, 'Spark');
  writeWheel(join(root, 'wheels'), 'words', '1.0', 'def main():\n    print("One.")\n');
  writeWheel(join(root, 'wheels'), 'words', '2.0', 'def main():\n    print("Two.")\n');
  await writeFiles(folder, files);
  const environment = {
    ...{ PATH: process.env.PATH, HOME: process.env.HOME },
    ...{ PIP_NO_INDEX: '1', PIP_FIND_LINKS: join(root, 'wheels'), PIP_CONFIG_FILE: '/dev/null' },
  };
  const stateFolder = join(root, '.dropgate');
  const pythons = createPythonEnvironments({ stateFolder, python: null, environment });
  const { signal } = new AbortController();
  const installer = createDependencyInstaller({ environment, pythons, signal });
  const module = {
    ...{ agentId: 'default/spark', folder, entry: join(folder, 'agent.py') },
    language: 'python' as const,
  };
  return {
    ...{ root, folder, pythons, module },
    check: () => checkDependencies(module, pythons),
    install: () => installer.install(module, { scripts: 'skip' }),
    plan: () => installer.plan(module),
  };
}

/** Each makes environments, which takes seconds on a machine that is idle. */
const timeout = 180_000;

describe('an install of a module in Python', { timeout }, () => {
  test('gives it an environment of its own, whose programs work from where it lies', async () => {
    const { folder, check, install, plan, pythons, module } = await scene({
      'requirements.txt': 'words>=1,<2\n',
    });
    expect(await check()).toMatchObject([
      {
        ...{ code: 'missing_dependency', severity: 'error', line: 1 },
        message: 'requirements.txt asks for words (>=1,<2), which is not installed.',
        hint: 'Run `dropgate deps install default/spark`.',
      },
    ]);
    expect(await plan()).toMatchObject({ packages: [{ name: 'words', state: 'missing' }] });
    expect(await install()).toMatchObject({
      type: 'installed',
      packages: [{ name: 'words', version: '1.0' }],
    });
    expect(await check()).toEqual([]);
    expect(await readFile(join(folder, 'requirements.lock'), 'utf8')).toContain('words==1.0\n');
    const { stdout } = await run(join(folder, '.venv/bin/say-words'));
    expect(stdout).toBe('One.\n');
    expect(await pythons.choose(module)).toMatchObject({
      ...{ type: 'found', isOwn: true },
      facts: { interpreter: join(folder, '.venv/bin/python') },
    });
    expect(await install()).toEqual({ type: 'nothing_to_do', declares: true });
  });

  test('that fails leaves the old environment and tells pip’s reason', async () => {
    const { root, folder, check, install } = await scene({ 'requirements.txt': 'words==1.0\n' });
    await install();
    await writeFile(join(folder, 'requirements.txt'), 'words==9.0\n');
    expect(await check()).toMatchObject([
      {
        code: 'wrong_dependency_version',
        message: 'requirements.txt asks for words (==9.0), but what is installed is version 1.0.',
      },
    ]);
    expect(await install()).toMatchObject({
      type: 'failed',
      failure: {
        code: 'python_install_failed',
        message: expect.stringContaining('Could not find a version that satisfies'),
        hint: expect.stringContaining('Correct the name or version'),
      },
    });
    const { stdout } = await run(join(folder, '.venv/bin/say-words'));
    expect(stdout).toBe('One.\n');
    expect((await readdir(root)).toSorted()).toEqual(['Spark', 'wheels']);
    await writeFile(join(folder, 'requirements.txt'), 'words==2.0\n');
    expect(await install()).toMatchObject({ type: 'installed', packages: [{ version: '2.0' }] });
  });

  test('leaves versions that exclude each other, and a package that does not build, to be told', async () => {
    const { folder, install } = await scene({ 'requirements.txt': 'words==1.0\nwords==2.0\n' });
    expect(await install()).toMatchObject({
      failure: { hint: expect.stringMatching(/fit together|Correct/) },
    });
    await writeFiles(folder, {
      'requirements.txt': './broken\n',
      'broken/setup.py': 'raise SystemExit("no compiler here")\n',
    });
    expect(await install()).toMatchObject({ failure: { code: 'python_install_failed' } });
    expect(await readdir(folder)).not.toContain('.venv');
  });
});

describe('a module in Python', () => {
  test('that imports the SDK without having it is told of, without requirements too', async () => {
    const { folder, check } = await scene({ 'agent.py': 'from agents import Agent\n' });
    expect(await check()).toMatchObject([
      {
        code: 'missing_dependency',
        message: expect.stringContaining('imports the Agents SDK (openai-agents)'),
        hint: 'Run `dropgate deps install`.',
        file: join(folder, 'agent.py'),
      },
    ]);
  });

  test('with a .venv that cannot be started is told so', async () => {
    const { folder, check, pythons, module } = await scene({ '.venv/bin/keep': '' });
    await symlink('/nowhere/python3', join(folder, '.venv/bin/python'));
    expect(await check()).toMatchObject([
      {
        code: 'python_environment_broken',
        file: join(folder, '.venv'),
        hint: 'Remove the .venv, then run `dropgate deps install`.',
      },
    ]);
    expect(await pythons.choose(module)).toMatchObject({ type: 'none' });
  });

  test('is told of a Python that is too old', async () => {
    const { root, folder, module } = await scene({});
    const old = join(root, 'old-python');
    const facts = { version: '3.8.1', interpreter: old, packageFolders: [], markers: {} };
    await writeFile(old, `#!/bin/sh\necho '${JSON.stringify(facts)}'\n`, { mode: 0o755 });
    const pythons = createPythonEnvironments({
      ...{ stateFolder: join(root, '.dropgate'), python: old, environment: {} },
    });
    expect(await checkDependencies(module, pythons)).toMatchObject([
      {
        code: 'python_too_old',
        message: `Agents in Python need Python 3.10 or newer; ${old} is 3.8.1.`,
        file: join(folder, 'agent.py'),
      },
    ]);
  });

  test('without requirements is in order when it needs nothing', async () => {
    const { check } = await scene({ 'agent.py': 'class agent:\n    pass\n' });
    expect(await check()).toEqual([]);
  });

  test('is warned of a package that is not the SDK', async () => {
    const { check } = await scene({ 'requirements.txt': 'agents\n' });
    expect(await check()).toMatchObject([
      { code: 'missing_dependency' },
      {
        code: 'lookalike_package',
        message: "`agents` is not OpenAI's Agents SDK; on PyPI that is `openai-agents`.",
      },
    ]);
  });
});
