import { execFile } from 'node:child_process';
import { access, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startCli } from '../support/cli-process.ts';
import { startNpmRegistry, tarballOf } from '../support/npm-registry.ts';
import { call, diagnosticsOf } from './call.ts';
import {
  type GatewayOptions,
  packageRoot,
  startGateway,
  type TestGateway,
  warmProject,
} from './harness.ts';
import { processesIn } from './processes.ts';
import { createProject, type Project } from './project.ts';
import { until } from './until.ts';

const run = promisify(execFile);
const workspace = dirname(dirname(packageRoot));

const sayingWords = `import words from 'spark-words';\nexport const agent = { run: () => words };\n`;
const declaring = (dependencies: Readonly<Record<string, string>>) =>
  `${JSON.stringify({ dependencies }, null, 2)}\n`;
const words = (version: string, text: string) => ({
  name: 'spark-words',
  version,
  files: { 'index.js': `module.exports = ${JSON.stringify(text)};\n` },
});

/**
 * A project that is a workspace like this one: its scripts, its packages, agents of its own. It has no package.json
 * and no lock file, so that nothing can take it for one that is to be installed.
 */
async function workspaceLike(): Promise<Project> {
  const project = await warmProject();
  onTestFinished(() => project.remove());
  for (const name of ['node_modules', 'packages', 'scripts']) {
    await symlink(join(workspace, name), join(project.root, name));
  }
  return project;
}

async function start(options: GatewayOptions): Promise<TestGateway> {
  const gateway = await startGateway(options);
  onTestFinished(() => gateway.stop());
  return gateway;
}

async function refresh(gateway: TestGateway) {
  const response = await gateway.fetch('/agents/refresh', { method: 'POST' });
  expect(response.status).toBe(200);
  return (await response.json()) as { warnings: { code: string; message: string }[] };
}

const ask = (gateway: TestGateway, model: string) => call(gateway, gateway.key, { model });

/** Waits for the answer of a version: with the folders watched, a load may be under way already. */
function untilSays(gateway: TestGateway, model: string, text: string): Promise<unknown> {
  return until(`${model} to say ${text}`, async () => {
    return (await ask(gateway, model)).content === text;
  });
}

test('an agent that lacks a package is warned of, gets it from the script, and is ready', async () => {
  const project = await workspaceLike();
  const gateway = await start({ agents: ['Echo'], project });
  await project.write({
    'src/agents/Spark/agent.ts': sayingWords,
    'src/agents/Spark/package.json': declaring({ 'spark-words': 'file:../../../words.tgz' }),
  });
  await writeFile(join(project.root, 'words.tgz'), tarballOf(words('1.0.0', 'Sparks fly.')));

  const { warnings } = await refresh(gateway);
  const missing =
    'package.json asks for spark-words (file:../../../words.tgz), which is not installed.';
  const [diagnostic] = await diagnosticsOf(gateway, 'default/spark');
  expect(diagnostic).toMatchObject({
    stage: 'dependencies',
    code: 'missing_dependency',
    message: missing,
    line: 3,
    hint: 'Run `dropgate deps install default/spark`.',
  });
  expect(warnings.every(({ message }) => message === missing)).toBe(true);
  expect(await ask(gateway, 'default/spark')).toMatchObject({ status: 503 });

  const { stdout } = await run(join(project.root, 'scripts/install-agent-deps'), []);
  expect(stdout).toBe(
    'default/spark: installed 1 package in src/agents/Spark/node_modules.\ndefault/spark: is ready.\n',
  );
  expect(await ask(gateway, 'default/spark')).toMatchObject({ content: 'Sparks fly.' });
  expect(await diagnosticsOf(gateway, 'default/spark')).toEqual([]);
  expect(await ask(gateway, 'default/echo')).toMatchObject({ content: 'Hi' });
});

test('two agents with versions of one package that exclude each other both work, and follow their package.json', async () => {
  const { env } = await startNpmRegistry([words('1.5.0', 'One.'), words('2.5.0', 'Two.')]);
  const gateway = await start({
    files: {
      'src/agents/First/agent.ts': sayingWords,
      'src/agents/First/package.json': declaring({ 'spark-words': '^1.0.0' }),
      'src/agents/Second/agent.ts': sayingWords,
      'src/agents/Second/package.json': declaring({ 'spark-words': '^2.0.0' }),
    },
  });
  const { root, write } = gateway.project;
  const { code, out } = await startCli(root, ['deps', 'install'], { env }).ended;
  expect(code).toBe(0);
  expect(out).toContain('default/first: is ready.');
  expect(out).toContain('default/second: is ready.');
  expect(await ask(gateway, 'default/first')).toMatchObject({ content: 'One.' });
  expect(await ask(gateway, 'default/second')).toMatchObject({ content: 'Two.' });

  // The version that is there serves until the other is installed.
  await write({ 'src/agents/First/package.json': declaring({ 'spark-words': '^2.0.0' }) });
  await refresh(gateway);
  expect(await ask(gateway, 'default/first')).toMatchObject({ content: 'One.' });
  expect(await diagnosticsOf(gateway, 'default/first')).toMatchObject([
    { code: 'wrong_dependency_version', message: expect.stringContaining('version 1.5.0') },
  ]);
  await startCli(root, ['deps', 'install', 'first'], { env }).ended;
  await untilSays(gateway, 'default/first', 'Two.');

  // One that breaks is named with its place, and the agent goes on.
  await write({ 'src/agents/Second/package.json': '{\n  "dependencies": {,\n}\n' });
  await refresh(gateway);
  expect(await diagnosticsOf(gateway, 'default/second')).toMatchObject([
    { stage: 'dependencies', code: 'bad_package_json', severity: 'error', line: 2 },
  ]);
  expect(await ask(gateway, 'default/second')).toMatchObject({ content: 'Two.' });
});

test('an install that is killed half-way leaves all as it was, and the next one works', async () => {
  const { env, hold } = await startNpmRegistry([words('1.5.0', 'One.')]);
  const project = await createProject({
    'src/agents/Spark/agent.ts': sayingWords,
    'src/agents/Spark/package.json': declaring({ 'spark-words': '^1.0.0' }),
  });
  onTestFinished(() => project.remove());
  const folder = join(project.root, 'src/agents/Spark');
  const staging = join(project.root, 'src/agents/.dropgate-install-Spark');

  const download = hold('spark-words');
  const killed = startCli(project.root, ['deps', 'install'], { env });
  await download.begun;
  killed.child.kill('SIGKILL');
  await killed.ended;
  expect(await readdir(folder)).toEqual(['agent.ts', 'package.json']);
  await access(staging);

  download.release();
  const second = await startCli(project.root, ['deps', 'install'], { env }).ended;
  expect(second).toMatchObject({ code: 0, out: expect.stringContaining('installed 1 package') });
  expect(await readdir(join(project.root, 'src/agents'))).toEqual(['Spark']);
  expect(await processesIn(staging)).toEqual([]);
});
