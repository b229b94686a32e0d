import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectEchoAnswers } from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { createMalformedRequests } from './malformed-requests.ts';
import { seesProcesses } from './processes.ts';
import { createRawClient } from './raw-http.ts';
import { until } from './until.ts';

const connections = 16;

/** Any other makes other requests. */
const seed = Number(process.env.FUZZ_SEED ?? 1);

/** The one test of a gateway that gets so many malformed requests. */
export function testMalformedTraffic(requestCount: number): void {
  let gateway: TestGateway;

  beforeAll(async () => {
    gateway = await startGateway({
      agents: ['Echo'],
      // Otherwise most of the work is to write a line for each.
      env: { GATEWAY_LOG_LEVEL: 'error' },
    });
  });
  afterAll(() => gateway?.stop());

  test.runIf(seesProcesses)(
    `${requestCount} malformed requests neither break it nor leave anything behind (FUZZ_SEED=${seed})`,
    async () => {
      await expectEchoAnswers(gateway);
      const workers = pidsOf(await gateway.workers());
      // The first ones fill caches and pools.
      await sendAll(gateway, createMalformedRequests(seed + 1, gateway.key), requestCount / 10);
      const before = await look(gateway);

      const statuses = await sendAll(
        gateway,
        createMalformedRequests(seed, gateway.key),
        requestCount,
      );

      const failed = [...statuses.keys()].filter((status) => status >= 500);
      expect(failed).toEqual([]);
      // It must have been hard enough: most are refused, for many reasons.
      const refused = [400, 401, 404, 405, 413].map((status) => statuses.get(status) ?? 0);
      expect(Math.min(...refused.slice(0, 4))).toBeGreaterThan(requestCount / 200);
      await until('the connections to be gone', async () => {
        return (await look(gateway)).files <= before.files + 2;
      });
      expect((await look(gateway)).rssMb - before.rssMb).toBeLessThan(150);
      expect(pidsOf(await gateway.workers())).toEqual(workers);
      await expectEchoAnswers(gateway);
      expect(gateway.logs()).not.toMatch(/fault survived|request failed|gateway_failed/);
    },
  );
}

/** How often each status was the answer; 0 stands for a connection that was closed without one. */
async function sendAll(
  gateway: TestGateway,
  next: ReturnType<typeof createMalformedRequests>,
  count: number,
) {
  const statuses = new Map<number, number>();
  let left = count;
  const sendSome = async () => {
    const client = createRawClient(gateway.url);
    while (left > 0) {
      left -= 1;
      const { bytes, isWhole } = next();
      const { status } = await client.send(Buffer.from(bytes, 'latin1'), { isWhole });
      statuses.set(status ?? 0, (statuses.get(status ?? 0) ?? 0) + 1);
    }
    client.close();
  };
  await Promise.all(Array.from({ length: connections }, sendSome));
  return statuses;
}

async function look(
  gateway: TestGateway,
): Promise<{ readonly files: number; readonly rssMb: number }> {
  const metrics = await (await gateway.fetch('/metrics')).text();
  const rss = /^dropgate_process_rss_bytes (\d+)/m.exec(metrics)?.[1];
  return {
    files: readdirSync(`/proc/${gateway.pid}/fd`).length,
    rssMb: Number(rss) / 2 ** 20,
  };
}

function pidsOf(workers: readonly { readonly pid: number }[]): number[] {
  return workers.map(({ pid }) => pid).toSorted((a, b) => a - b);
}
