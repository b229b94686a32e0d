import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { pathWithout, pythonInPath } from '../../../test/support/python-in-path.ts';
import { startPythonIndex } from '../../../test/support/python-index.ts';
import { missingPython } from '../../../test/support/python-with-sdk.ts';
import { tempFolder, writeFiles } from '../../../test/support/temp-folder.ts';
import { writeWheel } from '../../../test/support/wheel.ts';
import { checkDependencies } from '../inspect-dependencies.ts';
import { createDependencyInstaller } from '../install/dependency-installer.ts';
import { createModuleRuntimes } from '../module-runtime.ts';
import { createPythonEnvironments, pythonDotenv, pythonSdkVersion } from './environments.ts';

const run = promisify(execFile);
const missing = await missingPython();

/** A module that needs a package which only lies beside it: pip is kept from the network, and uv from being taken. */
async function scene(files: Readonly<Record<string, string>>, more: NodeJS.ProcessEnv = {}) {
  const root = await tempFolder({ 'Spark/agent.py': 'import words\n' });
  const folder = join(root, 'Spark');
  writeWheel(join(root, 'wheels'), 'words', '1.0', 'def main():\n    print("One.")\n');
  writeWheel(join(root, 'wheels'), 'words', '2.0', 'def main():\n    print("Two.")\n');
  await writeFiles(folder, files);
  const environment = {
    PATH: pathWithout('uv'),
    HOME: process.env.HOME,
    PIP_NO_INDEX: '1',
    PIP_FIND_LINKS: join(root, 'wheels'),
    PIP_CONFIG_FILE: '/dev/null',
    ...more,
  };
  const stateFolder = join(root, '.dropgate');
  const python = pythonInPath();
  const pythons = createPythonEnvironments({ stateFolder, python, environment });
  const { signal } = new AbortController();
  const installer = createDependencyInstaller({ environment, pythons, signal });
  const module = {
    agentId: 'default/spark',
    modulePath: 'Spark/agent.py',
    folder,
    entry: join(folder, 'agent.py'),
    language: 'python' as const,
  };
  return {
    root,
    folder,
    pythons,
    module,
    check: () => checkDependencies(module, pythons),
    install: (scripts: 'run' | 'skip' = 'skip') => installer.install(module, { scripts }),
    plan: () => installer.plan(module),
    installShared: () => installer.installShared(),
  };
}

/** A package whose build fails by itself: it asks for nothing that would have to be downloaded. */
const brokenBuild = `[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
`;

describe.skipIf(missing)('an install of a module in Python', () => {
  test('gives it an environment of its own, whose programs work from where it lies', async () => {
    const { root, folder, check, install, plan, pythons, module } = await scene({
      'requirements.txt': 'words>=1,<2\n',
    });
    expect(await check()).toMatchObject([
      {
        code: 'missing_dependency',
        severity: 'error',
        line: 1,
        message: 'requirements.txt asks for words (>=1,<2), which is not installed.',
        hint: 'Run `dropgate deps install default/spark`.',
      },
    ]);
    expect(await plan()).toMatchObject({
      packages: [{ name: 'words', range: '>=1,<2', state: 'missing' }],
      target: join(folder, '.venv'),
      resolved: { packages: [{ name: 'words', version: '1.0' }], withScripts: [] },
      failure: null,
    });
    expect((await readdir(folder)).toSorted()).toEqual(['agent.py', 'requirements.txt']);
    expect(await install()).toMatchObject({
      type: 'installed',
      packages: [{ name: 'words', version: '1.0' }],
    });
    expect(await check()).toEqual([]);
    expect(await readFile(join(folder, 'requirements.lock'), 'utf8')).toContain('words==1.0\n');
    const saysWord = () => run(join(folder, '.venv/bin/say-words'));
    expect((await saysWord()).stdout).toBe('One.\n');
    expect(await pythons.choose(module)).toMatchObject({
      type: 'found',
      isOwn: true,
      facts: { interpreter: join(folder, '.venv/bin/python') },
    });
    expect(await install()).toEqual({ type: 'nothing_to_do', declares: true });
    expect(await plan()).toMatchObject({ packages: [{ state: 'ok' }], resolved: null });

    // One that fails leaves the old environment and tells pip’s reason.
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
    expect((await saysWord()).stdout).toBe('One.\n');
    expect((await readdir(root)).toSorted()).toEqual(['Spark', 'wheels']);
    await writeFile(join(folder, 'requirements.txt'), 'words==2.0\n');
    expect(await install()).toMatchObject({ type: 'installed', packages: [{ version: '2.0' }] });
    expect((await saysWord()).stdout).toBe('Two.\n');
  });

  test('leaves versions that exclude each other, and a package that does not build, to be told', async () => {
    const { folder, install, plan } = await scene({
      'requirements.txt': 'words==1.0\nwords==2.0\n',
    });
    expect(await plan()).toMatchObject({
      resolved: null,
      failure: {
        code: 'python_install_failed',
        hint: 'Change the versions in the requirements so that they fit together.',
      },
    });
    await writeFiles(folder, {
      'requirements.txt': './broken\n',
      'broken/pyproject.toml': brokenBuild,
      'broken/backend.py': 'raise SystemExit("no compiler here")\n',
    });
    expect(await install('run')).toMatchObject({
      failure: {
        code: 'python_install_failed',
        output: expect.stringContaining('no compiler here'),
        hint: expect.stringContaining('The package has to be built here and that failed.'),
      },
    });
    expect(await readdir(folder)).not.toContain('.venv');
  });
});

test.skipIf(missing)('another package brings the SDK in the version that it needs', async () => {
  const { root, folder, check, install } = await scene({
    'agent.py': 'import desk\nfrom agents import Agent\n',
    'requirements.txt': 'desk\n',
  });
  const sdk = (version: string) =>
    writeWheel(join(root, 'wheels'), 'openai_agents', version, 'def main(): ...\n');
  sdk('0.19.0');
  sdk(pythonSdkVersion);
  const brings = (range: string) =>
    writeWheel(join(root, 'wheels'), 'desk', '1.0', 'def main(): ...\n', [`openai-agents${range}`]);
  brings('<0.20');
  const packages = [
    { name: 'desk', version: '1.0' },
    { name: 'openai-agents', version: '0.19.0' },
  ];
  expect(await install()).toMatchObject({ type: 'installed', packages });
  expect(await check()).toEqual([]);
  // Where it leaves a choice, the version is the one that the gateway knows.
  await rm(join(folder, '.venv'), { recursive: true });
  await rm(join(folder, 'requirements.lock'));
  brings('>=0.19');
  expect(await install()).toMatchObject({
    packages: [{ name: 'desk' }, { name: 'openai-agents', version: pythonSdkVersion }],
  });
});

describe.skipIf(missing)('a module in Python', () => {
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

  test('that imports the SDK waits, without an error, while the environment it shares is made', async () => {
    const { root, check, module } = await scene({ 'agent.py': 'from agents import Agent\n' });
    const staging = join(root, '.dropgate/.dropgate-install-python');
    await mkdir(staging, { recursive: true });
    const waits = { code: 'python_environment_in_preparation', severity: 'info' };
    expect(await check()).toMatchObject([waits]);
    const { findRuntime } = createModuleRuntimes({
      stateFolder: join(root, '.dropgate'),
      python: null,
      environment: { PATH: process.env.PATH },
    });
    const found = { ...module, name: 'Spark' };
    expect(await findRuntime(found)).toMatchObject({
      interpreter: null,
      finding: waits,
      watched: expect.arrayContaining([join(staging, 'begun')]),
    });
    // Left behind by somebody who is gone.
    await utimes(staging, 1, 1);
    expect(await check()).toMatchObject([{ code: 'missing_dependency', severity: 'error' }]);
    expect(await findRuntime(found)).toMatchObject({ finding: null });
  });

  test('whose environment has another package of the name `agents` is told so', async () => {
    const { folder, check, module } = await scene({ 'agent.py': 'import agents\n' });
    await run('python3', ['-m', 'venv', '--without-pip', join(folder, '.venv')]);
    const [library = ''] = await readdir(join(folder, '.venv/lib'));
    await mkdir(join(folder, '.venv/lib', library, 'site-packages/agents-1.4.0.dist-info'));
    expect(await check()).toMatchObject([
      {
        code: 'missing_dependency',
        message:
          'The module imports the Agents SDK (openai-agents), but its environment has `agents` 1.4.0, another package.',
        hint: `Install it there: ${folder}/.venv/bin/pip install openai-agents`,
        file: module.entry,
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

  test('with a .venv of another interpreter is told so', async () => {
    const { folder, check, plan, pythons, module } = await scene({
      'requirements.txt': 'words\n',
      '.venv/pyvenv.cfg': `home = ${dirname(pythonInPath())}\n`,
      '.venv/lib/python3.9/site-packages/words.py': '',
      '.venv/bin/keep': '',
    });
    await symlink(pythonInPath(), join(folder, '.venv/bin/python'));
    expect(await check()).toMatchObject([
      {
        code: 'python_environment_of_another',
        message: expect.stringMatching(/^The \.venv was made for another Python .* which is 3\./),
        file: join(folder, '.venv'),
        hint: 'Remove the .venv, then run `dropgate deps install`.',
      },
    ]);
    expect(await pythons.choose(module)).toMatchObject({ type: 'none' });
    expect(await plan()).toMatchObject({
      packages: [{ name: 'words', state: 'missing' }],
      resolved: { packages: [{ name: 'words', version: '2.0' }] },
    });
  });

  test('is told of a Python that is too old, be it its own', async () => {
    const { root, folder, module } = await scene({ '.venv/bin/keep': '' });
    const old = join(folder, '.venv/bin/python');
    const facts = { version: '3.8.1', interpreter: old, packageFolders: [], markers: {} };
    await writeFile(old, `#!/bin/sh\necho '${JSON.stringify(facts)}'\n`, { mode: 0o755 });
    const pythons = createPythonEnvironments({
      stateFolder: join(root, '.dropgate'),
      python: old,
      environment: {},
    });
    const tooOld = {
      code: 'python_too_old',
      message: `Agents in Python need Python 3.10 or newer; ${old} is 3.8.1.`,
    };
    expect(await checkDependencies(module, pythons)).toMatchObject([
      { ...tooOld, file: join(folder, '.venv') },
    ]);
    const without = { ...module, folder: root };
    expect(await checkDependencies(without, pythons)).toMatchObject([
      { ...tooOld, file: join(folder, 'agent.py') },
    ]);
  });

  test('shares an environment with the SDK and python-dotenv, which one without it gets', async () => {
    // The operator's own index, as a file of pip's names it.
    const wheels = await tempFolder();
    writeWheel(wheels, 'openai_agents', pythonSdkVersion, '');
    writeWheel(wheels, 'python_dotenv', pythonDotenv.version, '');
    const index = await startPythonIndex(wheels);
    const asked = { PIP_NO_INDEX: undefined, PIP_FIND_LINKS: undefined, PIP_RETRIES: '1' };
    const PIP_CONFIG_FILE = join(wheels, 'pip.conf');
    await writeFile(PIP_CONFIG_FILE, `[global]\nindex-url = ${index}\n`);
    const { root, installShared, pythons, module } = await scene({}, { ...asked, PIP_CONFIG_FILE });
    const both = {
      type: 'installed',
      packages: [
        { name: 'openai-agents', version: pythonSdkVersion },
        { name: 'python-dotenv', version: pythonDotenv.version },
      ],
    };
    expect(await installShared()).toMatchObject(both);
    expect(await installShared()).toEqual({ type: 'nothing_to_do', declares: true });
    const library = join(root, '.dropgate/python/.venv/lib');
    const [version = ''] = await readdir(library);
    const packages = join(library, version, 'site-packages');
    const [info = ''] = (await readdir(packages)).filter((name) => /^python_dotenv-/.test(name));
    await rm(join(packages, info), { recursive: true });
    // Without its index a start makes nothing, and takes what there is.
    await writeFile(PIP_CONFIG_FILE, '[global]\nindex-url = http://127.0.0.1:9/simple/\n');
    expect(await installShared()).toMatchObject({
      failure: {
        message: 'The packages could not be installed: the package index cannot be reached',
      },
    });
    expect(await pythons.choose(module)).toMatchObject({
      type: 'found',
      facts: { interpreter: join(root, '.dropgate/python/.venv/bin/python') },
    });
    await writeFile(PIP_CONFIG_FILE, `[global]\nindex-url = ${index}\n`);
    expect(await installShared()).toMatchObject(both);
  });

  test('is told of the Python that it asks for and does not get', async () => {
    const { folder, check } = await scene({
      'pyproject.toml': '[project]\nname = "spark"\nrequires-python = ">=3.99"\n',
      'agent.py': '# /// script\n# requires-python = ">=3.10"\n# dependencies = []\n# ///\n',
    });
    expect(await check()).toMatchObject([
      {
        code: 'python_version_unfit',
        severity: 'warning',
        line: 3,
        file: join(folder, 'pyproject.toml'),
        message: expect.stringMatching(
          /^pyproject\.toml asks for Python >=3\.99; the agent gets 3\.\d+\.\d+ \(/,
        ),
        hint: 'Name one that fits with GATEWAY_PYTHON, then run `dropgate deps install default/spark`.',
      },
    ]);
  });

  test('is missed where only an extra of it lacks', async () => {
    const { folder, check } = await scene({ 'requirements.txt': 'words[loud]\n' });
    await run(pythonInPath(), ['-m', 'venv', '--without-pip', join(folder, '.venv')]);
    const [version = ''] = await readdir(join(folder, '.venv/lib'));
    const packages = join(folder, '.venv/lib', version, 'site-packages');
    const metadata = 'Name: words\nVersion: 1.0\nRequires-Dist: shout>=1; extra == "loud"\n';
    await writeFiles(packages, { 'words-1.0.dist-info/METADATA': metadata });
    expect(await check()).toMatchObject([
      {
        code: 'missing_dependency',
        message: 'requirements.txt asks for words[loud], of which shout is not installed.',
      },
    ]);
    await writeFiles(packages, { 'shout-1.0.dist-info/METADATA': 'Name: shout\n' });
    expect(await check()).toEqual([]);
  });

  test('without the SDK is told of it where a helper alone imports it', async () => {
    const { check, folder } = await scene({
      'agent.py': 'from desk.team import agent\n',
      'desk/team.py': 'from agents import Agent\nagent = Agent(name="A")\n',
    });
    await run(pythonInPath(), ['-m', 'venv', '--without-pip', join(folder, '.venv')]);
    expect(await check()).toMatchObject([
      { code: 'missing_dependency', file: join(folder, 'agent.py') },
    ]);
  });

  test('without requirements is in order when it needs nothing', async () => {
    const { check } = await scene({ 'agent.py': 'class agent:\n    pass\n' });
    expect(await check()).toEqual([]);
  });

  test('is warned of names that look like another package', async () => {
    const { check } = await scene({ 'requirements.txt': 'agents\nReqeusts>=2\nhttpx\n' });
    const lookalikes = (await check()).filter(({ code }) => code === 'lookalike_package');
    expect(lookalikes).toMatchObject([
      {
        message: "`agents` is not OpenAI's Agents SDK; on PyPI that is `openai-agents`.",
        severity: 'warning',
        line: 1,
      },
      {
        message: '`reqeusts` is one letter away from the well-known package `requests`.',
        severity: 'warning',
        line: 2,
        hint: 'If you mean `requests`, correct the name before anything is installed.',
      },
    ]);
  });
});
