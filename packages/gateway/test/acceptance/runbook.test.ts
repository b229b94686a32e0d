import { execFile } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launcher } from '../support/cli-process.ts';
import { blocks, guide, inOrder, promised } from './guide.ts';
import { packageRoot, startGateway, type TestGateway, warmProject } from './harness.ts';
import type { Project } from './project.ts';

const run = promisify(execFile);
const workspaceRoot = dirname(dirname(packageRoot));
const runbook = guide('OperatorRunbook.md');

let project: Project;
let gateway: TestGateway;

beforeAll(async () => {
  project = await warmProject();
  await project.write({
    'gateway.yaml': ['worker: { spares: 0 }', ...blocks(runbook, 'yaml')].join('\n'),
  });
  await project.copy(join(workspaceRoot, 'src/agents/SampleAgent'), 'src/agents/SampleAgent');
  await makePrograms(join(project.root, 'bin'));
  gateway = await startGateway({ project });
});
afterAll(async () => {
  await gateway?.stop();
  await project?.remove();
});

describe('the runbook', () => {
  test('works when it is followed from its first command to its last', async () => {
    const script = blocks(runbook, 'sh').join('\n');
    const { stdout } = await run('sh', ['-eu', '-c', patient(script)], {
      cwd: project.root,
      env: {
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
    const named = new Set(runbook.match(/dropgate_\w+_total/g));
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

/** What a reader has in the PATH: `dropgate`, this Node, and `jq`, of which the runbook uses only paths. */
async function makePrograms(folder: string): Promise<void> {
  await mkdir(folder);
  await symlink(process.execPath, join(folder, 'node'));
  const programs = {
    dropgate: `#!/bin/sh\nexec "${process.execPath}" "${launcher}" "$@"\n`,
    jq: `#!/bin/sh\nexec "${process.execPath}" -e '${pathsOfJson}' "$2"\n`,
  };
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(join(folder, name), text);
    await chmod(join(folder, name), 0o755);
  }
}

const pathsOfJson = `
  let found = [JSON.parse(require("node:fs").readFileSync(0, "utf8"))];
  for (const step of process.argv[1].match(/\\w+|\\[\\]/g) ?? []) {
    found = step === "[]" ? found.flat() : found.map((each) => each[step]);
  }
  for (const each of found) console.log(each);
`;
