import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPacked, packGateway } from '../support/packed-gateway.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { call } from './call.ts';
import { packageRoot, startGateway, type TestGateway } from './harness.ts';
import { createProject, type Project } from './project.ts';
import { until } from './until.ts';

const run = promisify(execFile);
const missing = await missingPython();

const typeScript = `import { Agent, tool } from '@openai/agents';
import { z } from 'zod';
const get_weather = tool({
  name: 'get_weather',
  description: 'Tells the weather in a city.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }: { city: string }) => \`It is sunny in \${city}.\`,
});
export const agent = new Agent({ name: 'Dropped', instructions: 'Help.', tools: [get_weather] });
`;
const python = `from agents import Agent, function_tool


@function_tool
def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    return f"It is sunny in {city}."


agent = Agent(name="Snake", instructions="Help.", tools=[get_weather])
`;

describe('the package as it is published, installed outside the workspace', () => {
  let project: Project;
  let gateway: TestGateway;
  let archive = '';

  beforeAll(async () => {
    project = await createProject({});
    archive = await packGateway(project.root);
    await installPacked(archive, project.root);
  });
  afterAll(async () => {
    await gateway?.stop();
    await project?.remove();
  });

  const npx = (...args: string[]) => {
    const { PATH } = process.env;
    const env = { PATH, HOME: homedir() };
    return run('npx', ['--offline', 'dropgate', ...args], { cwd: project.root, env });
  };
  const ask = (model: string) =>
    call(gateway, gateway.key, { model, content: 'What is the weather in Paris?' });
  const untilAnswers = (model: string) =>
    until(`${model} to answer`, async () => {
      return (await ask(model)).content.includes('It is sunny in Paris.');
    });

  test('holds what it names, with a README, the docs and a licence, and no test, no source and no cache', async () => {
    const { stdout } = await run('tar', ['-tzf', archive]);
    const files = stdout
      .trim()
      .split('\n')
      .map((file) => file.replace('package/', './'));
    const installed = join(project.root, 'node_modules/dropgate');
    const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
    const named = Object.values<Record<string, string>>(manifest.exports).flatMap(Object.values);
    const pages = ['authors', 'guides/OperatorRunbook', 'systems/security'];
    const docs = pages.map((page) => `./dist/docs/${page}.md`);
    const rules = './dist/deploy/observability/prometheus-rules.yaml';
    const wanted = [...named, ...docs, rules, './bin/dropgate.cjs', './README.md', './LICENSE'];
    expect(wanted.filter((file) => !files.includes(file))).toEqual([]);
    expect(wanted.length).toBeGreaterThan(6);
    const strays = /\.test\.|\/fixtures\/|\.py[co]$|(?<!\.d)\.ts$/;
    expect(files.filter((file) => strays.test(file))).toEqual([]);
  });

  test('holds a worker that says hello before it imports any package', async () => {
    const dist = join(project.root, 'node_modules/dropgate/dist');
    const reached = new Set([join(dist, 'worker/main.js')]);
    const packages: string[] = [];
    for (const file of reached) {
      const code = await readFile(file, 'utf8');
      for (const [, from = ''] of code.matchAll(/^import\b[^'"]*["']([^'"]+)["'];$/gm)) {
        if (from.startsWith('.')) reached.add(join(dirname(file), from));
        else if (!from.startsWith('node:')) packages.push(from);
      }
    }
    expect(reached.size).toBeGreaterThan(1);
    expect(packages).toEqual([]);
  });

  test('says how it is installed and started, in the words of the workspace', async () => {
    const own = await readFile(join(project.root, 'node_modules/dropgate/README.md'), 'utf8');
    const [, commands = ''] = /```sh\n(npm install dropgate\n.*?)```/s.exec(own) ?? [];
    expect(commands.match(/^npx dropgate \w+/gm)).toEqual([
      'npx dropgate init',
      'npx dropgate dev',
    ]);
    const readme = await readFile(join(packageRoot, '../../README.md'), 'utf8');
    expect(readme).toContain(commands);
  });

  test('makes a project, and says what comes next in commands that a shell finds', async () => {
    const { stdout } = await npx('init');
    expect(stdout).toContain('created  src/agents/SampleAgent/agent.ts');
    expect(stdout).toContain('npx dropgate dev\n');
  });

  test('serves it, and a file that is dropped', async () => {
    const program = join(project.root, 'node_modules/.bin/dropgate');
    gateway = await startGateway({ project, program, env: pythonHere() });
    expect(await ask('default/sampleagent')).toMatchObject({ status: 200, error: null });
    await project.write({ 'src/agents/Dropped/agent.ts': typeScript });
    await untilAnswers('default/dropped');
  });

  test('checks them', async () => {
    const program = join(project.root, 'node_modules/.bin/dropgate');
    const { PATH } = process.env;
    const { stdout } = await run(program, ['check', '--json'], {
      cwd: project.root,
      env: { PATH, HOME: homedir() },
    });
    const { agents, errors } = JSON.parse(stdout) as {
      agents: { id: string }[];
      errors: unknown[];
    };
    expect(agents.map(({ id }) => id)).toEqual(['default/dropped', 'default/sampleagent']);
    expect(errors).toEqual([]);
  });

  test.skipIf(missing)('serves a file in Python that is dropped', async () => {
    await project.write({ 'src/agents/Snake/agent.py': python });
    await untilAnswers('default/snake');
  });
});

/** Where the SDK is; making an environment for it would take a registry. */
function pythonHere(): Record<string, string> {
  return missing ? {} : { GATEWAY_PYTHON: pythonWithSdk() };
}
