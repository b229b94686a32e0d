import { sql } from 'kysely';
import type { RateStore } from '../../protocol/store.ts';
import type { Engine } from '../engines/engine.ts';

/** Requests of keys, in an open database: one statement each. */
export function createRateStore({ relaxed, promptly }: Engine): RateStore {
  return {
    count: (account, { nowMs, lengthMs }) =>
      promptly.ask(async () => {
        const now = Math.floor(nowMs);
        const isOver = sql<boolean>`request_counts.ends_at_ms <= ${now}`;
        const row = await relaxed
          .insertInto('request_counts')
          .values({ account, requests: 1, ends_at_ms: now + lengthMs })
          .onConflict((conflict) =>
            conflict.column('account').doUpdateSet({
              requests: sql<number>`case when ${isOver} then 1 else request_counts.requests + 1 end`,
              ends_at_ms: sql<number>`case when ${isOver} then excluded.ends_at_ms else request_counts.ends_at_ms end`,
            }),
          )
          .returning(['requests', 'ends_at_ms'])
          .executeTakeFirstOrThrow();
        return { requests: row.requests, endsAtMs: row.ends_at_ms };
      }),
  };
}
