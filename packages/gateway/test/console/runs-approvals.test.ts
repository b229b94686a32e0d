import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { patienceMs } from '../support/hang-limit.ts';
import { accessibilityFaults } from './accessible.ts';
import { type ConsoleScene, openConsole } from './open-console.ts';

const hostile =
  '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script> [x](javascript:window.harmed=1) \\u001b[31mred';

const weather = (sentences: string) => `import { Agent, tool } from '@openai/agents';
import { z } from 'zod';
const getWeather = tool({
  name: 'get_weather',
  description: 'Tells the weather in a city.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => \`Sunny in \${city}. ${hostile}\`,
});
export const agent = new Agent({ name: 'Weather', instructions: 'Answer in ${sentences}.', tools: [getWeather] });
`;

const rules = `security:
  rules:
    - id: ask-first
      effect: require_approval
      action: call_tool
      principals: ['*']
      resources: [get_weather]
      when: args.city == 'Oslo'
      reason: Oslo is paid for, so ask a person.
`;

let scene: ConsoleScene;
const faults: string[] = [];

beforeAll(async () => {
  scene = await openConsole({
    'src/agents/Weather/agent.ts': weather('one sentence'),
    'src/agents/labs/Weather/agent.ts': weather('one sentence'),
    'gateway.yaml': rules,
  });
});

afterAll(() => scene.close());

async function open(path: string, options?: Parameters<ConsoleScene['open']>[1]): Promise<Page> {
  const page = await scene.open('', options);
  page.setDefaultTimeout(patienceMs);
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    const isRefusal = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isRefusal) faults.push(message.text());
  });
  await page.goto(`${scene.url}/console${path}`);
  return page;
}

async function ask(city: string, agent = 'default/weather'): Promise<void> {
  const messages = [{ role: 'user', content: `What is the weather in ${city}?` }];
  const body = JSON.stringify({ model: agent, user: 'ann', messages });
  const answer = await scene.call('/v1/chat/completions', { method: 'POST', body });
  expect(answer.status).toBe(200);
}

async function read<Body>(path: string): Promise<Body> {
  return (await scene.call(path)).json() as Promise<Body>;
}

const newestRun = async () =>
  (await read<{ runs: { id: string }[] }>('/admin/runs?limit=1')).runs[0]?.id ?? '';

/** Numbers of the step of the tool and of the last one: which comes first of two at once differs. */
async function placesOf(id: string) {
  const { steps } = await read<{ steps: { step: number; kind: string }[] }>(`/admin/runs/${id}`);
  const tool = steps.find(({ kind }) => kind === 'tool_call')?.step ?? 0;
  return { tool, last: steps.at(-1)?.step ?? 0 };
}

async function generation(): Promise<number | undefined> {
  const { agents } = await read<{ agents: { id: string; generation: number }[] }>('/admin/agents');
  return agents.find(({ id }) => id === 'default/weather')?.generation;
}

const pending = async () =>
  (await read<{ approvals: { id: string; run_id: string }[] }>('/admin/approvals?status=pending'))
    .approvals;

const harm = (page: Page) => page.evaluate('window.harmed ?? null');

async function expectSound(page: Page): Promise<void> {
  await page.emulateMedia({ colorScheme: 'light' });
  expect(await accessibilityFaults(page)).toEqual([]);
  const size = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await accessibilityFaults(page)).toEqual([]);
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  if (size) await page.setViewportSize(size);
  expect(await harm(page)).toBeNull();
}

describe('runs', () => {
  test('a run replayed, forked, made a test', async () => {
    await ask('Paris');
    const id = await newestRun();
    const page = await open('/runs');
    await page.getByRole('row', { name: 'default/weather' }).first().click();
    await page.waitForURL(`**/runs/${id}`);

    const steps = page.getByRole('listbox', { name: 'Steps of the run' });
    const { tool, last } = await placesOf(id);
    await steps.press('End');
    await page.getByRole('heading', { name: `${last} · ` }).waitFor();
    for (let step = last; step > tool; step -= 1) await steps.press('ArrowUp');
    await page.getByRole('heading', { name: `${tool} · get_weather` }).waitFor();
    expect(page.url()).toBe(`${scene.url}/console/runs/${id}?step=${tool}`);
    await steps.press('+');
    await page.getByRole('button', { name: 'Show all' }).click();
    const readsBefore = await contentsReads();
    await page.getByRole('button', { name: 'Show contents' }).click();
    await page.screenshot({ path: '/tmp/pr-scratch/t1.png' });
    await page.getByRole('tab', { name: 'Result' }).click();
    await page.getByText('Sunny in Paris. <img').waitFor();
    expect(await contentsReads()).toBe(readsBefore + 1);
    await steps.press('End');
    await page.getByText('get_weather says: Sunny in Paris').waitFor();
    await expectSound(page);

    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByRole('button', { name: 'Run it again' }).click();
    await page.getByText('It asked for the same, said the same').waitFor();
    scene.project.write('src/agents/Weather/agent.ts', weather('two sentences'));
    await expect.poll(generation, { timeout: patienceMs }).toBe(2);
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByLabel('With which files').selectOption('current');
    await page.getByRole('button', { name: 'Run it again' }).click();
    await page.getByText('differs at step 1').waitFor();
    expect(await page.locator('mark').allTextContents()).toEqual(['one sentence', 'two sentences']);

    await page.goto(`${scene.url}/console/runs/${id}?step=${tool}`);
    await page.getByRole('button', { name: 'Make a test' }).click();
    await page.getByLabel('Name of the test').fill('paris');
    await page.getByText('src/agents/Weather/tests/paris.json').waitFor();
    const downloaded = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download' }).click();
    const file = await downloaded;
    expect(file.suggestedFilename()).toBe('paris.json');
    expect(JSON.parse(await readFile(await file.path(), 'utf8'))).toEqual(
      await read(`/admin/runs/${id}/test`),
    );
    await page.getByRole('button', { name: 'Close' }).click();

    await page.getByRole('button', { name: 'Fork from here' }).click();
    await page.getByLabel('Give it another result').check();
    await page.getByRole('button', { name: 'Begin with what was recorded' }).click();
    const result = page.getByLabel('Result of the tool');
    await expect
      .poll(() => result.inputValue(), { timeout: patienceMs })
      .toContain('Sunny in Paris.');
    await result.fill('Rain in Paris.');
    await page.getByRole('button', { name: 'Go on live' }).click();
    await page.getByText('Runs again').waitFor();
    const fork = await newestRun();
    await page.waitForURL(`**/runs/${fork}`);
    await steps.press('End');
    await page.getByRole('button', { name: 'Show contents' }).click();
    await page.getByText('get_weather says: Rain in Paris.').waitFor();
    await page.getByRole('link', { name: id }).click();
    await page.getByRole('link', { name: fork }).waitFor();
    expect(faults).toEqual([]);
  });

  test('runs that begin meanwhile wait above what is read', async () => {
    await Promise.all(Array.from({ length: 14 }, (_, index) => ask(`City${index}`)));
    const page = await open('/runs', { context: { viewport: { width: 1200, height: 500 } } });
    const table = page.getByRole('table', { name: 'Runs, newest first' });
    await page.getByRole('row', { name: 'default/weather' }).first().waitFor();
    await ask('Rome');
    const rome = await newestRun();
    await page.locator(`a[href$="${rome}"]`).waitFor();
    await table.evaluate((element) => element.scrollTo({ top: 200 }));
    const top = await table.locator('[data-row="5"]').textContent();
    await ask('Lima');
    await page.getByRole('button', { name: '1 new run' }).waitFor();
    expect(await table.locator('[data-row="5"]').textContent()).toBe(top);
    await page.getByRole('button', { name: '1 new run' }).click();
    await page.locator(`[data-row="0"] a[href$="${await newestRun()}"]`).waitFor();

    await page.getByLabel('Agent', { exact: true }).fill('labs/weather');
    await page.getByText('No run fits these filters').waitFor();
    await page.goBack();
    await page.goto(`${scene.url}/console/runs?user=ann&outcome=finished`);
    await page.getByRole('row', { name: 'default/weather' }).first().waitFor();
    expect(await page.getByLabel('User', { exact: true }).inputValue()).toBe('ann');
    await expectSound(page);
    await page.goto(`${scene.url}/console/runs/run_none`);
    await page.getByText('There is no such run.').waitFor();
    expect(faults).toEqual([]);
  });
});

async function contentsReads(): Promise<number> {
  const { decisions } = await read<{ decisions: unknown[] }>(
    '/security/decisions?action=read_runs&limit=1000',
  );
  return decisions.length;
}

describe('approvals', () => {
  test('an approval given', async () => {
    for (let count = 0; count < 4; count += 1) await ask('Oslo');
    await ask('Oslo', 'labs/weather');
    const calls = await pending();
    const page = await open('/approvals');
    await page.getByRole('tab', { name: 'Waiting5' }).waitFor();
    const openCall = (index: number) =>
      page.goto(`${scene.url}/console/approvals?id=${calls[index]?.id}`);

    await openCall(4);
    await page.getByText('ask-first: Oslo is paid for, so ask a person.').waitFor();
    await page.getByText('"Oslo"', { exact: true }).waitFor();
    await expectSound(page);
    await page.getByLabel('Also later calls').check();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('Approved: get_weather of default/weather.').waitFor();
    await page.getByRole('status').getByText('finished').waitFor();
    await page.getByText('Answered by', { exact: true }).waitFor();

    // Somebody else answers while this answer is under way.
    await openCall(3);
    const { id, run_id } = calls[3] ?? { id: '', run_id: '' };
    await page.route(`**/v1/runs/${run_id}/approvals/${id}`, async (route) => {
      await scene.call(`/v1/runs/${run_id}/approvals/${id}`, {
        method: 'POST',
        body: JSON.stringify({ approve: true }),
      });
      await route.continue();
    });
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByText('Not answered: get_weather of default/weather.').waitFor();
    await page.getByText('Too late: the call of get_weather was approved before').waitFor();

    await page.getByLabel('Choose get_weather of default/weather').first().check();
    await page.getByLabel('Choose get_weather of default/weather').last().check();
    await page.getByText('2 calls', { exact: true }).waitFor();
    await page.getByLabel('Reason of a denial').fill('Ask Bob first.');
    await page.getByRole('button', { name: 'Deny' }).click();
    await expect.poll(async () => (await pending()).length, { timeout: patienceMs }).toBe(1);
    await page.getByRole('tab', { name: 'Waiting1' }).waitFor();

    await page.getByRole('tab', { name: 'Answered' }).click();
    await page.getByLabel('Status').selectOption('denied');
    await page.getByRole('row', { name: 'Ask Bob first.' }).first().click();
    await page.getByText('Went on as').waitFor();
    await expectSound(page);
    expect(faults).toEqual([]);
  });

  test('an operator sees and answers what waits in its namespaces', async () => {
    const body = JSON.stringify({ name: 'op', role: 'operator', namespaces: ['labs'] });
    const made = await scene.call('/security/keys', { method: 'POST', body });
    const { key } = (await made.json()) as { key: string };
    await ask('Oslo');
    const page = await open('/approvals', { key });
    await page.getByRole('tab', { name: 'Waiting1' }).waitFor();
    await ask('Oslo', 'labs/weather');
    await page.getByRole('tab', { name: 'Waiting2' }).waitFor();
    await page.getByLabel('Choose all').check();
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('Approved: get_weather of labs/weather.').first().waitFor();
    await page.getByText('No call waits').waitFor();
    await page.getByText('Its run goes on').first().waitFor();
    expect(faults).toEqual([]);
  });
});
