import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway, warmProject } from '../acceptance/harness.ts';
import type { Project } from '../acceptance/project.ts';
import { type CommandServer, startCommandServer } from './command-server.ts';
import { pageScript } from './page-script.ts';
import { blocksOf, inOrder, promised, textOf, workspaceRoot } from './pages.ts';
import { makePrograms } from './programs.ts';
import { useOf } from './use-of-blocks.ts';

const run = promisify(execFile);
const page = 'docs/guides/OperatorRunbook.md';
const settings = blocksOf(page).filter((block) => useOf(block) === 'settings');

let project: Project;
let gateway: TestGateway;
let commands: CommandServer;

beforeAll(async () => {
  project = await warmProject();
  await project.write({
    'gateway.yaml': ['worker: { spares: 0 }', ...settings.map(({ text }) => text)].join('\n'),
  });
  await project.copy(join(workspaceRoot, 'src/agents/SampleAgent'), 'src/agents/SampleAgent');
  gateway = await startGateway({ project });
  commands = await startCommandServer(project.root, {
    DROPGATE_URL: gateway.url,
    DROPGATE_KEY: gateway.key,
  });
  const { programs } = commands;
  await makePrograms(join(project.root, 'bin'), { programs });
});
afterAll(async () => {
  commands?.close();
  await gateway?.stop();
  await project?.remove();
});

describe('the runbook', () => {
  test('works when it is followed from its first command to its last', async () => {
    const staging = join(project.root, '.pages');
    const script = pageScript(page, { staging, url: gateway.url });
    const { stdout } = await run('sh', ['-eu', '-c', patient(script)], {
      cwd: project.root,
      env: {
        HOME: homedir(),
        PATH: `${join(project.root, 'bin')}:${process.env.PATH}`,
        DROPGATE_URL: gateway.url,
        DROPGATE_KEY: gateway.key,
      },
    });
    expect(inOrder(stdout, promised(script))).toEqual(promised(script));
    expect(stdout).toContain('demo at noon, asked for by Carol');
  });

  test('names only metrics that there are', async () => {
    const exposition = await (await gateway.fetch('/metrics')).text();
    const named = new Set(textOf(page).match(/dropgate_\w+_total/g));
    expect([...named].filter((name) => !exposition.includes(`# TYPE ${name} `))).toEqual([]);
  });
});

/** A reader waits a second for what takes effect; here the state itself is waited for, however long it takes. */
function patient(script: string): string {
  const waiting = `
    sleep() { :; }
    curl() { until command curl "$@"; do command sleep 0.1; done; }
    until_asked() { until answer=$(ask) && [ "$answer" = "$1" ]; do command sleep 0.1; done; echo "$answer"; }
  `;
  return waiting + script.replaceAll(/^ask +# → (\d+)$/gm, 'until_asked $1');
}
