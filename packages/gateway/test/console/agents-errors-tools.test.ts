import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { brokenAgent, plainAgent } from '../support/temporary-project.ts';
import { accessibilityFaults } from './accessible.ts';
import { type ConsoleScene, openConsole } from './open-console.ts';

const settings = `tools:
  gone: { kind: mcp, command: [no-such-program] }
`;

/** It fails where it is loaded, with a text that is to run in a browser, colour a terminal and turn the reading. */
const hostileAgent = `export const agent = { run: async () => '' };
throw new Error('\\u001b[31mred\\u001b[0m <img src=x onerror="window.hacked=1"> [x](javascript:hacked=1) \\u202e<script>hacked=1</script>' + 'long'.repeat(400));
`;

/** Its name is a mark-up of its author's. */
const namedAgent = `export const __gateway__ = { display_name: '<img src=x onerror="window.hacked=1">${'Name'.repeat(40)}' };
export const agent = { run: async () => 'Hello.' };
`;

const failingAgent = `export const agent = {
  run: async () => {
    throw new Error('The order is lost.');
  },
};
`;

let scene: ConsoleScene;
let page: Page;
const said: string[] = [];

beforeAll(async () => {
  scene = await openConsole({
    'gateway.yaml': '{}\n',
    'docs/data.json': '{"city":"Paris","days":[1,2,3]}',
    'docs/large.md': 'All of it. '.repeat(20_000),
  });
  page = await scene.open('', { context: { reducedMotion: 'reduce' } });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') said.push(message.text());
  });
  page.on('pageerror', (error) => said.push(error.message));
});

afterAll(() => scene?.close());

function agentFile(name: string, text: string): void {
  scene.project.write(`src/agents/${name}/agent.ts`, text);
}

function go(path: string): Promise<unknown> {
  return page.goto(`${scene.url}/console${path}`);
}

function see(text: string | RegExp): Promise<void> {
  return page.getByText(text).first().waitFor();
}

test('the first agent that is dropped while the page is open takes the place of the help', async () => {
  await page.getByRole('heading', { name: 'Drop your first agent' }).waitFor();
  await page.getByText("import { Agent, tool } from '@openai/agents';").waitFor();
  await page.getByRole('tab', { name: 'Python' }).click();
  await page.getByText('src/agents/Hello/agent.py', { exact: true }).waitFor();
  await page.getByText('npx dropgate new Hello', { exact: true }).waitFor();
  agentFile('Hello', plainAgent);
  const row = page.getByRole('row', { name: /default\/hello/ });
  await row.getByText('Ready').waitFor();
  await expect.poll(() => row.textContent()).toContain('src/agents/Hello/agent.ts');
  // The mark of a change stays for a moment, so it is looked for while nobody does.
  await page.evaluate(`new MutationObserver(() => {
    if (document.querySelector('[role=row][data-fresh]')) window.sawFresh = true;
  }).observe(document.body, { subtree: true, childList: true, attributes: true })`);
  agentFile('Hello', `${plainAgent}// Another version.\n`);
  await expect.poll(() => page.evaluate('window.sawFresh')).toBe(true);
  await expect.poll(() => row.getByRole('cell').nth(2).textContent()).toBe('2');
});

test('a broken save is shown with its line, and is gone when mended', async () => {
  await go('/errors');
  await see('Nothing is wrong');
  agentFile('Hello', brokenAgent);
  await page.getByRole('heading', { name: 'syntax_error' }).waitFor();
  await page.locator('.cm-marked', { hasText: 'const second = ;' }).waitFor();
  await see(/src\/agents\/Hello\/agent\.ts:2:\d+/);
  await see('From the guide');
  await page.getByRole('link', { name: 'default/hello' }).click();
  await see('Version 2 goes on serving.');
  await see('Degraded');
  await page.getByRole('link', { name: 'Open in Errors' }).first().click();
  await see('Version 2');
  agentFile('Hello', `${plainAgent}// Mended.\n`);
  await see('Nothing is wrong');
});

test('what happens while the page connects is not missed', async () => {
  let connect = () => {};
  const connected = new Promise<void>((resolve) => {
    connect = resolve;
  });
  await page.route('**/admin/events*', async (route) => {
    await connected;
    await route.continue();
  });
  await go('/errors');
  await see('Nothing is wrong');
  agentFile('Late', brokenAgent);
  await expect
    .poll(async () => (await scene.call('/admin/agents/errors')).text())
    .toContain('Late');
  connect();
  await page.getByRole('heading', { name: 'syntax_error' }).waitFor();
  await page.unroute('**/admin/events*');
  scene.project.remove('src/agents/Late');
  await see('Nothing is wrong');
});

test('an agent goes back to a kept version, and is released', async () => {
  await go('/agents/default/hello');
  const chat = page.getByRole('link', { name: 'Chat' });
  expect(await chat.getAttribute('href')).toBe('/console/playground?agent=default%2Fhello');
  await page.getByRole('listitem').filter({ hasText: 'Version 1' }).getByRole('button').click();
  await page.getByRole('dialog').getByText('Serve version 1 again?').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click();
  await see('Version 1 serves.');
  await page.getByRole('button', { name: 'Release' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Release' }).click();
  await see('default/hello serves what is on disk.');
  await page.getByRole('button', { name: 'Refresh', exact: true }).click();
  await see(/\d+ loaded, 1 unchanged, 0 failed, 0 removed/);
  await go('/agents/default/nobody');
  await see('There is no agent default/nobody');
});

describe('with agents that fail and texts that are hostile', () => {
  beforeAll(async () => {
    agentFile('Hostile', hostileAgent);
    agentFile('Named', namedAgent);
    agentFile('Failing', failingAgent);
    await go('/agents');
    await page
      .getByRole('row', { name: /default\/failing/ })
      .getByText('Ready')
      .waitFor();
    await page
      .getByRole('row', { name: /default\/named/ })
      .getByText('Ready')
      .waitFor();
    const body = { model: 'default/failing', messages: [{ role: 'user', content: 'Hi' }] };
    for (const _ of [1, 2]) {
      const init = { method: 'POST', body: JSON.stringify(body) };
      expect((await scene.call('/v1/chat/completions', init)).status).toBe(500);
    }
  });

  test('a failure of a run leads to its run, and can be acknowledged', async () => {
    await go('/errors');
    await page.getByLabel('Stage', { exact: true }).selectOption('Run');
    await see('The order is lost.');
    await see('2 times');
    const href = await page.getByRole('link', { name: 'Open the run' }).getAttribute('href');
    expect(href).toMatch(/^\/console\/runs\/run_/);
    await page.getByRole('button', { name: 'Acknowledge', exact: true }).click();
    await see('Nothing fits these filters');
    await page.getByRole('button', { name: 'Clear filters' }).click();
  });

  test('a hostile text is text', async () => {
    await go('/errors?q=onerror');
    const message = page.getByRole('article').getByText(/red <img src=x onerror/);
    expect(await message.textContent()).toContain('red <img src=x onerror="window.hacked=1"> [x](');
    await go('/agents/default/named');
    await page.getByRole('heading', { level: 1, name: /^<img src=x onerror/ }).waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(await page.locator('main img').count()).toBe(0);
  });

  test.each([
    ['/agents', 'default/named'],
    ['/agents/default/hostile', 'No version is kept yet.'],
    ['/errors', 'From the guide'],
    ['/tools', 'fetch_doc'],
    ['/tools?tool=fetch_doc', 'minLength'],
  ])('%s is for everybody, in the dark and on a phone', async (path, last) => {
    await go(path);
    await see(last);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await accessibilityFaults(page)).toEqual([]);
    const size = page.viewportSize() ?? { width: 1280, height: 720 };
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    await page.setViewportSize(size);
  });

  test('all that is shown is acknowledged, after asking', async () => {
    agentFile('Other', brokenAgent);
    await go('/errors');
    await page.getByRole('link', { name: /agents\/Other/ }).focus();
    await page.keyboard.press('End');
    const focused = () => page.evaluate<string>('document.activeElement.textContent');
    await expect.poll(focused).toContain('import_failed');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'import_failed' }).waitFor();
    await page.getByRole('button', { name: 'Acknowledge all' }).click();
    await page.getByRole('dialog').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Acknowledge' }).click();
    await see(/\d acknowledged\./);
    await see('Nothing is wrong');
  });
});

test('a tool is tried with a form or JSON, and says what came of it', async () => {
  await go('/tools');
  scene.project.write('gateway.yaml', settings);
  await page.getByRole('button', { name: 'Refresh' }).click();
  await see('The settings were read again. Tools: 1.');
  const server = page.getByRole('listitem').filter({ hasText: 'gone' });
  await server.getByText('Not ready').waitFor();
  await page.getByRole('link', { name: 'fetch_doc' }).click();
  await see('No agent asks for it.');
  const call = page.getByRole('button', { name: 'Call', exact: true });
  await call.click();
  await see('Give a value.');
  await page.getByLabel('source', { exact: true }).fill('data.json');
  await call.click();
  const result = page.getByRole('region', { name: 'Result' });
  await result.getByText('Ok', { exact: true }).waitFor();
  await result.getByText(/Paris/).waitFor();
  await result.getByText(/^took /).waitFor();
  await page.getByRole('tab', { name: 'JSON' }).click();
  const whole = page.getByLabel('Arguments as JSON');
  expect(await whole.inputValue()).toBe('{\n  "source": "data.json"\n}');
  await whole.fill('{ source }');
  await call.click();
  await see(/This is no JSON: /);
  await whole.fill('{ "source": "large.md" }');
  await call.click();
  await result.getByText('The result was longer than this tool may give, and is cut.').waitFor();
  await see('0 failed, 0 denied');
  await whole.fill('{ "source": "none.md" }');
  await call.click();
  await result.getByText('Failed', { exact: true }).waitFor();
});

test('nothing of this is an error to the browser', () => {
  expect(said).toEqual([]);
});
