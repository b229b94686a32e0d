import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, diagnosticsOf, post, type Reply } from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { until } from './until.ts';

/** Answers once the file that it is told of is there. */
const gate = `
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
export const __gateway__ = { max_concurrent_runs: 1 };
export const agent = {
  async *run({ messages }) {
    yield 'waiting ';
    while (!existsSync(messages.at(-1).content)) await sleep(10);
    yield 'done';
  },
};
`;
const echo = `export const agent = { run: ({ messages }) => messages.at(-1).content };\n`;
const pinned = `sha256:${createHash('sha256').update(echo).digest('hex')}`;

const settings = `
worker: { spares: 0, max_queued_runs: 1 }
security:
  namespaces:
    labs: { modules: { allow: ["src/agents/labs/Free/**", "${pinned}"] } }
`;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    files: {
      'gateway.yaml': settings,
      'src/agents/Gate/agent.ts': gate,
      'src/agents/labs/Free/agent.ts': gate,
      'src/agents/labs/Pinned/agent.ts': echo,
      'src/agents/labs/Stray/agent.ts': `${echo}// Not the same bytes.\n`,
    },
  });
});
afterAll(() => gateway?.stop());

const ask = (model: string, content = 'Hi') => call(gateway, gateway.key, { model, content });

/** Runs until `open` is called; resolves once it runs. */
async function holdRun(model: string) {
  const flag = `flag-${model.replace('/', '-')}-${Math.random()}`;
  const running = Promise.withResolvers<void>();
  const answer = call(gateway, gateway.key, {
    model,
    content: join(gateway.project.root, flag),
    stream: true,
    onText: (text) => void (text.includes('waiting') && running.resolve()),
  });
  await running.promise;
  const open = () => gateway.project.write({ [flag]: '' });
  return { answer, open };
}

/** Makes an override about loading modules; gives what takes it back. */
async function override(effect: 'allow' | 'deny', resource: string) {
  const response = await gateway.fetch('/security/override', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      principal: 'agent:labs/*',
      action: 'load_module',
      resource,
      effect,
      ttl_seconds: 60,
      reason: 'For the test.',
    }),
  });
  const { id } = (await response.json()) as { id: string };
  return () => gateway.fetch(`/security/overrides/${id}`, { method: 'DELETE' });
}

describe('a module that policy does not let load', () => {
  test('is told of with the rule and the way out, and answers 503', async () => {
    const { status, error } = await ask('labs/stray');
    expect([status, error?.code]).toEqual([503, 'agent_unavailable']);
    const [diagnostic] = await diagnosticsOf(gateway, 'labs/stray');
    expect(diagnostic).toMatchObject({
      stage: 'policy',
      code: 'load_denied',
      severity: 'error',
      message: expect.stringContaining('namespace:labs:modules'),
      hint: expect.stringContaining('sha256:'),
    });
  });

  test('loads where its bytes are pinned', async () => {
    expect(await ask('labs/pinned', 'pinned')).toMatchObject({ status: 200, content: 'pinned' });
  });

  test('is served for as long as an override lets it', async () => {
    const revoke = await override('allow', 'src/agents/labs/Stray/*');
    await until('the module to serve', async () => (await ask('labs/stray')).status === 200);
    expect(await diagnosticsOf(gateway, 'labs/stray')).toEqual([]);
    await revoke();
    await until('it to be withdrawn', async () => (await ask('labs/stray')).status === 503);
  });

  test('ends the run it has in peace when it is denied', async () => {
    const { answer, open } = await holdRun('labs/free');
    const revoke = await override('deny', 'src/agents/labs/Free/*');
    await until('it to be withdrawn', async () => (await ask('labs/free')).status === 503);
    await open();
    expect(await answer).toMatchObject({ status: 200, content: 'waiting done', error: null });
    await revoke();
  });
});

describe('runs beyond what an agent may have at once', () => {
  test('wait in a short queue, and are refused beyond it', async () => {
    const first = await holdRun('default/gate');
    const refused: Reply[] = [];
    const others = [1, 2, 3].map(async () => {
      const reply = await ask('default/gate', join(gateway.project.root, 'flag-others'));
      if (reply.status !== 200) refused.push(reply);
      return reply.content;
    });
    await until('all but one to be refused', () => refused.length === 2);
    expect(refused[0]).toMatchObject({
      status: 503,
      error: {
        code: 'overloaded',
        message: "The agent 'default/gate' has as many runs as it may have. Try again in a moment.",
      },
    });
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    await gateway.project.write({ 'flag-others': '' });
    await first.open();
    expect(await first.answer).toMatchObject({ content: 'waiting done' });
    expect((await Promise.all(others)).toSorted()).toEqual(['', '', 'waiting done']);
  });

  test('leave the queue with their callers', async () => {
    const first = await holdRun('default/gate');
    const left = new AbortController();
    const body = { model: 'default/gate', messages: [{ role: 'user', content: 'flag-left' }] };
    const statuses: number[] = [];
    const leaving = [1, 2].map(async () => {
      const { status } = await post(gateway, gateway.key, JSON.stringify(body), left.signal);
      statuses.push(status);
    });
    await until('one to be refused, so that the other waits', () => statuses.length === 1);
    left.abort();
    const outcomes = (await Promise.allSettled(leaving)).map(({ status }) => status);
    expect(outcomes.toSorted()).toEqual(['fulfilled', 'rejected']);
    await until('it to have left', () => gateway.logs().includes('/v1/chat/completions 499'));
    await first.open();
    expect(await first.answer).toMatchObject({ content: 'waiting done' });
    await gateway.project.write({ 'flag-next': '' });
    expect(await ask('default/gate', join(gateway.project.root, 'flag-next'))).toMatchObject({
      content: 'waiting done',
    });
  });
});
