import { describe, expect, test } from 'vitest';
import { diagnosticsOf, logOf } from './call.ts';
import type { TestGateway } from './harness.ts';
import {
  answerOf,
  at,
  gatewayIn,
  killWorkers,
  projectSaying,
  saying,
  statusOf,
  untilSays,
  untilStatus,
} from './reloading.ts';
import { until } from './until.ts';

const broken = `${saying('Broken.')}const missing = ;\n`;

/** Long enough for a run, short enough to wait for. */
const evictSoon = 'worker:\n  idle_timeout_ms: 300\n';

/** Waits until the agent's worker has gone because nobody called; needs the log of `debugging`. */
function untilEvicted(gateway: TestGateway): Promise<unknown> {
  return until('the agent to be evicted', () =>
    logOf(gateway, 'default/kept').some((line) => line.includes('worker ended: evicted')),
  );
}

const debugging = { GATEWAY_LOG_LEVEL: 'debug' };

describe('a save that does not load', () => {
  test('leaves the version before in place, and says so, whatever is wrong', async () => {
    const project = await projectSaying({ Kept: '0' });
    const gateway = await gatewayIn(project);
    const badSources = [
      broken,
      `throw new Error('No.');\n`,
      'process.exit(3);\n',
      'export const other = 1;\n',
      '',
    ];
    for (const [count, source] of badSources.entries()) {
      const good = String(count);
      await untilSays(gateway, 'Kept', good);
      await project.write({ [at('Kept')]: source });
      const { generation, diagnostics } = await untilStatus(gateway, 'Kept', 'degraded');
      expect(diagnostics).toMatchObject([{ serving_generation: generation }]);
      expect(await answerOf(gateway, 'Kept')).toBe(good);
      const [diagnostic] = await diagnosticsOf(gateway, 'default/kept');
      expect(diagnostic).toMatchObject({ severity: 'error', serving_generation: generation });
      expect(logOf(gateway, 'default/kept').join('\n')).toContain(
        `still_serving_generation=${generation}`,
      );
      await project.write({ [at('Kept')]: saying(String(count + 1)) });
    }
    await untilSays(gateway, 'Kept', String(badSources.length));
    expect(await statusOf(gateway, 'Kept')).toMatchObject({ status: 'ready', diagnostics: [] });
  });

  test('leaves it in place when its worker is killed, evicted, and the gateway started anew', async () => {
    const project = await projectSaying({ Kept: 'Good.' });
    await project.write({ 'gateway.yaml': evictSoon });
    const first = await gatewayIn(project, debugging);
    await project.write({ [at('Kept')]: broken });
    await untilStatus(first, 'Kept', 'degraded');
    await killWorkers(first);
    await untilSays(first, 'Kept', 'Good.');
    await untilEvicted(first);
    expect(await answerOf(first, 'Kept')).toBe('Good.');
    await first.end('SIGTERM');

    const second = await gatewayIn(project);
    expect(await answerOf(second, 'Kept')).toBe('Good.');
    expect(await untilStatus(second, 'Kept', 'degraded')).toMatchObject({
      diagnostics: [{ code: 'syntax_error', line: 2 }],
    });
    await second.end('SIGKILL');

    const third = await gatewayIn(project);
    expect(await answerOf(third, 'Kept')).toBe('Good.');
    await project.write({ [at('Kept')]: saying('Mended.') });
    await untilSays(third, 'Kept', 'Mended.');
    expect(await statusOf(third, 'Kept')).toMatchObject({ status: 'ready', diagnostics: [] });
  });

  test('of a helper leaves both in place', async () => {
    const project = await projectSaying({});
    await project.write({
      [at('Helped')]:
        `import { text } from './text.ts';\nexport const agent = { run: () => text };\n`,
      'src/agents/Helped/text.ts': `export const text = 'Good.';\n`,
    });
    const gateway = await gatewayIn(project);
    await project.write({ 'src/agents/Helped/text.ts': `export const text = ;\n` });
    await untilStatus(gateway, 'Helped', 'degraded');
    await killWorkers(gateway);
    await untilSays(gateway, 'Helped', 'Good.');
    await project.write({ 'src/agents/Helped/text.ts': `export const text = 'Mended.';\n` });
    await untilSays(gateway, 'Helped', 'Mended.');
  });

  test('as a first one answers 503 and goes live once mended', async () => {
    const project = await projectSaying({ Other: 'Fine.' });
    const gateway = await gatewayIn(project);
    await project.write({ [at('Late')]: broken });
    await untilStatus(gateway, 'Late', 'failed');
    expect(await answerOf(gateway, 'Late')).toBe('agent_unavailable');
    expect(await answerOf(gateway, 'Other')).toBe('Fine.');
    await project.write({ [at('Late')]: saying('Here.') });
    await untilSays(gateway, 'Late', 'Here.');
  });
});

test('with watching off an edit waits for a refresh, across eviction, a crash and a restart', async () => {
  const project = await projectSaying({ Kept: 'One.' });
  await project.write({ 'gateway.yaml': evictSoon });
  const env = { ...debugging, GATEWAY_AGENT_WATCH: '0' };
  const first = await gatewayIn(project, env);
  expect(await answerOf(first, 'Kept')).toBe('One.');
  await project.write({ [at('Kept')]: saying('Two.') });
  await untilEvicted(first);
  expect(await answerOf(first, 'Kept')).toBe('One.');
  await killWorkers(first);
  await untilSays(first, 'Kept', 'One.');
  await first.end('SIGTERM');

  const second = await gatewayIn(project, env);
  expect(await answerOf(second, 'Kept')).toBe('One.');
  expect(await statusOf(second, 'Kept')).toMatchObject({ status: 'ready', generation: 1 });
  const response = await second.fetch('/agents/refresh', { method: 'POST' });
  expect(await response.json()).toMatchObject({ loaded: ['default/kept'], failed: [] });
  expect(await answerOf(second, 'Kept')).toBe('Two.');
});

test('an edit made while no gateway runs goes live at the next start that watches', async () => {
  const project = await projectSaying({ Away: 'One.' });
  const first = await gatewayIn(project);
  expect(await answerOf(first, 'Away')).toBe('One.');
  await first.end('SIGTERM');
  await project.write({ [at('Away')]: saying('Two.') });
  const second = await gatewayIn(project);
  await untilSays(second, 'Away', 'Two.');
});

test('an unchanged agent is not imported again by a restart', async () => {
  const project = await projectSaying({});
  await project.write({
    [at('Counted')]: `import { appendFileSync } from 'node:fs';
appendFileSync('imports.txt', 'x');
import { readFileSync } from 'node:fs';
export const agent = { run: () => readFileSync('imports.txt', 'utf8') };
`,
  });
  const first = await gatewayIn(project);
  expect(await answerOf(first, 'Counted')).toBe('x');
  await first.end('SIGTERM');
  const second = await gatewayIn(project);
  await second.fetch('/agents/refresh', { method: 'POST' });
  const models = await Array.fromAsync(second.client().models.list());
  expect(models.map(({ id }) => id)).toEqual(['default/counted']);
  // Its worker starts at this call: the second import.
  expect(await answerOf(second, 'Counted')).toBe('xx');
});
