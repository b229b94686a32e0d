import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plainAgent } from '../support/temporary-project.ts';
import { accessibilityFaults } from './accessible.ts';
import { type ConsoleScene, openConsole } from './open-console.ts';

let scene: ConsoleScene;
/** What pages complained of. */
const noise: string[] = [];

beforeAll(async () => {
  scene = await openConsole({
    'src/agents/Hello/agent.ts': plainAgent,
    'src/agents/labs/Other/agent.ts': plainAgent,
    'gateway.yaml': 'upstreams: { away: { base_url: "http://127.0.0.1:9/v1", api: responses } }\n',
  });
});

afterAll(() => scene?.close());

function listenTo(page: Page): Page {
  page.on('pageerror', ({ message }) => noise.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      noise.push(message.text());
    }
  });
  return page;
}

const open = async (...args: Parameters<ConsoleScene['open']>) =>
  listenTo(await scene.open(...args));
const menuOf = (page: Page) => page.getByRole('navigation').getByRole('link').allInnerTexts();
const titleOf = (page: Page) => page.getByRole('heading', { level: 1 });

async function newKey(wanted: object): Promise<string> {
  const made = await scene.call('/security/keys', { method: 'POST', body: JSON.stringify(wanted) });
  return ((await made.json()) as { key: string }).key;
}

async function ask(content: string): Promise<void> {
  const messages = [{ role: 'user', content }];
  const body = JSON.stringify({ model: 'default/hello', messages });
  expect((await scene.call('/v1/chat/completions', { method: 'POST', body })).status).toBe(200);
}

describe('logging in', () => {
  test('goes by the link that the gateway prints, once', async () => {
    const made = await scene.call('/console/links', { method: 'POST' });
    const { url } = (await made.json()) as { url: string };
    const context = await scene.browser.newContext();
    const page = listenTo(await context.newPage());
    await page.goto(url);
    await page.getByRole('navigation').waitFor();
    expect(page.url()).not.toContain('code');
    const kept = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }])',
    );
    expect(kept).not.toMatch(/dg_|code/);
    await context.clearCookies();
    await page.goto('about:blank');
    await page.goto(url);
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toContain('dropgate console');
    expect(await accessibilityFaults(page)).toEqual([]);
    await context.close();
  });

  test('with a wrong key says so, and goes on with the right one', async () => {
    const context = await scene.browser.newContext();
    const page = listenTo(await context.newPage());
    await page.goto(`${scene.url}/console/health`);
    const button = page.getByRole('button', { name: 'Log in' });
    await button.click();
    await page.getByText('Enter a key.').waitFor();
    await page.getByLabel('API key').fill(`dg_${'x'.repeat(43)}`);
    await button.click();
    await page.getByText('unknown, expired or revoked').waitFor();
    await page.getByLabel('API key').fill(scene.key);
    await button.click();
    await titleOf(page).filter({ hasText: 'Health' }).waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByText('You are logged out.').waitFor();
    await context.close();
  });

  test('shows what the role may use: a caller’s key gets the playground alone', async () => {
    const caller = await newKey({ name: 'carl', role: 'caller' });
    const page = await open('/keys', { key: caller });
    await titleOf(page).filter({ hasText: 'Playground' }).waitFor();
    expect(await menuOf(page)).toEqual(['Playground']);
    const denied = await scene.call('/security/decisions?effect=deny&action=administer');
    // Nobody did anything wrong, so the log accuses nobody.
    expect(((await denied.json()) as { decisions: unknown[] }).decisions).toEqual([]);
    const operator = await newKey({ name: 'olga', role: 'operator', namespaces: ['labs'] });
    const other = await open('', { key: operator });
    await other.getByRole('link', { name: 'Security' }).waitFor();
    expect(await menuOf(other)).toEqual(['Playground', 'Approvals', 'Security']);
  });
});

describe('the frame', () => {
  test('goes by keyboard: a palette, a field for search, and back', async () => {
    const page = await open('/keys');
    await titleOf(page).filter({ hasText: 'Keys' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('heal');
    await page.keyboard.press('Enter');
    await titleOf(page).filter({ hasText: 'Health' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('option', { name: 'Chat with labs/other' }).click();
    await titleOf(page).filter({ hasText: 'Playground' }).waitFor();
    expect(page.url()).toContain('agent=labs');
    await page.goBack();
    await titleOf(page).filter({ hasText: 'Health' }).waitFor();
    await page.goto(`${scene.url}/console/runs`);
    await page.locator('[data-search]').waitFor();
    await page.locator('body').press('/');
    expect(await page.evaluate("document.activeElement?.hasAttribute('data-search')")).toBe(true);
    await page.goto(`${scene.url}/console/nowhere`);
    await titleOf(page).filter({ hasText: 'There is no such page' }).waitFor();
  });

  test('keeps the theme that is picked', async () => {
    const page = await open('/health', { context: { colorScheme: 'light' } });
    const back = () =>
      page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
    const light = await back();
    await page.getByRole('button', { name: /^Theme/ }).click();
    await page.getByRole('button', { name: 'Theme: light' }).click();
    await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
    const dark = await back();
    expect(dark).not.toBe(light);
    await page.reload();
    await titleOf(page).waitFor();
    expect(await back()).toBe(dark);
  });
});

describe('usage and health', () => {
  test('tell what was used, by whom, and follow the address', async () => {
    await ask('Hello?');
    const page = await open('/usage?by=key&show=runs&days=7');
    await page.getByRole('row', { name: /^dev \d/ }).waitFor();
    expect(await page.getByLabel('By', { exact: true }).inputValue()).toBe('key');
    await page.getByLabel('By', { exact: true }).selectOption('agent');
    await page.getByRole('link', { name: 'default/hello' }).waitFor();
    expect(page.url()).toContain('by=agent');
    await page.getByRole('img', { name: 'Runs a day, by agent' }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('link', { name: 'default/hello' }).click();
    await titleOf(page).filter({ hasText: 'Runs' }).waitFor();
  });

  test('tell how gateway, workers and upstreams are', async () => {
    const page = await open('/health');
    await page.getByRole('row', { name: /default\/hello/ }).waitFor();
    await page.getByRole('heading', { name: /^away/ }).waitFor();
    const figures = await page.locator('main dl').first().textContent();
    expect(figures).toMatch(/Gateway\s*Ready/);
    expect(figures).toMatch(/Store\s*SQLite/);
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test.each(['/usage', '/health'])('fit a window of 360 pixels, dark: %s', async (path) => {
    const page = await open(path, {
      context: { viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
    });
    await titleOf(page).waitFor();
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('link', { name: 'Runs' }).waitFor();
    await page.getByRole('button', { name: 'Menu' }).click();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('and no page complained', () => {
    expect(noise).toEqual([]);
  });
});
