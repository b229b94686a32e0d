import { describe, expect, test } from 'vitest';
import { remote, startBrokerOver, startUpstream, ways } from '../../../test/support/broker-kit.ts';
import type { OutsideCalls } from '../../protocol/policy.ts';

describe.each(ways)('calls over %s', (way) => {
  const startBroker = startBrokerOver(way);

  const question = JSON.stringify({ model: 'm', input: 'hi' });
  const answer = JSON.stringify({
    object: 'response',
    usage: { input_tokens: 3, output_tokens: 2 },
  });

  const origin = { requestId: 'req_1', modulePath: 'agent.ts', generation: 1 };

  /** A broker at which `key_1`, `key_2` and `user:ann` have a budget, and a worker that has had runs of these keys. */
  async function servedBefore(keyIds: readonly string[], outsideCalls?: OutsideCalls) {
    const settled: [keyId: string, tokens: number][] = [];
    const hasBudget = (id: string) => ['key_1', 'key_2', 'user:ann'].includes(id);
    const upstream = await startUpstream((_request, response) => {
      response.setHeader('content-type', 'application/json').end(answer);
    });
    const budget = {
      hasBudget,
      reserve: (keyId: string) =>
        hasBudget(keyId)
          ? Promise.resolve({ settle: (tokens: number) => void settled.push([keyId, tokens]) })
          : null,
    };
    const kit = await startBroker([remote(upstream.baseUrl)], budget, outsideCalls);
    for (const [index, keyId] of keyIds.entries()) {
      kit.access.startRun(`run_${index}`, keyId);
      kit.access.endRun(`run_${index}`);
    }
    return { ...kit, upstream, settled };
  }

  describe('a call of a worker without a run is', () => {
    test.each<[string, OutsideCalls | undefined, readonly string[], number]>([
      ['let through while it has had no run', undefined, [], 200],
      ['let through where no key of its runs has a budget', undefined, ['key_free'], 200],
      ['refused where one of them has', undefined, ['key_free', 'key_1'], 403],
      ['refused where it cannot be told whom to charge', 'charge', ['key_1', 'key_free'], 403],
      ['let through where nobody would be charged', 'charge', ['key_free', 'local_cli'], 200],
      ['refused always where the settings say so', 'refuse', [], 403],
      ['let through always where they say so', 'allow', ['key_1'], 200],
    ])('%s', async (_title, mode, keyIds, status) => {
      const { send, upstream, called, settled } = await servedBefore(keyIds, mode);
      const response = await send('/responses', { body: question });
      expect([response.status, upstream.requests.length]).toEqual([status, status === 200 ? 1 : 0]);
      if (status === 200) expect(await called(1)).toMatchObject([{ runId: null, keyId: null }]);
      else expect(await response.text()).toContain('while it has no run');
      expect(settled).toEqual([]);
    });

    test('charged to the one key whose runs it has had, where the settings say so', async () => {
      const { send, called, settled } = await servedBefore(['key_1', 'key_1'], 'charge');
      expect((await send('/responses', { body: question })).status).toBe(200);
      expect(await called(1)).toMatchObject([{ runId: null, keyId: 'key_1' }]);
      // What comes after the first time has no effect.
      expect(settled[0]).toEqual(['key_1', 5]);
    });

    test('refused where it has had a run for a user with a budget', async () => {
      const { access, send } = await servedBefore([]);
      access.startRun('run_1', 'key_free', { ...origin, userAccount: 'user:ann' });
      access.endRun('run_1');
      expect((await send('/responses', { body: question })).status).toBe(403);
    });

    test('refused for every path that may cost, and not where it only reads', async () => {
      const { send } = await servedBefore(['key_1']);
      const embedded = await send('/embeddings', { body: question });
      const listed = await send('/models', { method: 'GET' });
      expect([embedded.status, listed.status]).toEqual([403, 200]);
    });

    test('refused in any case where it names a run that is over', async () => {
      const { send, upstream } = await servedBefore(['key_1'], 'allow');
      const response = await send('/responses', { body: question, run: 'run_0' });
      expect([response.status, upstream.requests.length]).toEqual([403, 0]);
    });
  });

  describe('a call for a user with a budget is', () => {
    const ann = { ...origin, userAccount: 'user:ann' };

    test('charged to the user, beside the key', async () => {
      const { access, send, called, settled } = await servedBefore([]);
      access.startRun('run_1', 'key_1', ann);
      expect((await send('/responses', { body: question })).status).toBe(200);
      await called(1);
      expect(settled.slice(0, 2)).toEqual([
        ['key_1', 5],
        ['user:ann', 5],
      ]);
    });

    test('refused where it may be of another run of the key', async () => {
      const { access, send } = await servedBefore([]);
      access.startRun('run_1', 'key_free', ann);
      access.startRun('run_2', 'key_free', origin);
      const refused = await send('/responses', { body: question });
      expect([refused.status, await refused.text()]).toEqual([
        400,
        expect.stringContaining('one of them has a budget'),
      ]);
      expect((await send('/responses', { body: question, run: 'run_2' })).status).toBe(200);
    });
  });
});
