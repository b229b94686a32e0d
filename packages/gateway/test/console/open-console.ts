import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type CliProcess, startCli } from '../support/cli-process.ts';
import { patienceMs } from '../support/hang-limit.ts';
import { type TemporaryProject, warmTemporaryProject } from '../support/temporary-project.ts';
import { openBrowser } from './browser.ts';

/** A gateway in development with a real browser before it. */
export type ConsoleScene = {
  readonly project: TemporaryProject;
  readonly gateway: CliProcess;
  /** Such as `http://127.0.0.1:43211`. */
  readonly url: string;
  /** The admin's key. */
  readonly key: string;
  readonly browser: Browser;
  /** A page in a browser profile of its own, logged in by key; `path` is below `/console`. */
  readonly open: (path?: string, options?: OpenOptions) => Promise<Page>;
  /** Calls the gateway with the admin's key. */
  readonly call: (path: string, init?: RequestInit) => Promise<Response>;
  readonly close: () => Promise<void>;
};

export type OpenOptions = {
  readonly context?: Parameters<Browser['newContext']>[0];
  /** Default: the admin's. */
  readonly key?: string;
};

/**
 * Starts `dropgate dev` on a project with the given files, and a browser.
 *
 * @param files - Text by path below the project, such as `src/agents/A/agent.ts`.
 */
export async function openConsole(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<ConsoleScene> {
  const project = warmTemporaryProject();
  for (const [path, text] of Object.entries(files)) project.write(path, text);
  const [gateway, browser] = await Promise.all([
    startCli(project.folder, ['dev'], { env: { GATEWAY_PORT: '0', ...env } }),
    openBrowser(),
  ]);
  if (!browser) throw new Error('There is no browser on this machine.');
  const banner = await gateway.until('Try it');
  const url = /Serves at\s+(http:\/\/[\d.:]+)/.exec(banner)?.[1] ?? '';
  const key = /dg_[\w-]{43}/.exec(banner)?.[0] ?? '';
  const contexts: BrowserContext[] = [];
  const call: ConsoleScene['call'] = (path, init = {}) =>
    fetch(`${url}${path}`, {
      ...init,
      headers: {
        authorization: `Bearer ${key}`,
        ...(init.body ? { 'content-type': 'application/json' } : {}),
        ...init.headers,
      },
    });
  return {
    project,
    gateway,
    url,
    key,
    browser,
    call,
    async open(path = '', options = {}) {
      const context = await browser.newContext({ locale: 'en-US', ...options.context });
      context.setDefaultTimeout(patienceMs);
      contexts.push(context);
      const page = await context.newPage();
      await page.goto(`${url}/console`);
      await page.getByLabel('API key').fill(options.key ?? key);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('navigation').waitFor();
      if (path !== '') await page.goto(`${url}/console${path}`);
      return page;
    },
    async close() {
      await Promise.all(contexts.map((context) => context.close()));
      await browser.close();
      gateway.child.kill();
      await gateway.ended;
      project.dispose();
    },
  };
}
