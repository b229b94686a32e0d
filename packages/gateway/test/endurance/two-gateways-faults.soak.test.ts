import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../acceptance/until.ts';
import { hasProxy } from '../deploy/proxy.ts';
import { startPostgres } from '../support/postgres.ts';
import { createBackgroundCaller } from './faults/background-caller.ts';
import { type Caller, letCall, makeKey } from './faults/caller.ts';
import { readBooks, wrongBooks } from './faults/check-books.ts';
import { createConversationCaller } from './faults/conversation-caller.ts';
import { faultTable } from './faults/fault-table.ts';
import { createOnceCaller } from './faults/once-caller.ts';
import { createAsker } from './faults/plain-callers.ts';
import { callsLater } from './faults/play-rounds.ts';
import { createClerkCaller } from './pair/clerk-caller.ts';
import { type GatewayPair, startPair } from './pair/gateway-pair.ts';
import { createRulesCaller } from './pair/rules-caller.ts';
import { countStatuses, useBudget } from './pair/use-limits.ts';

const server = await startPostgres({ isOwn: true });
const beganMs = performance.now();

describe.skipIf('missing' in server || !hasProxy('nginx'))(
  'two gateways on one Postgres behind nginx, while they are called',
  () => {
    if ('missing' in server) return;
    let pair: GatewayPair;
    let callers: Caller[];
    let calling: ReturnType<typeof letCall>;
    let rules: ReturnType<typeof createRulesCaller>;
    const isThere = [true, true];
    const servedAfterMs: number[] = [];

    beforeAll(async () => {
      pair = await startPair(server);
      const { bench, send } = pair;
      const deps = { bench, send };
      rules = createRulesCaller(pair, (index) => isThere[index] ?? false);
      callers = [
        ...(await Promise.all(bench.agents.map((agent) => createAsker(deps, agent)))),
        await createOnceCaller(deps),
        await createBackgroundCaller(deps),
        await createConversationCaller(deps),
        await createClerkCaller(deps, pair.effects),
        rules,
      ];
      calling = letCall(callers);
      await callsLater(bench, 50);
    });
    afterAll(async () => {
      await calling?.end().catch(() => undefined);
      await pair?.stop();
      await server.stop();
    });

    /** Waits until every caller has begun a call after now, and seen its end. */
    const untilAllCalled = async () => {
      const fromMs = performance.now();
      const { calls } = pair.bench.witness;
      await until('an answer for every caller', () =>
        callers.every(({ who }) =>
          calls.some((call) => call.who === who && call.span.fromMs > fromMs),
        ),
      );
    };

    const callsSince = (fromMs: number, isOf: (who: string) => boolean) =>
      pair.bench.witness.calls.filter(({ who, span }) => isOf(who) && span.fromMs > fromMs);

    test('one is killed: the other serves, and what it left is told as it is documented', async () => {
      const { witness } = pair.bench;
      const [, other] = pair.gateways;
      const rest = witness.disturb();
      const fault = witness.fault('gateway killed');
      fault.detail('the other goes on');
      isThere[1] = false;
      const up = witness.down();
      await other.kill();
      up();
      const killedMs = performance.now();
      await callsLater(pair.bench, 200);
      const askers = callsSince(killedMs, (who) => /^(desk|plain)/.test(who));
      expect(askers.filter(({ end }) => end.type !== 'right')).toEqual([]);
      expect(askers.length).toBeGreaterThan(20);
      await other.start();
      fault.over();
      isThere[1] = true;
      // What the dead one held is given up within a minute.
      await untilAllCalled();
      rest();
      await callsLater(pair.bench, 50);
    });

    test('Postgres is restarted: it heals by itself, and nothing that was acknowledged is lost', async () => {
      const { witness } = pair.bench;
      const rest = witness.disturb();
      const fault = witness.fault('Postgres restarted');
      await server.restart?.();
      fault.over();
      const fromMs = performance.now();
      await until('every caller to be answered', () =>
        callers.every(({ who }) =>
          callsSince(fromMs, (one) => one === who).some(({ end }) => end.type === 'right'),
        ),
      );
      servedAfterMs.push(performance.now() - fromMs);
      await untilAllCalled();
      rest();
      await callsLater(pair.bench, 50);
    });

    test('a rolling upgrade loses no request', async () => {
      const fromMs = performance.now();
      const fault = pair.bench.witness.fault('rolling upgrade');
      for (const index of [0, 1, 0, 1] as const) {
        const gateway = pair.gateways[index];
        isThere[index] = false;
        await pair.proxy.restarting(Number(new URL(gateway.url).port), async () => {
          expect(await gateway.end()).toBe(0);
          await gateway.start();
        });
        isThere[index] = true;
      }
      await untilAllCalled();
      fault.over();
      const seen = callsSince(fromMs, (who) => who !== 'rules');
      expect(seen.filter(({ end }) => end.type !== 'right')).toEqual([]);
      expect(seen.length).toBeGreaterThan(100);
    });

    test('both count the requests of a key together', async () => {
      const deps = { bench: pair.bench, send: pair.send };
      const { key } = await makeKey(deps, { requests_per_minute: 40 });
      const counts = await countStatuses(pair, key, 120);
      expect(counts).toEqual({ 200: 40, 429: 80 });
    });

    test('a budget of tokens is never passed, whoever is killed', async () => {
      const { witness } = pair.bench;
      const [, other] = pair.gateways;
      const rest = witness.disturb();
      const used = await useBudget(pair, {
        tokens: 30_000,
        async whileUsed() {
          const up = witness.down();
          isThere[1] = false;
          await other.kill();
          up();
          await other.start();
          isThere[1] = true;
        },
      });
      await untilAllCalled();
      rest();
      expect(used.tokens).toBeLessThanOrEqual(30_000);
      expect(used.refusals).toBeGreaterThan(0);
    });

    test('after all that, all that was acknowledged is there, once', async () => {
      await calling.end();
      const { witness } = pair.bench;
      const [gateway] = pair.gateways;
      const desks = callers.filter(({ who }) => who.startsWith('desk'));
      const books = await readBooks({ ...pair.bench, gateway }, desks);
      const lost = await Promise.all(callers.map(({ check }) => check()));
      const slowest = Math.max(...rules.heldAfter.map(({ ms }) => ms));
      process.stderr.write(
        `${faultTable(witness, { beganMs, servedAfterMs, books, leftOut: null })}\nChanges held on both after ${Math.round(slowest)} ms at most, of ${rules.heldAfter.length}.\n`,
      );
      expect(lost.flat()).toEqual([]);
      expect(wrongBooks(books)).toEqual([]);
      expect(witness.wrongs).toEqual([]);
    });
  },
);
