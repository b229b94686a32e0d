import { expect, test } from 'vitest';
import { createSecrets } from '../observability/secrets.ts';
import type { Pool } from '../pool/pool.ts';
import type { PoolRun } from '../protocol/pool.ts';
import type { ModuleLoad } from '../protocol/records.ts';
import { noUsage, type RunEvent } from '../protocol/run.ts';
import { hideSecrets } from './hide-secrets.ts';

test('a failure that is told shows no secret of its module, in no field that the module wrote', () => {
  const said = 'planted-secret';
  const detail = { class: said, message: said, stack: said, file: said, frame: said } as const;
  const failed = { type: 'failed', code: 'run_failed', message: said, usage: noUsage } as const;
  const run: Pool['run'] = () => ({
    decide: () => undefined,
    sendTo: (sink) => void sink.write({ ...failed, detail: { ...detail, stage: 'run' } }),
  });
  const load = { agentId: 'default/a', env: { SHOP_KEY: said } } as unknown as ModuleLoad;
  const seen: RunEvent[] = [];
  hideSecrets({ run } as Pool, createSecrets())
    .run(load, {} as PoolRun)
    .sendTo({
      write(event) {
        seen.push(event);
        return null;
      },
    });
  expect(JSON.stringify(seen)).not.toContain(said);
  expect(JSON.stringify(seen).match(/\[secret\]/g)).toHaveLength(6);
});
