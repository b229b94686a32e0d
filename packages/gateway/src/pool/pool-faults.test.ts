import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import {
  finishRun,
  isAlive,
  type ScriptedPool,
  scriptedLoad,
  scriptedPool,
  startRun,
} from '../../test/support/scripted-pool.ts';

const pools: ScriptedPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.dispose()));
});

function poolWith(...options: Parameters<typeof scriptedPool>): ScriptedPool {
  const pool = scriptedPool(...options);
  pools.push(pool);
  return pool;
}

describe('a worker that dies', () => {
  test('fails every run in it, after what they had already said', async () => {
    const pool = poolWith();
    const bystander = startRun(pool, 'wait', { runId: 'bystander' })[Symbol.asyncIterator]();
    await bystander.next();
    const { text, last } = await finishRun(startRun(pool, 'die', { runId: 'killer' }));
    expect(text).toBe('');
    expect(last).toMatchObject({
      type: 'failed',
      code: 'worker_crashed',
      message: "The agent's process ended unexpectedly.",
      detail: { message: 'The process was ended by SIGKILL.', stage: 'worker' },
    });
    expect((await bystander.next()).value).toMatchObject({ code: 'worker_crashed' });
    expect((await bystander.next()).done).toBe(true);
    expect(await pool.event('worker_ended')).toMatchObject({
      agentId: 'default/echo',
      modulePath: 'src/agents/Echo/agent.ts',
      generation: 1,
      reason: 'crashed',
      signal: 'SIGKILL',
    });
    expect(pool.accessLog.slice(-3).toSorted()).toEqual(['end bystander', 'end killer', 'revoke']);
  });

  test('by its own exit tells its code and last words to the log, not to the caller', async () => {
    const pool = poolWith();
    const { text, last } = await finishRun(startRun(pool, 'exit 3'));
    expect(text).toBe('before');
    expect(last).toMatchObject({ message: "The agent's process ended unexpectedly." });
    expect(await pool.event('worker_ended')).toMatchObject({
      reason: 'exited',
      exitCode: 3,
      detail: {
        message: 'The process ended itself with exit code 3.',
        stack: 'about to exit',
      },
    });
  });

  test('of an error nobody caught tells which', async () => {
    const pool = poolWith();
    const { last } = await finishRun(startRun(pool, 'fault'));
    expect(last).toMatchObject({ detail: { class: 'TypeError', line: 4 } });
    expect(await pool.event('worker_ended')).toMatchObject({ reason: 'crashed', exitCode: 1 });
  });

  test('leaves the workers of other agents alone', async () => {
    const pool = poolWith();
    const load = scriptedLoad('ok', { agentId: 'default/other' });
    const other = startRun(pool, 'wait', { load, runId: 'other' })[Symbol.asyncIterator]();
    await other.next();
    await finishRun(startRun(pool, 'die'));
    expect(pool.workers()).toMatchObject([{ agentId: 'default/other', activeRuns: 1 }]);
  });

  test('is started again, later after each crash in a row', async () => {
    const pool = poolWith();
    let crashes = 0;
    let toldSeconds: number | undefined;
    while (toldSeconds !== 2) {
      const { last } = await finishRun(startRun(pool, 'die'));
      if (last.type !== 'failed') throw new Error(`It ended as ${last.type}.`);
      if (last.code === 'worker_crashed') crashes += 1;
      else expect(last.code).toBe('agent_unavailable');
      toldSeconds = last.retryAfterSeconds;
      await delay(20);
    }
    // The first four pauses are below a second, the fifth is 1.6 s.
    expect(crashes).toBeGreaterThanOrEqual(5);
    const { text } = await untilStarted(() => startRun(pool, 'echo 1'));
    expect(text).toBe('0 ');
    const told = pool.emitted.filter(
      ({ type }) => type === 'agent_unsteady' || type === 'agent_steady',
    );
    expect(told).toMatchObject([
      {
        type: 'agent_unsteady',
        agentId: 'default/echo',
        generation: 1,
        crashes: 3,
        detail: { message: 'The process was ended by SIGKILL.' },
      },
      { type: 'agent_steady', agentId: 'default/echo', generation: 1 },
    ]);
  });
});

describe('a worker is killed', () => {
  test('when it is blocked for longer than the stall limit', async () => {
    const pool = poolWith({ stallTimeoutMs: 2000 });
    const { text, last } = await finishRun(startRun(pool, 'hang'));
    expect(text).toBe('started');
    expect(last).toMatchObject({
      code: 'worker_crashed',
      message: "The agent's process stopped answering and was ended.",
      detail: { message: 'The process did not answer for 2000 ms.' },
    });
    expect(await pool.event('worker_ended')).toMatchObject({
      reason: 'stalled',
      signal: 'SIGKILL',
    });
  });

  test.each([['heap'], ['buffers']])('when it allocates %s over the limit', async (kind) => {
    const pool = poolWith({ memoryLimitMb: 256 });
    const { last } = await finishRun(startRun(pool, kind));
    expect(last).toMatchObject({
      code: 'worker_crashed',
      message: "The agent's process used too much memory and was ended.",
    });
    expect(await pool.event('worker_ended')).toMatchObject({ reason: 'memory' });
  });

  test.each([
    ['a line that is no JSON', 'garbage', 'A line is no JSON object with a "type".'],
    ['a line over the limit', 'long', 'A line is longer than 8388608 bytes.'],
    [
      'an event of a wrong shape',
      'nonsense',
      'The process sent what the protocol does not know: "event".',
    ],
  ])('when it sends %s', async (_name, command, message) => {
    const pool = poolWith();
    const { last } = await finishRun(startRun(pool, command));
    expect(last).toMatchObject({
      code: 'worker_crashed',
      message: "The agent's process ended unexpectedly.",
    });
    expect(await pool.event('worker_ended')).toMatchObject({
      reason: 'protocol',
      detail: { message },
    });
  });

  test('with all that it started', async () => {
    const pool = poolWith();
    const { text } = await finishRun(startRun(pool, 'child'));
    const childPid = Number(text);
    expect(isAlive(childPid)).toBe(true);
    await finishRun(startRun(pool, 'die', { runId: 'run-2' }));
    await untilGone(childPid);
  });
});

describe('what an agent prints', () => {
  test('comes out as lines with its id', async () => {
    const pool = poolWith();
    await finishRun(startRun(pool, 'exit 1'));
    expect(await pool.event('worker_output')).toMatchObject({
      agentId: 'default/echo',
      modulePath: 'src/agents/Echo/agent.ts',
      stream: 'stderr',
      line: 'about to exit',
    });
  });

  test('is about the run that its process goes on with, where that is just one', async () => {
    const pool = poolWith();
    const numberOf = (line: string) => Number(/^ping (\d+)$/.exec(line)?.[1] ?? -1);
    const begin = async (runId: string) => {
      const abort = new AbortController();
      const events = startRun(pool, 'wait', { runId, signal: abort.signal });
      const reader = events[Symbol.asyncIterator]();
      expect((await reader.next()).value).toEqual({ type: 'text', delta: 'started' });
      return abort;
    };
    const first = await begin('first');
    const alone = await pool.event('worker_output', ({ runId }) => runId === 'first');
    expect(alone).toMatchObject({ requestId: 'req-1' });
    const second = await begin('second');
    const later = ({ line }: { line: string }) => numberOf(line) > numberOf(alone.line) + 1;
    expect(await pool.event('worker_output', later)).toMatchObject({
      runId: null,
      requestId: null,
    });
    first.abort();
    second.abort();
  });

  test('neither blocks it nor fills the log when it is 100 MB', async () => {
    const pool = poolWith();
    const { last } = await finishRun(startRun(pool, 'print 100'));
    expect(last.type).toBe('finished');
    await pool.event('worker_output', ({ line }) => /^… \d+ lines dropped/.test(line));
    const lines = pool.emitted.flatMap((event) =>
      event.type === 'worker_output' ? event.line : [],
    );
    expect(lines.join('').length).toBeLessThan(10 * 1024 * 1024);
  });
});

/** Runs until the pool starts a worker again after a crash. */
async function untilStarted(run: () => ReturnType<typeof startRun>) {
  for (;;) {
    const result = await finishRun(run());
    const { last } = result;
    if (last.type !== 'failed' || last.code !== 'agent_unavailable') return result;
    await delay(50);
  }
}

async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await delay(10);
}
