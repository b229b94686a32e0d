import { afterEach, describe, expect, test } from 'vitest';
import {
  finishRun,
  isAlive,
  type ScriptedPool,
  scriptedLoad,
  scriptedPool,
  startLiveRun,
  startRun,
} from '../../test/support/scripted-pool.ts';
import { GatewayError } from '../errors.ts';
import type { RunEvent } from '../protocol/run.ts';
import { createRunEnding } from '../protocol/run-ending.ts';
import { eventsOf } from '../protocol/run-sink.ts';

const pools: ScriptedPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.dispose()));
});

function poolWith(...options: Parameters<typeof scriptedPool>): ScriptedPool {
  const pool = scriptedPool(...options);
  pools.push(pool);
  return pool;
}

describe('a run', () => {
  test('starts the worker it needs and ends in one last event', async () => {
    const pool = poolWith();
    const { text, last, count } = await finishRun(startRun(pool, 'echo 3'));
    expect(text).toBe('0 1 2 ');
    expect(count).toBe(4);
    expect(last).toEqual({
      type: 'finished',
      reason: 'stop',
      usage: {
        requests: 1,
        inputTokens: 2,
        outputTokens: 3,
        cachedInputTokens: 0,
        reasoningTokens: 0,
      },
    });
  });

  test('has access to the models from its start to its end', async () => {
    const pool = poolWith();
    await finishRun(startRun(pool, 'echo 1'));
    expect(pool.accessLog).toEqual([
      'grant default/echo',
      'upstream scripted',
      'start run-1 key_1',
      'end run-1',
    ]);
  });

  test('tells what was metered, where that is more than its worker knows of', async () => {
    const metered = {
      requests: 2,
      inputTokens: 20,
      outputTokens: 10,
      cachedInputTokens: 4,
      reasoningTokens: 1,
    };
    const pool = poolWith({}, { metered: { 'run-1': metered, 'run-2': metered } });
    const finished = await finishRun(startRun(pool, 'echo 1'));
    expect(finished.last).toMatchObject({ type: 'finished', usage: metered });
    const crashed = await finishRun(startRun(pool, 'exit 3', { runId: 'run-2' }));
    expect(crashed.last).toMatchObject({ type: 'failed', usage: metered });
  });

  test('tells what was metered of as many calls as its worker knows of, whatever that says they cost', async () => {
    const metered = {
      requests: 1,
      inputTokens: 900,
      outputTokens: 70,
      cachedInputTokens: 0,
      reasoningTokens: 0,
    };
    const pool = poolWith({}, { metered: { 'run-1': metered } });
    const { last } = await finishRun(startRun(pool, 'echo 1'));
    expect(last).toMatchObject({ type: 'finished', usage: metered });
  });

  test('fails with no code that is not for its worker to say', async () => {
    const pool = poolWith();
    const claim = async (code: string, runId = 'run-1') => {
      const { last } = await finishRun(startRun(pool, `claim ${code}`, { runId }));
      return last;
    };
    expect(await claim('max_turns_exceeded')).toMatchObject({
      code: 'max_turns_exceeded',
      message: 'So it says.',
    });
    for (const code of ['key_invalid', 'rate_limited', 'run_cancelled', 'quota_exhausted']) {
      expect(await claim(code)).toMatchObject({
        code: 'run_failed',
        message: 'The agent failed while it ran; the cause is in the log of the gateway.',
        detail: { message: expect.stringContaining(`failed with ${code}`) },
      });
    }
    expect(await claim('quota_exhausted', 'run-refused')).toMatchObject({
      code: 'quota_exhausted',
    });
  });

  test('tells what its worker knows of, where less was metered', async () => {
    const metered = {
      requests: 0,
      inputTokens: 0,
      outputTokens: 0,
      cachedInputTokens: 0,
      reasoningTokens: 0,
    };
    const pool = poolWith({}, { metered: { 'run-1': metered } });
    const { last } = await finishRun(startRun(pool, 'echo 1'));
    expect(last).toMatchObject({ type: 'finished', usage: { requests: 1, inputTokens: 2 } });
  });

  test('is over once, with its last event, whether or not anybody reads it', async () => {
    const pool = poolWith();
    const ending = createRunEnding();
    const over = new Promise((resolve) => ending.onEnd(resolve));
    const { sendTo } = startLiveRun(pool, 'echo 1', { ending });
    expect(await over).toMatchObject({ type: 'finished', usage: { outputTokens: 3 } });
    expect(pool.accessLog.at(-1)).toBe('end run-1');
    const late: unknown[] = [];
    ending.onEnd((last) => late.push(last?.type));
    const said: RunEvent[] = [];
    sendTo({
      write(event) {
        said.push(event);
        return null;
      },
    });
    expect(said).toMatchObject([{ type: 'text', delta: '0 ' }, { type: 'finished' }]);
    expect(late).toEqual(['finished']);
  });

  test('shows each event but the last as it happens', async () => {
    const pool = poolWith();
    const seen: unknown[] = [];
    const ending = createRunEnding();
    const over = new Promise((resolve) => ending.onEnd(resolve));
    startLiveRun(pool, 'echo 2', { ending, onEvent: (event) => seen.push(event) });
    await over;
    expect(seen).toEqual([
      { type: 'text', delta: '0 ' },
      { type: 'text', delta: '1 ' },
    ]);
  });

  test('shares one worker with the runs beside it, even while that starts', async () => {
    const pool = poolWith();
    const runs = [1, 2, 3].map((n) => finishRun(startRun(pool, 'pid', { runId: `run-${n}` })));
    const pids = new Set((await Promise.all(runs)).map(({ text }) => text));
    expect(pids.size).toBe(1);
    expect(pool.workers()).toHaveLength(1);
  });

  test('gets more events than its first credit as its reader takes them', async () => {
    const pool = poolWith();
    const { count } = await finishRun(startRun(pool, 'echo 2000'));
    expect(count).toBe(2001);
  });

  test('with a slow reader stops neither another run nor the heartbeat', async () => {
    const pool = poolWith({ stallTimeoutMs: 2000 });
    const slow = startRun(pool, 'echo 5000', { runId: 'slow' })[Symbol.asyncIterator]();
    await slow.next();
    const other = await finishRun(startRun(pool, 'echo 1000', { runId: 'other' }));
    expect(other.count).toBe(1001);
    // Half as long again as the stall limit.
    await pool.event('worker_output', ({ line }) => line === 'ping 6');
    let count = 1;
    for (let step = await slow.next(); !step.done; step = await slow.next()) count += 1;
    expect(count).toBe(5001);
  });

  test('fails when a worker sends far more than it has credit for', async () => {
    const pool = poolWith();
    const events = startRun(pool, 'flood 5000')[Symbol.asyncIterator]();
    await finishRun(startRun(pool, 'echo 1', { runId: 'other' }));
    await finishRun(startRun(pool, 'echo 1', { runId: 'again' }));
    expect((await events.next()).value).toMatchObject({ type: 'failed', code: 'run_failed' });
    expect((await events.next()).done).toBe(true);
  });

  test('fails when more text waits for its reader than the gateway can hold', async () => {
    const pool = poolWith();
    const events = startRun(pool, 'blow')[Symbol.asyncIterator]();
    await finishRun(startRun(pool, 'echo 1', { runId: 'other' }));
    await finishRun(startRun(pool, 'echo 1', { runId: 'again' }));
    expect((await events.next()).value).toMatchObject({ type: 'failed', code: 'run_failed' });
  });

  test('passes over messages that are kept for later versions', async () => {
    const pool = poolWith();
    const { last } = await finishRun(startRun(pool, 'reserved'));
    expect(last.type).toBe('finished');
  });
});

describe('a cancelled run', () => {
  test('ends at once for its reader and its late events reach nobody', async () => {
    const pool = poolWith();
    const abort = new AbortController();
    const events = startRun(pool, 'wait', { signal: abort.signal })[Symbol.asyncIterator]();
    expect((await events.next()).value).toEqual({ type: 'text', delta: 'started' });
    abort.abort();
    expect(pool.accessLog.at(-1)).toBe('end run-1');
    expect((await events.next()).value).toMatchObject({ type: 'failed', code: 'run_cancelled' });
    expect((await events.next()).done).toBe(true);
    await pool.event('worker_output', ({ line }) => line === 'cancelled');
    expect((await finishRun(startRun(pool, 'echo 1', { runId: 'next' }))).text).toBe('0 ');
  });

  test('ends at once although its worker does not care', async () => {
    const pool = poolWith();
    const abort = new AbortController();
    const events = startRun(pool, 'deaf', { signal: abort.signal })[Symbol.asyncIterator]();
    await events.next();
    abort.abort();
    expect((await events.next()).value).toMatchObject({ type: 'failed', code: 'run_cancelled' });
    expect(pool.workers()).toMatchObject([{ state: 'ready', activeRuns: 0 }]);
  });

  test('is gone when its worker says that nothing of it goes on, at once where that ends it', async () => {
    const pool = poolWith();
    const gone: string[] = [];
    const start = (command: string, runId: string) => {
      const abort = new AbortController();
      const ending = createRunEnding();
      const over = new Promise<void>((resolve) =>
        ending.onGone(() => {
          gone.push(runId);
          resolve();
        }),
      );
      const events = startRun(pool, command, { signal: abort.signal, ending, runId });
      return { abort, over, events: events[Symbol.asyncIterator]() };
    };
    const deaf = start('deaf', 'deaf');
    const heeding = start('wait', 'heeding');
    for (const { events } of [deaf, heeding]) await events.next();
    for (const { abort, events } of [deaf, heeding]) {
      abort.abort();
      await events.next();
    }
    await heeding.over;
    await start('echo 0', 'finished').over;
    expect(gone).toEqual(['heeding', 'finished']);
    void pool.close(0);
    await deaf.over;
  });

  test('has its worker replaced where it goes on for too long, once others had time to end', async () => {
    const pool = poolWith({ cancelTimeoutMs: 20, drainTimeoutMs: 20 });
    const abort = new AbortController();
    const ending = createRunEnding();
    const gone = new Promise<void>((resolve) => ending.onGone(resolve));
    const other = startRun(pool, 'deaf', { runId: 'other' })[Symbol.asyncIterator]();
    await other.next();
    const deaf = startRun(pool, 'deaf', { signal: abort.signal, ending });
    const events = deaf[Symbol.asyncIterator]();
    await events.next();
    abort.abort();
    await gone;
    expect(await pool.event('worker_ended')).toMatchObject({
      reason: 'overstayed',
      detail: { message: 'A run went on for 20 ms after it was ended.' },
    });
    expect((await other.next()).value).toMatchObject({ type: 'failed', code: 'run_failed' });
    expect((await finishRun(startRun(pool, 'echo 1', { runId: 'next' }))).text).toBe('0 ');
  });

  test('ends at once while its worker still starts', async () => {
    const pool = poolWith();
    const abort = new AbortController();
    const run = finishRun(startRun(pool, 'echo 1', { signal: abort.signal }));
    abort.abort();
    expect((await run).last).toMatchObject({ type: 'failed', code: 'run_cancelled' });
  });

  test('never starts when it was cancelled before', async () => {
    const pool = poolWith();
    const { last } = await finishRun(startRun(pool, 'echo 1', { signal: AbortSignal.abort() }));
    expect(last).toMatchObject({ type: 'failed', code: 'run_cancelled' });
    expect(pool.accessLog).toEqual([]);
  });

  test('fails with the reason of its signal where that is a failure', async () => {
    const pool = poolWith();
    const abort = new AbortController();
    const events = startRun(pool, 'wait', { signal: abort.signal })[Symbol.asyncIterator]();
    await events.next();
    abort.abort(new GatewayError('run_timeout', 'The run took longer than 1 s.'));
    expect((await events.next()).value).toMatchObject({
      code: 'run_timeout',
      message: 'The run took longer than 1 s.',
    });
  });

  test('is what becomes of a run whose reader leaves', async () => {
    const pool = poolWith();
    for await (const event of startRun(pool, 'wait')) {
      expect(event).toEqual({ type: 'text', delta: 'started' });
      break;
    }
    await pool.event('worker_output', ({ line }) => line === 'cancelled');
    expect(pool.accessLog.at(-1)).toBe('end run-1');
  });
});

describe('a question of a worker', () => {
  test('is answered by the run that it belongs to', async () => {
    const pool = poolWith();
    const { text } = await finishRun(
      startRun(pool, 'ask weather', {
        answer: async (question) => ({ type: 'value', value: { got: question } }),
      }),
    );
    expect(text).toBe('reply {"got":{"ask":"call_tool","tool":"weather","arguments":{"a":1}}}');
  });

  test('is refused in words that are safe to show', async () => {
    const pool = poolWith();
    const refuse = (error: Error) => () => Promise.reject(error);
    const named = new GatewayError('not_allowed', 'The tool is not allowed.');
    const first = finishRun(startRun(pool, 'ask a', { answer: refuse(named) }));
    expect((await first).text).toBe('refusal The tool is not allowed.');
    const secret = new Error('password is hunter2');
    const second = finishRun(startRun(pool, 'ask a', { answer: refuse(secret) }));
    expect((await second).text).toBe('refusal The gateway could not answer.');
  });

  test('is refused where so many are open that there is no room for its arguments', async () => {
    const pool = poolWith();
    const answer = async () => {
      await pool.event('unread_refused');
      return { type: 'value', value: 1 } as const;
    };
    const { text } = await finishRun(startRun(pool, 'ask_many', { answer }));
    expect(text).toBe(
      'refusal The agent has so many calls open that no more can wait. Call again when others have ended., reply 1',
    );
  });

  test('is refused where its answer is no JSON', async () => {
    const pool = poolWith();
    const answer = async () => ({ type: 'value', value: 1n }) as const;
    const { text } = await finishRun(startRun(pool, 'ask a', { answer }));
    expect(text).toBe('refusal The answer cannot be written as JSON.');
  });
});

describe('verdicts on tools', () => {
  test('that changed before there was a worker are what it begins with', async () => {
    const pool = poolWith();
    const verdicts = { otherwise: 'deny', tools: {} } as const;
    const run = startLiveRun(pool, 'verdicts');
    run.decide(verdicts);
    const events = eventsOf({ ...run, cancel: () => undefined });
    expect((await finishRun(events)).text).toBe(JSON.stringify(verdicts));
  });

  test('are told to their own run when a worker went by them, and to no other', async () => {
    const pool = poolWith();
    const told: string[] = [];
    const runOf = (runId: string, command: string) =>
      finishRun(
        startRun(pool, command, {
          runId,
          onToolDecided: ({ tool, answer }) => void told.push(`${runId} ${tool} ${answer}`),
        }),
      );
    await runOf('run-1', 'decided run-1');
    await runOf('run-2', 'decided run-1');
    await runOf('run-3', 'decided nobody');
    expect(told).toEqual(['run-1 add allow']);
  });
});

describe('workers of several agents', () => {
  test('are separate processes', async () => {
    const pool = poolWith();
    const other = scriptedLoad('ok', { agentId: 'default/other' });
    const first = await finishRun(startRun(pool, 'pid'));
    const second = await finishRun(startRun(pool, 'pid', { load: other, runId: 'run-2' }));
    expect(first.text).not.toBe(second.text);
  });

  test('never exceed the cap: the one used least lately leaves', async () => {
    const pool = poolWith({ maxWorkers: 2 });
    const load = (agentId: string) => scriptedLoad('ok', { agentId });
    await finishRun(startRun(pool, 'pid', { load: load('a'), runId: '1' }));
    await finishRun(startRun(pool, 'pid', { load: load('b'), runId: '2' }));
    await finishRun(startRun(pool, 'pid', { load: load('a'), runId: '3' }));
    await finishRun(startRun(pool, 'pid', { load: load('c'), runId: '4' }));
    expect(await pool.event('worker_ended')).toMatchObject({ agentId: 'b', reason: 'evicted' });
    expect(pool.workers().map(({ agentId }) => agentId)).toEqual(['a', 'c']);
  });

  test('at the cap and all busy answer overloaded', async () => {
    const pool = poolWith({ maxWorkers: 1 });
    const busy = startRun(pool, 'wait', { load: scriptedLoad('ok', { agentId: 'a' }) });
    await busy[Symbol.asyncIterator]().next();
    const load = scriptedLoad('ok', { agentId: 'b' });
    const { last } = await finishRun(startRun(pool, 'pid', { load, runId: 'run-2' }));
    expect(last).toMatchObject({ type: 'failed', code: 'overloaded', retryAfterSeconds: 1 });
  });

  test('leave when idle for too long and come back for the next run', async () => {
    const pool = poolWith({ idleTimeoutMs: 50 });
    const { text: firstPid } = await finishRun(startRun(pool, 'pid'));
    expect(await pool.event('worker_ended')).toMatchObject({ reason: 'evicted', detail: null });
    const { text: nextPid } = await finishRun(startRun(pool, 'pid', { runId: 'run-2' }));
    expect(isAlive(Number(firstPid))).toBe(false);
    expect(nextPid).not.toBe(firstPid);
  });
});
