import { expect, test } from 'vitest';
import { createSecrets } from '../observability/secrets.ts';
import type { Pool } from '../pool/pool.ts';
import type { PoolRun } from '../protocol/pool.ts';
import type { ModuleLoad } from '../protocol/records.ts';
import { noUsage, type RunEvent } from '../protocol/run.ts';
import { hideSecrets } from './hide-secrets.ts';

const said = 'planted-secret';

/** What is told of a run whose worker says these, of a module with a secret. */
function toldOf(events: readonly RunEvent[], serves?: 'tool'): RunEvent[] {
  const run: Pool['run'] = () => ({
    decide: () => undefined,
    sendTo(sink) {
      for (const event of events) void sink.write(event);
    },
  });
  const load = { agentId: 'default/a', env: { SHOP_KEY: said }, serves } as unknown as ModuleLoad;
  const seen: RunEvent[] = [];
  hideSecrets({ run } as Pool, createSecrets())
    .run(load, {} as PoolRun)
    .sendTo({
      write(event) {
        seen.push(event);
        return null;
      },
    });
  return seen;
}

const detail = { class: said, message: said, stack: said, file: said, frame: said } as const;
const call = { callId: 'call_1', tool: 't', agent: '', provenance: 'native' } as const;
const toolFailed: RunEvent = {
  type: 'tool_ended',
  ...call,
  durationMs: 1,
  outcome: 'failed',
  detail: { ...detail, stage: 'tool' },
};

test('a failure that is told shows no secret of its module, in no field that the module wrote', () => {
  const failed = { type: 'failed', code: 'run_failed', message: said, usage: noUsage } as const;
  const seen = toldOf([{ ...failed, detail: { ...detail, stage: 'run' } }, toolFailed]);
  expect(JSON.stringify(seen)).not.toContain(said);
  expect(JSON.stringify(seen).match(/\[secret\]/g)).toHaveLength(11);
});

test('what the module of a tool gives shows none either; what an agent answers is its own', () => {
  const text: RunEvent = { type: 'text', delta: `It is ${said}.` };
  expect(toldOf([text], 'tool')).toEqual([{ type: 'text', delta: 'It is [secret].' }]);
  expect(toldOf([text])).toEqual([text]);
});
