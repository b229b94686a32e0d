import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventsOf } from '../../src/protocol/run-sink.ts';
import { scriptedLoad, scriptedPool, startLiveRun } from '../support/scripted-pool.ts';

type Vectors = { readonly conversation: readonly object[] };

const vectors: Vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, 'to-worker.json'), 'utf8'),
);

test('the gateway sends a worker what the vectors say, in their order', async () => {
  const entry = join(import.meta.dirname, '../fixtures/listening-worker.ts');
  const pool = scriptedPool({}, { entry });
  onTestFinished(pool.dispose);
  const abort = new AbortController();
  const run = startLiveRun(pool, 'Grüße 🙂\nzweite Zeile', {
    load: scriptedLoad('', { env: { CITY: 'Paris' } }),
    signal: abort.signal,
    answer: async ({ tool }) => {
      if (tool !== 'allowed_tool') throw new Error('no');
      run.decide({ otherwise: 'ask', tools: { allowed_tool: 'allow', erase: 'deny' } });
      return { type: 'value', value: true };
    },
  });
  const events = eventsOf({ ...run, cancel: () => undefined });
  for (let taken = 0; taken < 64; taken += 1) await events.next();
  abort.abort();
  await pool.close(1000);
  const lines = pool.emitted.flatMap((event) =>
    event.type === 'worker_output' ? [JSON.parse(event.line)] : [],
  );
  expect(lines).toEqual(vectors.conversation);
});
