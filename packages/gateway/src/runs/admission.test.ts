import { describe, expect, test } from 'vitest';
import { all, answer, caller, input, scene } from '../../test/support/run-scene.ts';
import { GatewayError } from '../errors.ts';
import { eventsOf } from '../protocol/run-sink.ts';

const tooMany = expect.objectContaining({
  code: 'rate_limited',
  message: 'This key may have one run at once. Try again when one has ended.',
});

describe('a slot of the key', () => {
  test('is held until the run has said its last', async () => {
    const { startRun, hasFreeSlot } = scene({ concurrentRuns: 1 });
    const run = await startRun(caller, input);
    expect(hasFreeSlot()).toBe(false);
    await expect(startRun(caller, input)).rejects.toThrow(tooMany);
    expect(await all(run)).toEqual(answer);
    expect(hasFreeSlot()).toBe(true);
    run.cancel('late');
    expect(hasFreeSlot()).toBe(true);
  });

  test('is free again when a run is cancelled, also before anybody read it', async () => {
    const { startRun, hasFreeSlot } = scene({ concurrentRuns: 1, hangs: true });
    (await startRun(caller, input)).cancel('the caller left');
    expect(hasFreeSlot()).toBe(true);
  });

  test('is free again when the reader of a run leaves', async () => {
    const { startRun, hasFreeSlot } = scene({ concurrentRuns: 1 });
    for await (const _event of eventsOf(await startRun(caller, input))) break;
    expect(hasFreeSlot()).toBe(true);
  });

  test('is held by a run that was cancelled for as long as it goes on, and so is its place', async () => {
    const { startRun, hasFreeSlot, runs, letGo } = scene({
      concurrentRuns: 1,
      hangs: true,
      outlives: true,
      queue: { maxConcurrentRuns: 1 },
    });
    const run = await startRun(caller, input);
    run.cancel('the caller left');
    expect(await all(run)).toMatchObject([{ type: 'failed', code: 'run_cancelled' }]);
    expect(hasFreeSlot()).toBe(false);
    await expect(startRun(caller, input)).rejects.toThrow(tooMany);
    letGo();
    expect(hasFreeSlot()).toBe(true);
    await startRun(caller, input);
    expect(runs).toHaveLength(2);
  });

  test('is given back once, however often a run ends', async () => {
    const { startRun, hasFreeSlot } = scene({ concurrentRuns: 2, hangs: true });
    const first = await startRun(caller, input);
    await startRun(caller, input);
    expect(hasFreeSlot()).toBe(false);
    first.cancel('once');
    first.cancel('twice');
    const third = await startRun(caller, input);
    await expect(startRun(caller, input)).rejects.toThrow('2 runs at once');
    third.cancel('done');
    expect(hasFreeSlot()).toBe(true);
  });

  test('is taken by no run that is refused before it', async () => {
    const { startRun, hasFreeSlot, runs } = scene({ concurrentRuns: 1, rules: [{}] });
    await expect(startRun(caller, input)).rejects.toMatchObject({ code: 'agent_not_found' });
    expect([hasFreeSlot(), runs]).toEqual([true, []]);
  });

  test('is free again when the run is refused after it', async () => {
    const budget = new GatewayError('quota_exhausted', 'Used up.');
    const { startRun, hasFreeSlot, runs } = scene({ concurrentRuns: 1, budget });
    await expect(startRun(caller, input)).rejects.toBe(budget);
    expect([hasFreeSlot(), runs]).toEqual([true, []]);
  });

  test('is not what a key without limits needs', async () => {
    const { startRun, runs } = scene({ hangs: true });
    await Promise.all([1, 2, 3].map(() => startRun(caller, input)));
    expect(runs).toHaveLength(3);
  });
});

describe('the key of a run', () => {
  test('ends it when it is revoked', async () => {
    const { startRun, revoke, emitted } = scene({ hangs: true });
    const events = all(await startRun(caller, input));
    revoke();
    expect(await events).toMatchObject([
      {
        type: 'failed',
        code: 'key_invalid',
        message: 'The API key was revoked, which ended this run.',
      },
    ]);
    expect(emitted.at(-1)).toMatchObject({ type: 'run_ended', outcome: 'cancelled' });
  });

  test('lets no run begin that waited for its turn while it was revoked', async () => {
    const { startRun, revoke, runs } = scene({
      hangs: true,
      concurrentRuns: 2,
      queue: { maxConcurrentRuns: 1 },
    });
    const first = await startRun(caller, input);
    const second = startRun(caller, input);
    const refused = expect(second).rejects.toMatchObject({ code: 'key_invalid' });
    revoke();
    await refused;
    first.cancel('late');
    expect(runs).toHaveLength(1);
  });
});

describe('the end of a run', () => {
  test('is told once to whoever wants to know, at once where it is over', async () => {
    const { startRun } = scene({ hangs: true });
    const run = await startRun(caller, input);
    const heard: string[] = [];
    run.onEnd(() => heard.push('early'));
    run.cancel('done');
    run.cancel('again');
    run.onEnd(() => heard.push('late'));
    expect(heard).toEqual(['early', 'late']);
  });

  test('ends what follows the rules for it', async () => {
    const { startRun, changeRules, verdicts } = scene({ hangs: true });
    const run = await startRun(caller, input);
    const deny = { action: 'call_tool', resources: ['get_weather'] } as const;
    changeRules([deny]);
    expect(verdicts).toEqual([{ otherwise: 'ask', tools: { get_weather: 'deny' } }]);
    run.cancel('done');
    changeRules([]);
    expect(verdicts).toHaveLength(1);
  });
});
