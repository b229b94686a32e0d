import { execFile } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway, warmProject } from '../acceptance/harness.ts';
import type { Project } from '../acceptance/project.ts';
import { launcher } from '../support/cli-process.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { pageScript } from './page-script.ts';
import { blocksOf, guidePages, inOrder, promised, workspaceRoot } from './pages.ts';
import { makePrograms } from './programs.ts';
import { useOf } from './use-of-blocks.ts';

const run = promisify(execFile);
const missing = await missingPython();
const python = missing ? '' : pythonWithSdk();

/** The runbook closes a namespace, so it has a gateway of its own, beside this file. */
const pages = guidePages().filter((page) => !page.endsWith('/OperatorRunbook.md'));
const uses = (page: string) => blocksOf(page).map(useOf);

let project: Project;
let gateway: TestGateway;

beforeAll(async () => {
  project = await warmProject();
  await installed('dropgate', dirname(dirname(launcher)));
  for (const name of ['openai', 'zod', '@openai/agents']) {
    await installed(name, join(workspaceRoot, 'node_modules', name));
  }
  await project.copy(join(workspaceRoot, 'src/agents/SampleAgent'), 'src/agents/SampleAgent');
  await project.copy(join(workspaceRoot, 'docs/sample'), 'docs/sample');
  await makePrograms(join(project.root, 'bin'), { python });
  gateway = await startGateway({ project, env: { GATEWAY_PYTHON: python } });
});
afterAll(async () => {
  await gateway?.stop();
  await project?.remove();
});

describe.skipIf(missing)(
  'a page works when it is followed from its first block to its last',
  () => {
    test.each(pages.filter((page) => uses(page).some((use) => use === 'run' || use === 'put')))(
      '%s',
      async (page) => {
        const staging = join(project.root, '.pages', page);
        const script = pageScript(page, { staging, url: gateway.url });
        const { stdout } = await run('sh', ['-eu', '-c', script], {
          cwd: project.root,
          env: {
            HOME: homedir(),
            PATH: `${join(project.root, 'bin')}:${process.env.PATH}`,
            DROPGATE_URL: gateway.url,
            DROPGATE_KEY: gateway.key,
          },
        });
        expect(inOrder(stdout, promised(script))).toEqual(promised(script));
      },
    );
  },
);

/** Makes a package that is there already one that npm installed. */
async function installed(name: string, folder: string): Promise<void> {
  const path = join(project.root, 'node_modules', name);
  await mkdir(dirname(path), { recursive: true });
  await symlink(folder, path);
}
