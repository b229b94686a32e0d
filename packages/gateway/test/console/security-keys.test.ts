import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plainAgent } from '../support/temporary-project.ts';
import { accessibilityFaults } from './accessible.ts';
import { type ConsoleScene, openConsole } from './open-console.ts';

const hostile = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>';

const settings = `security:
  rules:
    - { id: vault-is-shut, effect: deny, action: run_agent, principals: ["alice"], resources: ["labs/vault"], reason: '${hostile} Ask Carl.' }
    - { id: two-pairs-of-eyes, effect: require_approval, action: call_tool, principals: ["*"], resources: ["erase"] }
`;

// One gateway and one browser serve all; a page is logged in once and goes from address to address.
let scene: ConsoleScene;
let page: Page;
const noise: string[] = [];

beforeAll(async () => {
  scene = await openConsole({
    'gateway.yaml': settings,
    'src/agents/Open/agent.ts': plainAgent,
    'src/agents/labs/Vault/agent.ts': plainAgent,
  });
  page = await scene.open('/security');
  page.on('console', (message) => {
    const isRefusal = message.text().includes('status of 4');
    if (message.type() === 'error' && !isRefusal) noise.push(message.text());
  });
  page.on('pageerror', ({ message }) => noise.push(message));
});

afterAll(async () => {
  await scene?.close();
});

async function newKey(wanted: object): Promise<{ id: string; key: string }> {
  const response = await scene.call('/security/keys', {
    method: 'POST',
    body: JSON.stringify(wanted),
  });
  return (await response.json()) as { id: string; key: string };
}

/** The status that a run of the vault is answered with. */
async function runVault(key: string): Promise<number> {
  const response = await scene.call('/v1/chat/completions', {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'labs/vault', messages: [{ role: 'user', content: 'Hi' }] }),
  });
  return response.status;
}

const goTo = (path: string) => page.goto(`${scene.url}/console${path}`);
const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true });
const field = (label: string) => page.getByLabel(label, { exact: true });

describe('security', () => {
  test('explains a denied call, permits it for a while, and tells when that is over', async () => {
    const { key } = await newKey({ name: 'alice', role: 'caller' });
    await goTo('/security?tab=decisions&effect=deny');
    await page.getByText('No decision fits').waitFor();
    expect(await runVault(key)).toBe(404);
    const denied = page.getByRole('row').filter({ hasText: 'labs/vault' });
    await denied.click();
    const why = page.getByRole('dialog', { name: 'Why denied' });
    await why.getByText(`${hostile} Ask Carl.`).waitFor();
    await why.getByRole('link', { name: 'vault-is-shut' }).waitFor();
    await why.getByText('The same, by the same rule.').waitFor();
    await why.getByText('so the override breaks glass').waitFor();
    await why.getByText('It permits this and nothing else of what is known.').waitFor();
    await button('Permit for 1 minute').click();
    await why.getByText('Say why it is permitted.').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await why.getByLabel('Reason').fill('Carl is away.');
    await button('Permit for 1 minute').click();
    await why.getByText('Permitted: ends in').waitFor();
    expect(await runVault(key)).toBe(200);
    await button('End it now').click();
    const over = why.getByText('The permission has ended: it is denied again.');
    await over.waitFor();
    expect(await runVault(key)).toBe(404);

    // The same by itself: it is over when its second is.
    await why.getByLabel('Reason').fill('Carl is away for a second.');
    await why.getByLabel('Other time, in seconds').fill('1');
    await button('Permit for 1 s').click();
    await over.waitFor({ state: 'detached' });
    await over.waitFor();
    expect(await runVault(key)).toBe(404);
    const listed = await (await scene.call('/security/overrides')).json();
    const { overrides } = listed as { overrides: { state: string }[] };
    const byState = Object.groupBy(overrides, ({ state }) => state);
    expect([...(byState.expired ?? []), ...(byState.revoked ?? [])]).toMatchObject([
      {
        state: 'expired',
        principal: expect.stringMatching(/^key_/),
        action: 'run_agent',
        resource: 'labs/vault',
        effect: 'allow',
        break_glass: true,
        reason: 'Carl is away for a second.',
      },
      { state: 'revoked', reason: 'Carl is away.' },
    ]);
  });

  test('lists rules by tier, reads gateway.yaml again, and says what is wrong with it', async () => {
    await goTo('/security');
    await page.getByRole('heading', { name: 'Tier 3 Denials of gateway.yaml' }).waitFor();
    await page.getByRole('row').filter({ hasText: 'vault-is-shut' }).click();
    await page.getByRole('dialog').getByText(`${hostile} Ask Carl.`).waitFor();
    await button('Close').click();
    await page.getByRole('searchbox', { name: 'Search rules' }).fill('two-pairs');
    await page.getByText(/^1 of \d+ rules$/).waitFor();
    scene.project.write('gateway.yaml', 'security: { rules: [ { id: Wrong Id } ] }\n');
    await button('Read gateway.yaml again').click();
    await page.getByText('the rules of before hold on').waitFor();
    expect(await page.getByRole('list', { name: 'What is wrong' }).textContent()).toContain('id');
    scene.project.write('gateway.yaml', settings);
    await button('Read gateway.yaml again').click();
    await page.getByText(/^gateway.yaml was read: \d+ rules hold now/).waitFor();
  });

  test('shows who may what, by pointer and by keyboard, and which rule decides', async () => {
    await goTo('/security?tab=matrix&keys=alice');
    const cell = (name: string) => page.getByRole('gridcell', { name });
    await cell('alice, labs/vault: deny, rule vault-is-shut').hover();
    await page.getByText('Tier 3: Denials of gateway.yaml').waitFor();
    await cell('alice, default/open: allow, rule callers-run-agents').focus();
    await page.getByText('Tier 7: Built in').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await button('Let go').waitFor();
    await page.getByRole('link', { name: 'Preview it' }).click();
    await page.getByText('Rules that fit, in the order they are heard').waitFor();
  });

  test('tells who gains by a draft, and what of it is wrong', async () => {
    await goTo('/security?tab=preview');
    await field('Who asks').fill('role:caller');
    await field('With what').fill('labs/vault');
    await field('Try a draft').selectOption('rules');
    await field('Draft rules').fill('- id: [');
    await button('Ask').click();
    await page.getByText('These are no rules:').waitFor();
    await field('Draft rules').fill(
      '- id: no-labs\n  effect: deny\n  action: run_agent\n  principals: ["*"]\n  resources: ["labs/*"]\n',
    );
    await button('Ask').click();
    const loses = page.getByRole('table', { name: 'Who loses' });
    await loses.getByRole('row').filter({ hasText: 'run agents: labs/vault' }).first().waitFor();
    expect(page.url()).toContain('who=role%3Acaller');
  });

  test('makes an override and ends it', async () => {
    await goTo('/security?tab=overrides');
    await button('Make an override').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Effect').selectOption('deny');
    await dialog.getByLabel('Who').fill('role:caller');
    await dialog.getByLabel('What').fill('default/open');
    await dialog.getByRole('button', { name: 'Make it' }).click();
    await dialog.getByText('Say why.').waitFor();
    await dialog.getByLabel('Reason').fill(hostile);
    await dialog.getByRole('button', { name: 'Make it' }).click();
    await page.getByText(/^14 min \d+ s$/).waitFor();
    await page.getByRole('button', { name: /^End override/ }).click();
    await button('End it now').click();
    await page.getByText('No override holds now').waitFor();
    const ended = page.getByRole('table', { name: 'Ended' });
    await ended.getByRole('row').filter({ hasText: 'was ended' }).first().waitFor();
  });

  test('tells an operator what its key may not see', async () => {
    const { key } = await newKey({ name: 'olga', role: 'operator' });
    const own = await scene.open('/security', { key });
    await own.getByRole('row').filter({ hasText: 'vault-is-shut' }).waitFor();
    expect(await own.getByRole('button', { name: 'Read gateway.yaml again' }).count()).toBe(0);
    scene.project.write(
      'gateway.yaml',
      `${settings}    - { id: no-decisions, effect: deny, action: administer, principals: ["olga"], resources: ["/security/decisions"] }\n`,
    );
    await scene.call('/security/refresh', { method: 'POST' });
    await own.getByRole('tab', { name: 'Decisions' }).click();
    await own.getByText('Your key may not see decisions').waitFor();
  });
});

describe('keys', () => {
  test('are made with a secret that is shown once, work, are rotated and revoked', async () => {
    await goTo('/keys');
    await button('Make a key').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Make it' }).click();
    await dialog.getByText('Give it a name.').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await dialog.getByLabel('Name', { exact: true }).fill('carol');
    await dialog.getByLabel('Agents').fill('labs/*');
    await dialog.getByText('Limits of the key').click();
    await dialog.getByLabel('Requests a minute').fill('600');
    await dialog.getByRole('button', { name: 'Make it' }).click();
    const secret = await dialog.getByLabel('Secret of carol').textContent();
    expect(secret).toMatch(/^dg_[\w-]{43}$/);
    await page.keyboard.press('Escape');
    expect(await dialog.count()).toBe(1);
    await button('I have kept it').click();
    await dialog.waitFor({ state: 'detached' });
    expect(await page.content()).not.toContain(secret);
    expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage])')).not.toContain(
      'dg_',
    );
    expect(await runVault(secret ?? '')).toBe(200);

    await page.getByRole('link', { name: 'carol' }).click();
    await page.getByText('Requests a minute').waitFor();
    await button('Rotate …').click();
    await field('How long the old one goes on working').selectOption('Not at all: it ends now');
    await button('Rotate it').click();
    const next = await dialog.getByLabel('Secret of carol').textContent();
    await button('I have kept it').click();
    expect([await runVault(secret ?? ''), await runVault(next ?? '')]).toEqual([401, 200]);
    await page.getByText('Replaced by').waitFor();

    await goTo('/keys?q=carol&state=active');
    await button('Actions of carol').click();
    await page.getByRole('menuitem', { name: 'Revoke …' }).click();
    await button('Revoke it').click();
    await page.getByText('No key fits').waitFor();
    expect(await runVault(next ?? '')).toBe(401);
  });

  test('log out the page whose own key is revoked elsewhere', async () => {
    const { id, key } = await newKey({ name: 'second-admin', role: 'admin' });
    const own = await scene.open('/keys', { key });
    await own.getByText('this session').waitFor();
    await goTo(`/keys/${id}`);
    await button('Revoke …').click();
    expect(await button('Revoke it').isDisabled()).toBe(true);
    await field('Type the name of the key to confirm: second-admin').fill('second-admin');
    await button('Revoke it').click();
    await own.getByText('The key of your session is not valid any more.').waitFor();
    await own.getByLabel('API key').waitFor();
  });
});

test('is accessible in light and dark, wide and at 360 pixels, and runs no script of others', async () => {
  const looks = [
    { colorScheme: 'light', width: 1280 },
    { colorScheme: 'dark', width: 360 },
  ] as const;
  const places = {
    '/security': 'vault-is-shut',
    '/security?tab=matrix': 'alice, labs/vault',
    '/security?tab=preview&who=alice&resource=labs/vault': 'Rules that fit',
    '/security?tab=overrides': 'ran out',
    '/security?tab=decisions&effect=deny': 'labs/vault',
    '/keys': 'this session',
  };
  const faults: string[] = [];
  for (const [path, shown] of Object.entries(places)) {
    await goTo(path);
    await page.getByText(shown).or(page.getByLabel(shown)).first().waitFor();
    for (const { colorScheme, width } of looks) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const found = await accessibilityFaults(page);
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      faults.push(...found.map((fault) => `${path} ${colorScheme} ${width}: ${fault}`));
      if (overflow !== 0) faults.push(`${path} ${width}: ${overflow} too wide`);
    }
  }
  expect(faults).toEqual([]);
  expect(await page.evaluate('window.hit')).toBeUndefined();
  expect(noise).toEqual([]);
});
