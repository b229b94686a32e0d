import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AgentStatus } from '../../src/protocol/admin/agents-answer.ts';
import { diagnosticsOf, logOf } from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
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
const evictSoon = 'worker:\n  spares: 0\n  idle_timeout_ms: 300\n';

const noTools = `security:
  rules: [{ id: no-tools, effect: deny, action: call_tool, principals: ["agent:*"], resources: ["*"] }]
`;

/** Waits until the agent's worker has gone because nobody called; needs the log of `debugging`. */
function untilEvicted(gateway: TestGateway): Promise<unknown> {
  return until('the agent to be evicted', () =>
    logOf(gateway, 'default/kept').some((line) => line.includes('worker ended: evicted')),
  );
}

/** Whether its worker was killed before it was evicted, which is told of as well, is a matter of milliseconds. */
function ofLoads({ diagnostics }: AgentStatus): AgentStatus['diagnostics'] {
  return diagnostics.filter(({ stage }) => stage === 'load');
}

const debugging = { GATEWAY_LOG_LEVEL: 'debug' };

describe('a save that does not load', () => {
  const text = 'src/agents/Helped/text.ts';
  let gateway: TestGateway;
  beforeAll(async () => {
    const helped = `import { text } from './text.ts';\nexport const agent = { run: () => text };\n`;
    gateway = await startGateway({
      files: {
        [at('Kept')]: saying('Good.'),
        [at('Helped')]: helped,
        [text]: `export const text = 'Good.';\n`,
      },
    });
  });
  afterAll(() => gateway?.stop());

  test.each([
    ['does not parse', broken, 'syntax_error'],
    ['throws', `throw new Error('No.');\n`, 'import_failed'],
    ['exits', 'process.exit(3);\n', 'process_exit'],
    ['exports something else', 'export default 1;\n', 'wrong_export_kind'],
    ['is empty', '', 'no_agent'],
  ])('leaves the version before in place, and says so: it %s', async (_what, source, code) => {
    await gateway.project.write({ [at('Kept')]: source });
    const { diagnostics } = await until(`${code} to be told of`, async () => {
      const now = await statusOf(gateway, 'Kept');
      return now?.diagnostics[0]?.code === code ? now : null;
    });
    expect(diagnostics).toMatchObject([{ code, serving_generation: 1 }]);
    expect(await statusOf(gateway, 'Kept')).toMatchObject({ status: 'degraded', generation: 1 });
    expect(await answerOf(gateway, 'Kept')).toBe('Good.');
    const found = await diagnosticsOf(gateway, 'default/kept');
    expect(found).toMatchObject([{ code, severity: 'error', serving_generation: 1 }]);
    const told = logOf(gateway, 'default/kept').filter((line) => line.includes(`code=${code}`));
    expect(told.join('\n')).toContain('still_serving_generation=1');
  });

  test('is forgotten once it is mended', async () => {
    await gateway.project.write({ [at('Kept')]: saying('Good again.') });
    await untilSays(gateway, 'Kept', 'Good again.');
    expect(await statusOf(gateway, 'Kept')).toMatchObject({ status: 'ready', diagnostics: [] });
  });

  test('of a helper leaves both in place', async () => {
    await gateway.project.write({ [text]: `export const text = ;\n` });
    await untilStatus(gateway, 'Helped', 'degraded');
    await killWorkers(gateway);
    await untilSays(gateway, 'Helped', 'Good.');
    await gateway.project.write({ [text]: `export const text = 'Mended.';\n` });
    await untilSays(gateway, 'Helped', 'Mended.');
  });

  test('as a first one answers 503 and goes live once mended', async () => {
    await gateway.project.write({ [at('Late')]: broken });
    await untilStatus(gateway, 'Late', 'failed');
    expect(await answerOf(gateway, 'Late')).toBe('agent_unavailable');
    expect(await answerOf(gateway, 'Helped')).toBe('Mended.');
    await gateway.project.write({ [at('Late')]: saying('Here.') });
    await untilSays(gateway, 'Late', 'Here.');
  });
});

test('a version outlives its worker, its eviction and its gateway while the save on disk is bad', async () => {
  const project = await projectSaying({ Kept: 'Good.' });
  await project.write({ 'gateway.yaml': evictSoon });
  const first = await gatewayIn(project, debugging);
  await project.write({ [at('Kept')]: broken });
  await untilStatus(first, 'Kept', 'degraded');
  await killWorkers(first);
  await untilSays(first, 'Kept', 'Good.');
  await untilEvicted(first);
  expect(await answerOf(first, 'Kept')).toBe('Good.');
  const recorded = await runsOf(first);
  expect(recorded[0]).toMatch(/^run_\w+ finished$/);
  await first.end('SIGKILL');

  const second = await gatewayIn(project);
  expect(await runsOf(second)).toEqual(recorded);
  expect(await answerOf(second, 'Kept')).toBe('Good.');
  const degraded = await untilStatus(second, 'Kept', 'degraded');
  expect(ofLoads(degraded)).toMatchObject([{ code: 'syntax_error', line: 2 }]);
  await project.write({ [at('Kept')]: saying('Mended.') });
  await untilSays(second, 'Kept', 'Mended.');
  const mended = await untilStatus(second, 'Kept', 'ready');
  expect(ofLoads(mended)).toEqual([]);
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
  await project.write({ 'gateway.yaml': `${evictSoon}${noTools}` });
  await until('the rule, which waits for nothing', async () => {
    const listed = await (await second.fetch('/security/rules')).json();
    return (listed as { rules: { id: string }[] }).rules.some(({ id }) => id === 'no-tools');
  });
  expect(await answerOf(second, 'Kept')).toBe('One.');
  const response = await second.fetch('/agents/refresh', { method: 'POST' });
  expect(await response.json()).toMatchObject({ loaded: ['default/kept'], failed: [] });
  expect(await answerOf(second, 'Kept')).toBe('Two.');
});

test('a restart imports nothing that is unchanged, and makes live what was edited meanwhile', async () => {
  const project = await projectSaying({ Away: 'One.' });
  await project.write({
    [at('Counted')]: `import { appendFileSync } from 'node:fs';
appendFileSync('imports.txt', 'x');
import { readFileSync } from 'node:fs';
export const agent = { run: () => readFileSync('imports.txt', 'utf8') };
`,
  });
  const first = await gatewayIn(project);
  expect(await answerOf(first, 'Counted')).toBe('x');
  expect(await answerOf(first, 'Away')).toBe('One.');
  await first.end('SIGTERM');
  await project.write({ [at('Away')]: saying('Two.') });
  const second = await gatewayIn(project);
  await untilSays(second, 'Away', 'Two.');
  await second.fetch('/agents/refresh', { method: 'POST' });
  const models = await Array.fromAsync(second.client().models.list());
  expect(models.map(({ id }) => id)).toEqual(['default/away', 'default/counted']);
  // Its worker starts at this call: the second import.
  expect(await answerOf(second, 'Counted')).toBe('xx');
});

/** The runs of the journal with what they came to, newest first. */
async function runsOf(gateway: TestGateway): Promise<string[]> {
  const answer = await (await gateway.fetch('/admin/runs')).json();
  const { runs } = answer as { runs: { id: string; outcome: string }[] };
  return runs.map(({ id, outcome }) => `${id} ${outcome}`);
}
