import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { asCaller, chunksOf, fakeGateway } from '../../../test/support/http-fakes.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { fakeTurns } from '../../../test/support/turn-fakes.ts';
import { createErasures } from '../../runs/turns/erasures.ts';
import { createKeptTurns } from '../../runs/turns/kept-turns.ts';
import { createLivingTurns } from '../../runs/turns/living-turns.ts';
import { createOpenTurn } from '../../runs/turns/open-turn.ts';
import { openStore } from '../../storage/open-store.ts';
import { createApp } from '../app.ts';

test('an answer that the store does not take is told alike, whole and streamed, and not to be asked for again', async () => {
  const gateway = await gatewayWithoutRoom();
  const app = createApp(gateway);
  const ask = (stream: boolean) => {
    const payload = { model: 'echo', input: 'Hi', stream };
    return app.inject({ method: 'POST', url: '/v1/responses', headers: asCaller, payload });
  };

  const whole = await ask(false);
  expect(whole.statusCode).toBe(503);
  expect(whole.headers['x-should-retry']).toBe('false');
  const message =
    'The run is over, but its answer could not be kept: the store of the gateway cannot be used now. What its tools did is done. The log has the cause.';
  expect(whole.json().error).toMatchObject({ code: 'store_unavailable', message });

  const streamed = chunksOf((await ask(true)).body.replaceAll(/^event: .*\n/gm, ''));
  expect(streamed).toContainEqual(
    expect.objectContaining({ type: 'error', code: 'store_unavailable', message }),
  );
  expect(gateway.events.filter(({ type }) => type === 'request_failed')).toMatchObject([
    { code: 'store_unavailable', error: { name: 'StoreError' } },
    { code: 'store_unavailable', error: { name: 'StoreError' } },
  ]);
});

test('a response in the background is kept when the store takes it again', async () => {
  const { gateway, refuse, find } = await gatewayWithStore();
  const app = createApp(gateway);
  refuse('update');
  const payload = { model: 'echo', input: 'Hi', background: true };
  const request = { method: 'POST', url: '/v1/responses', headers: asCaller, payload } as const;
  expect((await app.inject(request)).json()).toMatchObject({ id: 'resp_42', status: 'queued' });
  const show = async () => {
    const shown = await app.inject({ url: '/v1/responses/resp_42', headers: asCaller });
    return shown.json().status;
  };
  await expect
    .poll(() => gateway.events)
    .toContainEqual(expect.objectContaining({ type: 'request_failed', code: 'store_unavailable' }));
  // Neither lost nor done: it is as it was until it is kept.
  expect(await show()).toBe('queued');
  expect(JSON.parse((await find()) ?? '').status).toBe('queued');
  refuse(null);
  await expect.poll(async () => JSON.parse((await find()) ?? '').status).toBe('completed');
  await expect.poll(show).toBe('completed');
  await app.close();
});

/** One whose store takes no new turns. */
async function gatewayWithoutRoom() {
  const { gateway, refuse } = await gatewayWithStore();
  refuse('insert');
  return gateway;
}

/** One with a store that can be told to take no turns any more. */
async function gatewayWithStore() {
  const path = join(await tempFolder(), 'gateway.db');
  const store = await openStore(`sqlite:${path}`);
  onTestFinished(store.close);
  const refuse = (what: 'insert' | 'update' | null) => {
    const file = new DatabaseSync(path, { timeout: 5000 });
    file.exec('drop trigger if exists full');
    if (what)
      file.exec(
        `create trigger full before ${what} on turns begin select raise(abort, 'full'); end`,
      );
    file.close();
  };
  const nowMs = Date.now;
  const living = createLivingTurns(store.turns, nowMs);
  const kept = createKeptTurns({ store: store.turns, isShared: false, living, nowMs });
  const settings = () => ({ keepDays: 1, keepMb: 1, concurrentTurns: 'wait' as const });
  const erasures = createErasures();
  const deps = { store: store.turns, settings, nowMs, aloneSinceMs: 0, kept, living, erasures };
  const gateway = fakeGateway({
    turns: { ...fakeTurns(), open: createOpenTurn(deps), kept: { ...fakeTurns().kept, ...kept } },
  });
  return { gateway, refuse, find: async () => (await store.turns.find('resp_42'))?.answer ?? null };
}
