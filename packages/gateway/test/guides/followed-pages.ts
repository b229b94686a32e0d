import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { startGateway, warmProject } from '../acceptance/harness.ts';
import { launcher } from '../support/cli-process.ts';
import { pythonWithSdk } from '../support/python-with-sdk.ts';
import { startCommandServer } from './command-server.ts';
import { pageScript } from './page-script.ts';
import { inOrder, promised, workspaceRoot } from './pages.ts';
import { makePrograms } from './programs.ts';

/** A project with a gateway, in which a reader follows pages. */
export type Reader = {
  /**
   * Follows a page from its first block to its last, in a project that has SampleAgent alone. Rejects where a command
   * fails, and names the block before it.
   *
   * @returns What the page promises and nothing printed.
   */
  follow(page: string): Promise<readonly string[]>;
  stop(): Promise<void>;
};

/**
 * @param options.packages - A folder with `node_modules` and a Python with what clients need, of the nightly tests; with it
 *   those blocks are run that are left out by day.
 */
export async function startReader(
  options: { readonly packages?: string; readonly python?: string } = {},
): Promise<Reader> {
  const project = await warmProject();
  const { packages, python = pythonWithSdk() } = options;
  const install = async (name: string, folder: string) => {
    const path = join(project.root, 'node_modules', name);
    await mkdir(dirname(path), { recursive: true });
    await symlink(folder, path);
  };
  await install('dropgate', dirname(dirname(launcher)));
  for (const name of ['openai', 'zod', '@openai/agents']) {
    await install(name, join(workspaceRoot, 'node_modules', name));
  }
  for (const name of packages ? await packagesIn(join(packages, 'node_modules')) : []) {
    await install(name, join(packages ?? '', 'node_modules', name)).catch(() => undefined);
  }
  await project.copy(join(workspaceRoot, 'src/agents/SampleAgent'), 'src/agents/SampleAgent');
  await project.copy(join(workspaceRoot, 'docs/sample'), 'docs/sample');
  const gateway = await startGateway({ project, env: { GATEWAY_PYTHON: pythonWithSdk() } });
  const env = {
    DROPGATE_URL: gateway.url,
    DROPGATE_KEY: gateway.key,
    GATEWAY_PYTHON: pythonWithSdk(),
  };
  const { programs, close } = await startCommandServer(project.root, env);
  await makePrograms(join(project.root, 'bin'), { python, programs });

  const beginAnew = async () => {
    for (const folder of ['src/agents', 'src/tools']) {
      for (const name of await readdir(join(project.root, folder)).catch(() => [])) {
        if (name !== 'SampleAgent') await rm(join(project.root, folder, name), { recursive: true });
      }
    }
    await gateway.fetch('/agents/refresh', { method: 'POST' });
  };
  return {
    follow: async (page) => {
      await beginAnew();
      const staging = join(project.root, '.pages', page);
      const nightly = packages !== undefined;
      const script = pageScript(page, { staging, url: gateway.url, nightly });
      const { stdout } = await promisify(execFile)('sh', ['-eu', '-c', script], {
        cwd: project.root,
        env: {
          HOME: homedir(),
          PATH: `${join(project.root, 'bin')}:${process.env.PATH}`,
          ...env,
        },
      });
      const found = inOrder(stdout, promised(script));
      return promised(script).slice(found.length);
    },
    stop: async () => {
      close();
      await gateway.stop();
      await project.remove();
    },
  };
}

async function packagesIn(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  const scoped = names.filter((name) => name.startsWith('@'));
  const inScopes = scoped.map(async (scope) => {
    return (await readdir(join(folder, scope))).map((name) => `${scope}/${name}`);
  });
  return [
    ...names.filter((name) => !scoped.includes(name)),
    ...(await Promise.all(inScopes)).flat(),
  ];
}
