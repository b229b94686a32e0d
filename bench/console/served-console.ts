import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openBrowser } from '../../packages/gateway/test/console/browser.ts';
import { builtConsole } from '../../scripts/built-console.ts';
import type { Contestant } from '../contest.ts';
import { startGatewayIn } from '../contestants.ts';
import { startScript, stop } from '../processes.ts';

/** A gateway with the console, an upstream behind it and a browser before it. */
export type ServedConsole = {
  readonly gateway: Contestant;
  /** Folder of its project, absolute. */
  readonly project: string;
  readonly browser: Browser;
  /** Logs a new browser profile in as an admin, at a path below `/console` of a server. */
  readonly open: (
    path: string,
    url?: string,
  ) => Promise<{ readonly context: BrowserContext; readonly page: Page }>;
  readonly close: () => Promise<void>;
};

/**
 * Starts them.
 *
 * @throws Error where the machine has no browser.
 */
export async function serveConsole(): Promise<ServedConsole> {
  // Else the first visit would wait for it.
  await builtConsole();
  const project = mkdtempSync(join(tmpdir(), 'dropgate-console-'));
  const upstream = await startScript([join(import.meta.dirname, '../upstream/mock-upstream.ts')], {
    env: { DELTAS: '50', PACE_MS: '0' },
  });
  const env = {
    OPENAI_BASE_URL: `http://127.0.0.1:${upstream.firstLine}/v1`,
    OPENAI_API_KEY: 'bench-upstream-key',
  };
  const gateway = await startGatewayIn(project, {
    name: 'gateway',
    env,
    role: 'admin',
    settings: 'console: { enabled: true }\n',
  });
  const browser = await openBrowser();
  if (!browser) throw new Error('There is no browser on this machine.');
  const key = gateway.target.headers.authorization?.replace('Bearer ', '') ?? '';
  return {
    gateway,
    project,
    browser,
    async open(path, url = gateway.target.url) {
      const context = await browser.newContext({ locale: 'en-US' });
      const page = await context.newPage();
      await page.goto(`${url}/console`);
      await page.getByLabel('API key').fill(key);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('navigation').waitFor();
      await page.goto(`${url}/console${path}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      return { context, page };
    },
    async close() {
      await browser.close();
      await stop(gateway.server);
      await stop(upstream);
      rmSync(project, { recursive: true, force: true });
    },
  };
}
