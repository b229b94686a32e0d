import { describe, expect, test } from 'vitest';
import {
  remote,
  startBrokerOver,
  startUpstream,
  ways,
} from '../../../../test/support/broker-kit.ts';
import type { GatewayError } from '../../../errors.ts';
import { holdRunLimits } from '../../../policy/limits/run-limits.ts';
import type { RunLimits } from '../../../protocol/usage/run-limits.ts';
import { createRunMeter, createRunMeters } from '../../../runs/run-meter.ts';
import type { RemoteUpstream } from '../../upstream.ts';

const question = JSON.stringify({ model: 'm', input: 'hi' });
const answer = JSON.stringify({
  object: 'response',
  usage: { input_tokens: 60, output_tokens: 40 },
});

describe.each(ways)('calls of a run with limits, over %s', (way) => {
  /** A broker with one run; `ended` is what it was ended with. */
  async function limited(
    limits: RunLimits,
    prices = [{ models: 'm', input: 1000, output: 1000 }],
    others: readonly RemoteUpstream[] = [],
  ) {
    const upstream = await startUpstream((_request, response) =>
      response.setHeader('content-type', 'application/json').end(answer),
    );
    const runs = createRunMeters();
    const kit = await startBrokerOver(way)(
      [remote(upstream.baseUrl, { prices, fallback: others[0]?.name ?? null }), ...others],
      undefined,
      undefined,
      undefined,
      { runs },
    );
    const ended = Promise.withResolvers<GatewayError>();
    const meter = createRunMeter(holdRunLimits([['agent', limits]]), ended.resolve);
    runs.enter({ runId: 'run_1', agentId: 'default/tester' }, meter);
    kit.access.startRun('run_1', 'key_1');
    const ask = async (path = '/responses', body = question) => {
      const answered = await kit.send(path, { body, run: 'run_1' });
      const { error } = (await answered.json()) as { error?: { code: string } };
      return [answered.status, answered.headers.get('x-should-retry'), error?.code];
    };
    return { ...kit, upstream, ended: ended.promise, ask };
  }

  const exceeded = [403, 'false', 'run_limit_exceeded'];

  test('are refused once they are too many, and the run is ended', async () => {
    const { ask, ended, upstream } = await limited({ maxModelCalls: 2 });
    expect((await ask())[0]).toBe(200);
    expect((await ask())[0]).toBe(200);
    expect(await ask()).toEqual(exceeded);
    expect(await ended).toMatchObject({
      code: 'run_limit_exceeded',
      message:
        'The run reached its limit (max_model_calls: 2, that of its agent) and was ended. It used 2 model calls, 200 tokens, $0.2, 0 tool calls.',
    });
    expect(await ask()).toEqual(exceeded);
    expect(upstream.requests).toHaveLength(2);
  });

  test.each<RunLimits>([{ maxTokens: 205 }, { maxCostUsd: 0.205 }])(
    'are refused where what they send does not fit any more: %j',
    async (limits) => {
      const { ask, upstream } = await limited(limits);
      // Some nine tokens are sent each time, a hundred are told of.
      expect([(await ask())[0], (await ask())[0]]).toEqual([200, 200]);
      expect(await ask()).toEqual(exceeded);
      expect(upstream.requests).toHaveLength(2);
    },
  );

  test('need no price for what no model works on, and one for anything else', async () => {
    const { ask, upstream } = await limited({ maxCostUsd: 1 }, []);
    expect((await ask('/conversations', '{}'))[0]).toBe(200);
    expect(await ask()).toEqual([403, 'false', 'price_unknown']);
    const embedding = JSON.stringify({ model: 'e', input: 'hi' });
    expect(await ask('/embeddings', embedding)).toEqual([403, 'false', 'price_unknown']);
    expect(upstream.requests).toHaveLength(1);
  });

  test('need a price wherever they may go', async () => {
    const { ask, upstream } = await limited({ maxCostUsd: 1 }, undefined, [
      remote('http://127.0.0.1:9/v1', { name: 'other' }),
    ]);
    expect(await ask()).toEqual([403, 'false', 'price_unknown']);
    expect(upstream.requests).toHaveLength(0);
  });

  test('are refused where nobody knows which of several runs they are of', async () => {
    const { send, access } = await limited({ maxModelCalls: 2 });
    access.startRun('run_2', 'key_1');
    const refused = await send('/responses', { body: question });
    expect([refused.status, await refused.text()]).toEqual([
      400,
      expect.stringContaining('one of them has limits of its model calls'),
    ]);
  });

  test('are refused without a run, once its agent had one', async () => {
    const { send, access } = await limited({ maxModelCalls: 2 });
    access.endRun('run_1');
    const refused = await send('/responses', { body: question });
    expect([refused.status, await refused.text()]).toEqual([
      403,
      expect.stringContaining('these once the agent has had runs with limits'),
    ]);
  });
});
