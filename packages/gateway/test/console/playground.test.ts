import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startCli } from '../support/cli-process.ts';
import { patienceMs } from '../support/hang-limit.ts';
import { accessibilityFaults } from './accessible.ts';
import { type ConsoleScene, openConsole } from './open-console.ts';
import { actor, desk, payer, settings } from './playground-agents.ts';

let scene: ConsoleScene;
/** The admin's. */
let page: Page;
/** What the page said of errors, and of what its policy forbids. */
let complaints: string[] = [];

beforeAll(async () => {
  scene = await openConsole({
    'gateway.yaml': settings,
    'src/agents/Desk/agent.ts': desk,
    'src/agents/Actor/agent.ts': actor,
    'src/agents/Payer/agent.ts': payer,
  });
  page = listened(await scene.open());
});
afterAll(() => scene.close());
afterEach(() => {
  const made = complaints;
  complaints = [];
  expect(made).toEqual([]);
});

describe('the playground', () => {
  test('streams an answer, and shows what the agent did, used and took', async () => {
    await chatWith('default/desk');
    await ask('What is the weather in Paris?');
    const first = answer(0);
    await first.getByText('It is sunny in Paris.').waitFor();
    await first.getByText('What it did').waitFor();
    await first.getByText('native').waitFor();
    await first.getByText(/\d+ in, \d+ out/).waitFor();
    await first.getByText(/first token \d+/).waitFor();
    expect(await first.getByRole('link', { name: 'Run' }).getAttribute('href')).toContain('run_');
    await first.getByRole('button', { name: /^get_weather/ }).click();
    await first.getByText('"city": "Paris"').waitFor();
    await announced('default/desk answered: get_weather says: It is sunny in Paris.');
    await ask('Please lose_ticket 7');
    await answer(1).getByText('failed', { exact: true }).first().waitFor();
    await ask('transfer to Expert please');
    await answer(2).getByText('Handed over to Expert').waitFor();
    await ask('Drink poison');
    await answer(3).getByText('A guardrail stopped this answer.').waitFor();
  });

  test('keeps draft and conversation while another page is shown, and the agent in its address', async () => {
    await chatWith('default/actor');
    await ask('one');
    await answer(0).getByText('You said: one').waitFor();
    await field(page).fill('half a ques');
    await page.getByRole('link', { name: 'Usage' }).click();
    await page.getByRole('heading', { name: 'Usage' }).waitFor();
    await page.goBack();
    await answer(0).getByText('You said: one').waitFor();
    expect(await field(page).inputValue()).toBe('half a ques');
    await page.getByRole('combobox', { name: 'Agent' }).selectOption('default/desk');
    await page.waitForURL(/agent=default%2Fdesk/);
    const stored = 'JSON.stringify([{ ...sessionStorage }, { ...localStorage }])';
    expect(await page.evaluate(stored)).not.toContain('half');
    await page.getByRole('button', { name: 'New chat' }).click();
    await expect.poll(() => answers().count()).toBe(0);
  });

  test('goes on in the same turn once a call is approved, here or by somebody else', async () => {
    await chatWith('default/desk');
    await ask('Send an email to Ada');
    const card = page.getByRole('region', { name: 'send_email needs your approval' });
    await card.getByText('"to": "Ada"').waitFor();
    expect(await answer(0).getByText('asks for approval').count()).toBe(0);
    await card.getByRole('button', { name: 'Approve', exact: true }).click();
    await answer(0).getByText('Sent to Ada.').waitFor();
    await ask('Send an email to Bob');
    await card.getByRole('button', { name: 'Deny' }).click();
    await card.getByLabel('Why not?').fill('Bob left');
    await page.keyboard.press('Enter');
    await answer(1).getByText('Bob left').waitFor();
    await ask('Send an email to Cleo');
    await card.getByRole('button', { name: 'Approve for this whole run' }).click();
    await answer(2).getByText('Sent to Cleo.').waitFor();
    await ask('Send an email to Dan');
    await card.waitFor();
    const { approvals } = await called('/admin/approvals?status=pending');
    const [{ id, run_id: runId }] = approvals;
    await called(`/v1/runs/${runId}/approvals/${id}`, { approve: true });
    await answer(3).getByText('Sent to Dan.').waitFor();
    expect(await answers().count()).toBe(4);
  });

  test('follows a run that somebody else lets go on, where it begins after the page asked', async () => {
    await chatWith('default/desk');
    let early = 0;
    const asksForCalls = /\/v1\/runs\/[^/]+\/approvals$/;
    // As it is told between the answer and the begin of the run that goes on with it.
    await page.route(asksForCalls, async (route) => {
      const response = await route.fetch();
      const said = await response.json();
      const isEarly = said.resumed_by !== null && early === 0;
      if (isEarly) early += 1;
      await route.fulfill({ response, json: isEarly ? { ...said, resumed_by: null } : said });
    });
    await ask('Send an email to Dan');
    await page.getByRole('region', { name: 'send_email needs your approval' }).waitFor();
    const { approvals } = await called('/admin/approvals?status=pending');
    const [{ id, run_id: runId }] = approvals;
    await called(`/v1/runs/${runId}/approvals/${id}`, { approve: true });
    await answer(0).getByText('Sent to Dan.').waitFor();
    await page.unroute(asksForCalls);
    expect(early).toBe(1);
  });

  test('asks about each of several calls until all are decided', async () => {
    await chatWith('default/payer');
    await ask('Pay both');
    const cards = page.getByRole('region', { name: 'pay needs your approval' });
    await cards.nth(1).waitFor();
    await cards.first().getByRole('button', { name: 'Approve', exact: true }).click();
    await answer(0).getByText('Approved').waitFor();
    await cards.getByText('"to": "Bob"').waitFor();
    expect(await answer(0).getByText('has to decide').count()).toBe(0);
    await cards.getByRole('button', { name: 'Approve', exact: true }).click();
    await answer(0).getByText('Both are paid.').waitFor();
    await expect.poll(() => answer(0).getByText('done').count()).toBe(2);
  });

  test('stops at Escape, branches where a question is edited, and asks again', async () => {
    await chatWith('default/actor');
    await ask('wait');
    await page.getByText('I wait.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('You stopped this answer.').waitFor();
    await scene.gateway.until('run cancelled');
    await field(page).press('ArrowUp');
    const edited = page.getByRole('textbox', { name: 'The question in other words' });
    await edited.fill('two');
    await edited.press('Enter');
    await answer(0).getByText('You said: two').waitFor();
    await page.getByText('Version 2 of 2').waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'Previous version' }).click();
    await page.getByText('I wait.').waitFor();
    await page.getByRole('button', { name: 'Next version' }).click();
    await answer(0).getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Version 3 of 3').waitFor({ state: 'attached' });
    await field(page).fill('first');
    await field(page).press('Shift+Enter');
    await field(page).pressSequentially('second');
    await field(page).press('Enter');
    await answer(1).getByText('second').waitFor();
  });

  test('sends only settings that are set, tells ignored ones, and gives the request as code without a key', async () => {
    await chatWith('default/desk');
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('System text').fill('Be short');
    await page.getByText('Desk does not take it.').first().waitFor();
    await page.getByLabel('Temperature').fill('warm');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByText('Enter a number.').waitFor();
    await page.getByLabel('Temperature').fill('0.5');
    await page.getByRole('button', { name: 'Done' }).click();
    const file = { name: 'dot.png', mimeType: 'image/png', buffer: Buffer.from(dot, 'base64') };
    await page.locator('input[type=file]').setInputFiles(file);
    await page.evaluate(dropText);
    await page.getByRole('button', { name: 'Remove note.txt' }).click();
    await page.evaluate(pasteLarge);
    await page.getByText('big.bin is left out').waitFor();
    const request = page.waitForRequest('**/v1/chat/completions');
    await ask('Look at it');
    const body = (await request).postDataJSON();
    expect(body).toEqual({
      model: 'default/desk',
      messages: [
        { role: 'system', content: 'Be short' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look at it' },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${dot}` } },
          ],
        },
      ],
      temperature: 0.5,
      stream: true,
      stream_options: { include_usage: true },
    });
    await answer(0).getByText('Had no effect: temperature').waitFor();
    await page.getByRole('button', { name: 'Code' }).click();
    const code = page.getByRole('dialog', { name: 'This request as code' });
    await code.getByText('$DROPGATE_KEY').waitFor();
    for (const [tab, own] of [
      ['TypeScript', 'process.env.DROPGATE_KEY'],
      ['Python', 'os.environ'],
    ] as const) {
      await code.getByRole('tab', { name: tab }).click();
      await code.getByText(own).waitFor();
    }
    expect(await code.textContent()).not.toContain('dg_');
  });

  test('asks two agents the same, side by side', async () => {
    await chatWith('default/desk');
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.waitForURL(/with=default%2Factor/);
    await ask('What is the weather in Rome?');
    await answer(0).getByText('It is sunny in Rome.').waitFor();
    await answer(1).getByText('You said: What is the weather in Rome?').waitFor();
    const [left, right] = await Promise.all([0, 1].map((at) => answer(at).boundingBox()));
    expect(left?.y).toBe(right?.y);
    expect((left?.x ?? 0) + (left?.width ?? 0)).toBeLessThan(right?.x ?? 0);
    await page.getByRole('button', { name: 'Edit and ask again' }).first().click();
    await page
      .getByRole('textbox', { name: 'The question in other words' })
      .fill('And in Oslo weather?');
    await page.keyboard.press('Enter');
    await answer(0).getByText('It is sunny in Oslo').waitFor();
    await answer(1).getByText('You said: And in Oslo weather?').waitFor();
    await page.getByRole('button', { name: 'Stop comparing' }).click();
    await page.waitForURL((url) => !url.search.includes('with='));
    await expect.poll(() => answers().count()).toBe(1);
  });

  test('shows hostile and huge answers without running, breaking or freezing anything', async () => {
    await chatWith('default/actor');
    await ask('hostile');
    const shown = answer(0);
    await shown.getByText('The end.').waitFor();
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(await shown.locator('img, script, iframe, form, input, style').count()).toBe(0);
    expect(
      await shown.getByRole('link').evaluateAll((links) => links.map((one) => one.textContent)),
    ).toEqual(['docs', 'Run']);
    expect(await shown.textContent()).toMatch(/<img src=x[\s\S]*a cat[\s\S]*red link/);
    await ask('huge');
    await answer(1).getByText('more characters are not shown here').waitFor();
    await page.getByRole('button', { name: 'Show all as plain text' }).click();
    await answer(1).locator('[class*="plain"] > div').nth(200).waitFor({ state: 'attached' });
    expect(await fits()).toBe(true);
  });

  test('keeps what came before a failure, and says what to do', async () => {
    await chatWith('default/actor');
    await ask('fail');
    await answer(0).getByText('The beginning of', { exact: true }).waitFor();
    await answer(0).getByRole('alert').getByText('Error: boom').waitFor();
    await page.context().setOffline(true);
    await ask('two');
    await answer(1).getByText('You are offline').waitFor();
    await page.context().setOffline(false);
    await page.context().clearCookies();
    await ask('three');
    await page.getByLabel('API key').fill(scene.key);
    await page.getByRole('button', { name: 'Log in' }).click();
    await answer(2).getByText('Your session has ended').first().waitFor();
    await answer(2).getByRole('alert').getByRole('button', { name: 'Try again' }).click();
    await answer(2).getByText('You said: three').waitFor();
    complaints = complaints.filter((one) => !/ERR_INTERNET_DISCONNECTED|401/.test(one));
  });

  test('is all that a caller sees, who is told of limits and of agents that are gone', async () => {
    const limits = { concurrent_runs: 1 };
    const made = { role: 'caller', name: 'Ada', namespaces: ['default'], limits };
    const { key } = await called('/security/keys', made);
    const page = listened(
      await scene.open('/playground?agent=default/actor&with=default/actor', { key }),
    );
    await field(page).waitFor();
    expect(await page.getByRole('navigation').getByRole('link').allTextContents()).toEqual([
      'Playground',
    ]);
    await ask('wait', page);
    const refused = page.getByRole('button', { name: /^Try again in \d+ s$/ });
    await refused.waitFor();
    expect(await refused.isDisabled()).toBe(true);
    expect(await page.getByRole('link', { name: 'Run' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.goto(`${scene.url}/console/playground?agent=default/desk`);
    await ask('Please close_shop', page);
    await page.getByText('Somebody else has to decide').waitFor();
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0);
    const { approvals } = await called('/admin/approvals?status=pending');
    const waits = approvals.find((one: { tool: string }) => one.tool === 'close_shop');
    await called(`/v1/runs/${waits.run_id}/approvals/${waits.id}`, { approve: true });
    await page.getByRole('article').getByText('It is closed.').waitFor();
    await page.goto(`${scene.url}/console/playground?agent=default/gone`);
    await page.getByRole('alert').getByText('“default/gone” is not served any more').waitFor();
    expect(await page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true);
    complaints = complaints.filter((one) => !one.includes('429'));
  });

  test('is there for everybody, in light and dark, and where there is little room', async () => {
    // Colours that change slowly are none of either scheme for a while.
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const wide = page.viewportSize() ?? { width: 1280, height: 720 };
    await chatWith('default/desk');
    expect(await accessibilityFaults(page)).toEqual([]);
    await ask('What is the weather in Paris?');
    await answer(0).getByText('native').waitFor();
    await ask('Send an email to Ada');
    await page.getByRole('button', { name: 'Approve', exact: true }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await answer(0).getByText('native').isVisible()).toBe(false);
    await answer(0).getByRole('button', { name: '1 step get_weather' }).click();
    await answer(0).getByText('native').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await fits()).toBe(true);
    await page.setViewportSize(wide);
    await page.emulateMedia({ colorScheme: null });
  });

  test('keeps what came when the gateway is killed, and goes on once it runs again', async () => {
    await chatWith('default/actor');
    await ask('wait');
    await answer(0).getByText('I wait.').waitFor();
    scene.gateway.child.kill('SIGKILL');
    await answer(0).getByText('The answer broke off').waitFor();
    await answer(0).getByText('I wait.').waitFor();
    await ask('four');
    await answer(1).getByText('The gateway is gone').waitFor();
    const env = { GATEWAY_PORT: new URL(scene.url).port };
    const next = startCli(scene.project.folder, ['dev'], { env });
    try {
      await next.until('Try it');
      await answer(1).getByRole('alert').getByRole('button', { name: 'Try again' }).click();
      await answer(1).getByText('You said: four').waitFor();
    } finally {
      next.child.kill();
      await next.ended;
    }
    complaints = [];
  });
});

const dot =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** Pastes a file that is larger than all that goes along with a question. */
const pasteLarge = `
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([new Uint8Array(21 * 1024 * 1024)], 'big.bin'));
  const field = document.querySelector('form textarea');
  field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
`;

/** Drops a file beside the field. */
const dropText = `
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(['Hi'], 'note.txt', { type: 'text/plain' }));
  document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
`;

/** Opens the playground with these agents, and nothing of before in it. */
async function chatWith(agents: string): Promise<void> {
  await page.goto(`${scene.url}/console/playground?agent=${agents}`);
  await field(page).waitFor();
}

/** Collects what a page complains of. The stream of events has tests of its own. */
function listened(heard: Page): Page {
  heard.setDefaultTimeout(patienceMs);
  heard.on('console', (message) => {
    const isOfEvents = message.location().url.includes('/admin/events');
    if (message.type() === 'error' && !isOfEvents) complaints.push(message.text());
  });
  heard.on('pageerror', (error) => complaints.push(error.message));
  return heard;
}

/** What the gateway answers the admin. */
async function called(path: string, body?: object) {
  const init = body ? { method: 'POST', body: JSON.stringify(body) } : {};
  return (await scene.call(path, init)).json() as Promise<any>;
}

function field(page: Page) {
  return page.getByLabel('Your question');
}

async function ask(question: string, on = page): Promise<void> {
  await field(on).fill(question);
  // It waits until the agents are there, and the answer before is whole.
  await on.getByRole('button', { name: 'Send', exact: true }).click();
}

function answers() {
  return page.getByRole('article');
}

function answer(at: number) {
  return answers().nth(at);
}

async function announced(said: string): Promise<void> {
  await page.getByRole('status').getByText(said).first().waitFor({ state: 'attached' });
}

/** Whether the page scrolls in no direction but down. */
function fits(): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth <= innerWidth');
}
