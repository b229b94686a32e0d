import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CliProcess, startCli } from '../support/cli-process.ts';
import { patienceMs } from '../support/hang-limit.ts';
import { startTcpRelay } from '../support/tcp-relay.ts';
import { brokenAgent, plainAgent } from '../support/temporary-project.ts';
import { actor, hostile, hostileDesk, hostileFailure } from './fault-agents.ts';
import { type ConsoleScene, openConsole } from './open-console.ts';
import { startOtherSite } from './other-site.ts';

const settings = `security:
  rules:
    - { id: nobody-lists, effect: deny, action: call_tool, principals: ["nobody"], resources: ["list_rows"], reason: ${JSON.stringify(hostile)} }
`;

// One gateway and one browser serve all; most share one login, in two tabs.
let scene: ConsoleScene;
let page: Page;
let second: Page;
let gateway: CliProcess;
const complaints: string[] = [];
const outside = new Set<string>();

beforeAll(async () => {
  scene = await openConsole({
    'gateway.yaml': settings,
    'docs/hostile.md': hostile,
    'src/agents/Actor/agent.ts': actor,
    'src/agents/Desk/agent.ts': hostileDesk,
    'src/agents/Failing/agent.ts': hostileFailure,
  });
  gateway = scene.gateway;
  page = await scene.open('', { context: { reducedMotion: 'reduce' } });
  await watch(page.context());
});

afterAll(async () => {
  await scene?.close();
  gateway?.child.kill();
  await gateway?.ended;
});

/** Notes what pages of a browser complain of, what their policy forbids them, and whom they ask. */
async function watch(context: BrowserContext): Promise<void> {
  context.setDefaultTimeout(patienceMs);
  await context.addInitScript(
    "window.forbidden = []; addEventListener('securitypolicyviolation', (event) => window.forbidden.push(event.violatedDirective + ' ' + event.blockedURI))",
  );
  context.on('weberror', (error) => complaints.push(error.error().message));
  context.on('request', (request) => outside.add(new URL(request.url()).host));
}

async function called<Body>(path: string, init?: { method: string; body?: object }): Promise<Body> {
  const body = init?.body && { body: JSON.stringify(init.body) };
  const response = await scene.call(path, { ...init, ...body } as RequestInit);
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return (await response.json()) as Body;
}

const answered = (model: string, content: string) =>
  called('/v1/chat/completions', {
    method: 'POST',
    body: { model, messages: [{ role: 'user', content }] },
  });
const newKey = (name: string, role = 'admin') =>
  called<{ id: string; key: string }>('/security/keys', {
    method: 'POST',
    body: { role, name },
  });

const keyNames = async () =>
  (await called<{ keys: { name: string }[] }>('/security/keys')).keys.map(({ name }) => name);

/** Goes to a page of the console without loading anything anew. */
const turnTo = (path: string, on = page) =>
  on.evaluate(`history.pushState(null, '', ${JSON.stringify(`/console${path}`)})`);

async function logIn(on: Page, key = scene.key): Promise<void> {
  await on.getByLabel('API key').fill(key);
  await on.getByRole('button', { name: 'Log in' }).click();
  await on.getByRole('navigation').waitFor();
}

const question = (on = page) => on.getByLabel('Your question');

async function ask(content: string, on = page): Promise<void> {
  await question(on).fill(content);
  await question(on).press('Enter');
}

/** All that a page could have kept, with its address. */
const kept = (on = page) =>
  on.evaluate<string>(
    `(async () => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, await indexedDB.databases(), document.cookie, history.state, location.href]))()`,
  );

/** Lets time pass for logins, in the store: seconds since they were used, and until they end. */
function ageLogins(change: { readonly unused?: number; readonly left?: number }): void {
  const store = new DatabaseSync(join(scene.project.folder, '.dropgate/gateway.db'));
  const now = Math.floor(Date.now() / 1000);
  store.exec('PRAGMA busy_timeout = 5000');
  const set = change.unused === undefined ? 'ends_at' : 'last_used_at';
  store
    .prepare(`UPDATE console_sessions SET ${set} = ? WHERE kind = 'session'`)
    .run(now - (change.unused ?? 0) + (change.left ?? 0));
  store.close();
}

const loginSays = (said: string, on = page) =>
  on.getByRole('status').filter({ hasText: said }).waitFor();
const ended = 'Your session has ended. Log in again.';
const revoked = 'The key of your session is not valid any more';

describe('what others wrote', () => {
  test('runs nowhere, asks nobody outside, and leaves every page its width', async () => {
    await Promise.all([
      answered('default/desk', 'What is the weather in Paris?'),
      answered('default/desk', 'Please list_rows'),
      answered('default/desk', 'Send an email to Ada'),
    ]);
    const { runs } = await called<{ runs: { id: string }[] }>('/admin/runs');
    await answered('default/actor', 'huge');
    const [huge] = (await called<{ runs: { id: string }[] }>('/admin/runs?limit=1')).runs;
    const key = await newKey('N'.repeat(64));
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(`${scene.url}/console/playground?agent=default/desk`);
    await ask('What is the weather in Paris?');
    await page.getByRole('article').getByText('get_weather says').waitFor();
    await page.getByText('What it did').waitFor({ state: 'attached' });
    await expectHarmless('the playground');
    const pages: readonly (readonly [path: string, shown: string])[] = [
      ['/agents', 'default/desk'],
      ['/agents/default/desk', '<img src=x'],
      ['/agents/default/failing', '<img src=x'],
      ['/errors', '<img src=x'],
      ['/runs', 'default/desk'],
      ...runs.map(({ id }) => [`/runs/${id}`, 'default/desk'] as const),
      [`/runs/${huge?.id}`, 'default/actor'],
      ['/approvals', 'send_email'],
      ['/tools', 'fetch_doc'],
      ['/tools?tool=fetch_doc', 'Try it'],
      ['/security?tab=rules', 'nobody-lists'],
      ['/security?tab=rules&rule=nobody-lists', '<img src=x'],
      ['/security?tab=matrix', 'default/desk'],
      ['/security?tab=decisions', 'default/desk'],
      ['/keys', 'NNNN'],
      [`/keys/${key.id}`, 'NNNN'],
      ['/usage', 'default/desk'],
      ['/health', 'Workers'],
    ];
    for (const [path, shown] of pages) {
      await turnTo(path);
      const text = async () => (await page.locator('main').textContent())?.slice(0, 20_000);
      await expect
        .poll(text, { message: `${path} shows ${shown}`, timeout: patienceMs })
        .toContain(shown);
      if (path.startsWith('/runs/')) await showContents(path);
      if (path.startsWith('/tools?')) await callTool();
      await expectHarmless(path);
    }
    expect([...outside]).toEqual([new URL(scene.url).host]);
    expect(complaints).toEqual([]);
  });

  async function showContents(path: string): Promise<void> {
    const steps = page.getByRole('listbox', { name: 'Steps of the run' });
    const { steps: all } = await called<{ steps: { kind: string }[] }>(
      `/admin/runs/${path.split('/').at(-1)}`,
    );
    await steps.press('End');
    await page.getByRole('button', { name: 'Show contents' }).click();
    const at = all.findIndex(({ kind }) => kind === 'tool_call');
    if (at === -1) return;
    await page.getByRole('option').nth(at).click();
    const result = page.getByRole('tab', { name: 'Result' });
    await result.or(page.getByText('nothing')).first().waitFor();
    if (await result.isVisible()) await result.click();
  }

  async function callTool(): Promise<void> {
    await page.getByLabel('source', { exact: true }).fill('hostile.md');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    const result = page.getByRole('region', { name: 'Result' });
    await result.getByText('<img src=x').first().waitFor();
  }

  async function expectHarmless(where: string): Promise<void> {
    const found = await page.evaluate(`({
      hacked: window.hacked ?? null,
      forbidden: window.forbidden,
      fits: document.documentElement.scrollWidth <= innerWidth,
      alive: document.querySelectorAll('main script, main iframe, main link, main [onerror], main [onclick], a[href^="javascript:"], a[href^="data:"]').length,
    })`);
    expect([where, found]).toEqual([where, { hacked: null, forbidden: [], fits: true, alive: 0 }]);
  }
});

test('a page of another origin reads nothing, changes nothing and gets no frame', async () => {
  const before = await keyNames();
  const site = await startOtherSite(scene.url);
  const other = await page.context().newPage();
  const answeredPaths = new Set<string>();
  other.on('response', (response) => {
    const { host, pathname } = new URL(response.url());
    if (host === new URL(scene.url).host && response.status() < 400) answeredPaths.add(pathname);
  });
  try {
    for (const host of ['127.0.0.1', 'localhost']) {
      await other.goto(`http://${host}:${site.port}/`);
      expect(await other.evaluate('window.outcome')).toEqual({
        read: null,
        session: null,
        sent: null,
        removed: null,
        plain: 'opaque0',
        login: 'opaque0',
        form: 'loaded',
        script: null,
        image: null,
        frame: null,
        events: null,
      });
    }
    const opened = page.context().waitForEvent('page');
    await other.evaluate('window.openConsole()');
    const console = await opened;
    await console.getByRole('heading', { name: 'Keys', level: 1 }).waitFor();
    expect(await console.evaluate('[window.opener, window.name]')).toEqual([null, '']);
    expect(await other.evaluate('window.reachConsole()')).toEqual([true, null]);
    await console.close();
  } finally {
    await other.close();
    site.close();
  }
  expect(await keyNames()).toEqual(before);
  await page.reload();
  await page.getByRole('navigation').waitFor();
  // The page that everybody may load, of which no frame came.
  expect([...answeredPaths]).toEqual(['/console']);
});

describe('a login', () => {
  test('is for all tabs, which hear one stream; the next goes on with it when the first closes', async () => {
    await turnTo('/keys');
    second = await page.context().newPage();
    const streams = { first: 0, second: 0 };
    page.on('request', (request) => {
      if (request.url().includes('/admin/events')) streams.first += 1;
    });
    second.on('request', (request) => {
      if (request.url().includes('/admin/events')) streams.second += 1;
    });
    await second.goto(`${scene.url}/console/keys`);
    await newKey('heard-by-both');
    for (const tab of [page, second]) await tab.getByText('heard-by-both').waitFor();
    expect(streams).toEqual({ first: 0, second: 0 });
    const first = page;
    page = await page.context().newPage();
    const goesOn = second.waitForRequest(/\/admin\/events\?after=/);
    await first.close();
    await goesOn;
    await page.goto(`${scene.url}/console/keys`);
    await newKey('heard-after-it');
    for (const tab of [page, second]) await tab.getByText('heard-after-it').waitFor();
    expect(streams).toEqual({ first: 0, second: 1 });
  });

  test('that ends while an answer comes says why, and keeps answer and draft for the next one', async () => {
    await turnTo('/playground?agent=default/actor');
    await ask('wait');
    await page.getByText('I wait.').waitFor();
    await question().fill('half a thought');
    ageLogins({ unused: 3601 });
    for (const tab of [page, second]) await loginSays(ended, tab);
    expect(await kept()).not.toMatch(/dg_|half a|I wait/);
    await logIn(page);
    await page.getByText('I wait.').waitFor();
    await page.getByRole('alert').getByText('Your session has ended', { exact: true }).waitFor();
    await page.getByRole('alert').getByRole('button', { name: 'Try again' }).waitFor();
    expect(await question().inputValue()).toBe('half a thought');
    // The other tab is logged in by that too, with the token of the new login.
    await second.getByRole('button', { name: 'Make a key' }).waitFor();
    ageLogins({ left: 0 });
    for (const tab of [page, second]) await loginSays(ended, tab);
    await logIn(second);
    await page.getByRole('navigation').waitFor();
    expect(await question().inputValue()).toBe('half a thought');
  });

  test('by a link leaves no code behind, and ends with its key in every tab', async () => {
    const { id, key } = await newKey('short-lived');
    const link = await fetch(`${scene.url}/console/links`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
    });
    const { url } = (await link.json()) as { url: string };
    const context = await scene.browser.newContext({ locale: 'en-US' });
    await watch(context);
    const [one, two] = [await context.newPage(), await context.newPage()];
    await one.goto(url);
    await one.getByRole('navigation').waitFor();
    expect(await kept(one)).not.toMatch(/dg_|code|csrf/);
    expect(await kept(one)).not.toContain(url.split('=')[1]);
    await two.goto(`${scene.url}/console/tools`);
    await two.getByRole('navigation').waitFor();
    await called(`/security/keys/${id}`, { method: 'DELETE' });
    for (const tab of [one, two]) {
      await loginSays(revoked, tab);
    }

    // A caller hears of nothing, and is told when the window is seen again.
    const caller = await newKey('caller', 'caller');
    await logIn(one, caller.key);
    await two.getByRole('navigation').waitFor();
    await called(`/security/keys/${caller.id}`, { method: 'DELETE' });
    for (const tab of [one, two]) {
      await tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
      await loginSays(revoked, tab);
    }
    await context.close();
  });

  test('is left in all tabs at once, and no other gateway’s of the same host', async () => {
    const { hostname, port } = new URL(scene.url);
    const relay = await startTcpRelay({ host: hostname, port: Number(port) });
    const other = await page.context().newPage();
    await other.goto(`http://127.0.0.1:${relay.port}/console/playground?agent=default/actor`);
    await logIn(other);
    // Both cookies, as a browser sends them: it knows no ports.
    const cookies = await page.context().cookies(scene.url);
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    const stream = await fetch(`${scene.url}/admin/events`, { headers: { cookie } });
    expect(stream.status).toBe(200);
    const streamOver = stream.text().catch(() => null);
    await second.getByRole('button', { name: 'Log out' }).click();
    for (const tab of [page, second]) await loginSays('You are logged out.', tab);
    await streamOver;
    await other.reload();
    await other.getByRole('navigation').waitFor();
    await logIn(page);
    await second.getByRole('navigation').waitFor();

    // The way to that gateway is cut in the middle of an answer.
    await ask('wait', other);
    await other.getByText('I wait.').waitFor();
    await relay.cut();
    await other.getByRole('alert').getByText('The answer broke off').waitFor();
    await other.getByRole('status').getByText('The gateway does not answer.').waitFor();
    await relay.mend();
    await other.getByText('The gateway does not answer.').waitFor({ state: 'detached' });
    await other.getByText('I wait.').waitFor();
    await other.getByRole('alert').getByRole('button', { name: 'Try again' }).click();
    await other.getByText('Version 2 of 2').waitFor({ state: 'attached' });
    await other.getByText('I wait.').waitFor();
    await other.close();
    await relay.cut();
  });
});

test('what is acknowledged in one window is gone from the others', async () => {
  scene.project.write('src/agents/Broken/agent.ts', brokenAgent);
  for (const tab of [page, second]) await turnTo('/errors?agent=default/broken', tab);
  const broken = (tab: Page) => tab.getByRole('link', { name: /agents\/Broken/ });
  for (const tab of [page, second]) await broken(tab).waitFor();
  await broken(page).click();
  await page.getByRole('button', { name: 'Acknowledge', exact: true }).click();
  for (const tab of [page, second]) await broken(tab).waitFor({ state: 'detached' });
});

test('a browser that was offline hears of what happened meanwhile', async () => {
  for (const tab of [page, second]) await turnTo('/keys', tab);
  await page.context().setOffline(true);
  for (const tab of [page, second]) {
    await tab.getByRole('status').getByText('This computer is offline.').waitFor();
  }
  await newKey('made-meanwhile');
  await page.context().setOffline(false);
  for (const tab of [page, second]) {
    await tab.getByText('made-meanwhile').waitFor();
    await tab.getByText('This computer is offline.').waitFor({ state: 'detached' });
  }
});

test('over plain http from another host its pages work, without what browsers give https alone', async () => {
  const context = await scene.browser.newContext({ locale: 'en-US' });
  await watch(context);
  const plain = await context.newPage();
  await plain.goto(scene.url.replace('127.0.0.1', 'console.test').concat('/console/keys'));
  await logIn(plain);
  expect(await plain.evaluate('[isSecureContext, navigator.locks, crypto.randomUUID]')).toEqual([
    false,
    undefined,
    undefined,
  ]);
  await plain.getByRole('button', { name: 'Make a key' }).first().click();
  const dialog = plain.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('made-over-http');
  await dialog.getByRole('button', { name: 'Make it' }).click();
  await plain.evaluate(
    "addEventListener('copy', () => { window.copied = document.activeElement.value; })",
  );
  const told = dialog.getByText('Copied').waitFor({ state: 'attached' });
  await dialog.getByRole('button', { name: 'Copy the key' }).click();
  await told;
  expect(await plain.evaluate('window.copied')).toMatch(/^dg_[\w-]{43}$/);
  await newKey('heard-over-http');
  await plain.getByText('heard-over-http').waitFor({ state: 'attached' });
  await plain.goto(plain.url().replace('/keys', '/playground?agent=default/actor'));
  await ask('one', plain);
  await plain.getByRole('article').getByText('You said: one').waitFor();
  expect(await plain.evaluate('window.forbidden')).toEqual([]);
  await context.close();
});

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'a gateway that ends by %s and starts again is found again, and all is read anew',
  async (signal) => {
    const name = signal.toLowerCase();
    for (const tab of [page, second]) await turnTo('/agents', tab);
    for (const tab of [page, second])
      await tab.getByRole('row', { name: /default\/actor/ }).waitFor();
    gateway.child.kill(signal);
    await gateway.ended;
    for (const tab of [page, second]) {
      await tab.getByRole('status').getByText('The gateway does not answer.').waitFor();
    }
    scene.project.write(`src/agents/After-${name}/agent.ts`, plainAgent);
    await rm(join(scene.project.folder, 'src/agents/Failing'), { recursive: true, force: true });
    gateway = startCli(scene.project.folder, ['dev'], {
      env: { GATEWAY_PORT: new URL(scene.url).port },
    });
    // It is said for some seconds, in both at once.
    const told = [page, second].map((tab) =>
      tab.getByRole('status').getByText('The gateway was started again.').waitFor(),
    );
    await Promise.all(told);
    for (const tab of [page, second]) {
      await tab.getByRole('row', { name: `default/after-${name}` }).waitFor();
    }
    await gateway.until('Try it');
  },
);

test('nothing of this is an error of a page, or against its policy', async () => {
  expect(complaints).toEqual([]);
  for (const tab of [page, second]) expect(await tab.evaluate('window.forbidden')).toEqual([]);
});
