// `node scripts/console/take-pictures.ts [FOLDER]`: writes pictures of every page of the console (light, dark, narrow) into
// `docs/pictures/console`, of a gateway with a demo project that it starts and ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { openBrowser } from '../../packages/gateway/test/console/browser.ts';
import { workspaceRoot } from '../source-files.ts';
import { brokenShop, writeDemoProject } from './demo-project.ts';

const views = {
  light: { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  narrow: { viewport: { width: 360, height: 740 }, colorScheme: 'light' },
} as const;

type Gateway = { readonly url: string; readonly key: string; readonly end: () => Promise<void> };

const target = process.argv[2] ?? join(workspaceRoot, 'docs/pictures/console');
const folder = await mkdtemp(join(tmpdir(), 'dropgate-pictures-'));
await writeDemoProject(folder);
const [gateway, browser] = await Promise.all([startGateway(), openBrowser()]);
if (!browser) throw new Error('There is no browser on this machine.');
try {
  await mkdir(target, { recursive: true });
  const shown = await fill(gateway);
  for (const name of Object.keys(views) as (keyof typeof views)[]) {
    await takeAll(browser, name, shown);
  }
} finally {
  await browser.close();
  await gateway.end();
  await rm(folder, { recursive: true, force: true });
}

async function startGateway(): Promise<Gateway> {
  const launcher = join(workspaceRoot, 'packages/gateway/bin/dropgate.cjs');
  const child = spawn(process.execPath, [launcher, 'dev'], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, GATEWAY_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let banner = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    banner += chunk;
    if (banner.includes('Try it')) break;
  }
  return {
    url: /Serves at\s+(http:\/\/[\d.:]+)/.exec(banner)?.[1] ?? '',
    key: /dg_[\w-]{43}/.exec(banner)?.[0] ?? '',
    async end() {
      child.kill();
      await once(child, 'close');
    },
  };
}

/** Paths of what the pictures show, by name. */
type Shown = Readonly<Record<string, string>>;

/** Has agents run, fail and wait, so that there is something to see. */
async function fill({ url, key }: Gateway): Promise<Shown> {
  const send = async (path: string, body?: unknown, secret = key) => {
    const response = await fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await response.json()) as Record<string, unknown>;
  };
  const ask = (model: string, content: string, secret?: string) =>
    send('/v1/chat/completions', { model, messages: [{ role: 'user', content }] }, secret);
  const made = await send('/security/keys', { name: 'shop-frontend', role: 'caller' });
  const secret = `${made.key}`;
  for (const city of ['Paris', 'Rome', 'Oslo', 'Lima', 'Kyoto', 'Quito']) {
    await ask('default/weather', `What is the weather in ${city}?`, secret);
  }
  await ask('labs/planner', 'Hand over to Trains: which trains are there from Rome to Paris?');
  await ask('labs/stock', 'Count stock of umbrellas');
  await ask('labs/planner', 'Plan a journey', secret);
  await ask('default/shop', 'Refund order 4711', secret);
  await ask('default/shop', 'Refund order 4712', secret);
  await writeFile(join(folder, 'src/agents/Shop/agent.ts'), brokenShop);
  await send('/agents/refresh', {});
  const { runs } = (await send('/admin/runs?agent=default/weather&limit=1')) as {
    runs: readonly { readonly run_id?: string; readonly id?: string }[];
  };
  return {
    agents: '/agents',
    playground: '/playground?agent=default/weather',
    errors: '/errors',
    runs: '/runs',
    run: `/runs/${runs[0]?.run_id ?? runs[0]?.id}`,
    tools: '/tools',
    security: '/security',
    keys: '/keys',
    usage: '/usage',
    approvals: '/approvals',
    health: '/health',
  };
}

async function takeAll(browser: Browser, view: keyof typeof views, shown: Shown): Promise<void> {
  const page = await browser.newPage({ ...views[view], locale: 'en-US', reducedMotion: 'reduce' });
  page.on('pageerror', (error) => console.error(`${view}: ${error.message}`));
  await page.goto(`${gateway.url}/console`);
  await page.getByLabel('API key').waitFor();
  await take(page, `login-${view}`);
  await page.getByLabel('API key').fill(gateway.key);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('navigation').waitFor();
  for (const [name, path] of Object.entries(shown)) {
    await page.goto(`${gateway.url}/console${path}`);
    if (name === 'playground') await chat(page);
    await page.waitForTimeout(600);
    await take(page, `${name}-${view}`);
  }
  await page.close();
}

async function chat(page: Page): Promise<void> {
  const box = page.getByRole('textbox', { name: 'Your question' });
  await box.fill('What is the weather in Paris?');
  await box.press('Enter');
  await page.getByText('21 °C').first().waitFor();
}

async function take(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(target, `${name}.jpg`), type: 'jpeg', quality: 82 });
}
