import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { tempFolder, writeFiles } from '../../test/support/temp-folder.ts';
import type { GatewayEvent } from '../events.ts';
import type { Pool } from '../pool/pool.ts';
import type { PoolRun } from '../protocol/pool.ts';
import type { ModuleLoad } from '../protocol/records.ts';
import { noUsage, type RunEvent } from '../protocol/run.ts';
import { createRunEnding } from '../protocol/run-ending.ts';
import { frameEnds, frameFailures } from './frame-failures.ts';

const file = '/app/src/agents/A/agent.ts';
const code = 'const a = 1;\nthrow new Error("no");\n';
const frame = '  1 | const a = 1;\n> 2 | throw new Error("no");\n    |       ^\n  3 |';
const detail = { class: 'Error', message: 'no', stage: 'run', file, line: 2, column: 7 } as const;
const failed = { type: 'failed', code: 'run_failed', message: 'No.', usage: noUsage } as const;
const tool = { callId: 'c', tool: 't', agent: 'A', provenance: 'native' } as const;
const ended = { type: 'tool_ended', ...tool, outcome: 'failed', durationMs: 1, detail } as const;

/** What is told of these events where the bytes kept under the hash are these. */
async function told(events: readonly RunEvent[], kept: string) {
  const hash = createHash('sha256').update(code).digest('hex');
  const keptFolder = await tempFolder();
  await writeFiles(keptFolder, { [hash]: kept });
  const seen: RunEvent[] = [];
  const run: Pool['run'] = (_load, request) => ({
    decide: () => undefined,
    sendTo(sink) {
      for (const event of events) {
        if (event.type === 'failed') request.ending.end(event);
        else request.onEvent?.(event);
        sink.write(event);
      }
    },
  });
  const ending = createRunEnding();
  ending.onEnd((last) => last && seen.push(last));
  const load = { kept: { [file]: hash }, keptFolder } as unknown as ModuleLoad;
  const request = { ending, onEvent: (event: RunEvent) => void seen.push(event) };
  frameFailures({ run } as Pool, new Map())
    .run(load, request as unknown as PoolRun)
    .sendTo({
      write(event) {
        seen.push(event);
        return null;
      },
    });
  return seen;
}

test('failures of runs and tools have the code of their place, of the bytes that ran', async () => {
  const events = [ended, { ...failed, detail }];
  expect(await told(events, code)).toMatchObject([
    { type: 'tool_ended', detail: { ...detail, frame } },
    { type: 'tool_ended', detail: { ...detail, frame } },
    { type: 'failed', detail: { ...detail, frame } },
    { type: 'failed', detail: { ...detail, frame } },
  ]);
});

test('there is none of bytes that were changed, of a line that is not there, and of other files', async () => {
  const failures = [
    { ...failed, detail: { ...detail, line: 9 } },
    { ...failed, detail: { ...detail, file: '/etc/passwd' } },
    failed,
  ];
  const all = [...(await told(failures, code)), ...(await told([{ ...failed, detail }], 'other'))];
  expect(JSON.stringify(all)).not.toContain('frame');
  expect(all.length).toBeGreaterThan(4);
});

test('a worker that ends has the code of the place that ended it, where that is what ran', async () => {
  const hash = createHash('sha256').update(code).digest('hex');
  const keptFolder = await tempFolder();
  await writeFiles(keptFolder, { [hash]: code });
  const load = { generation: 2, kept: { [file]: hash }, keptFolder } as unknown as ModuleLoad;
  const seen: GatewayEvent[] = [];
  const emit = frameEnds((event) => seen.push(event), new Map([['default/a', load]]));
  const end = { type: 'worker_ended', agentId: 'default/a', reason: 'crashed', detail } as const;
  emit({ ...end, generation: 2 } as GatewayEvent);
  emit({ ...end, generation: 1 } as GatewayEvent);
  expect(seen).toEqual([
    { ...end, generation: 2, detail: { ...detail, frame } },
    { ...end, generation: 1 },
  ]);
});
