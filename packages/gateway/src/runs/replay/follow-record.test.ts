import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { createOpenRecording } from '../../observability/journal/open-recording.ts';
import { packContents } from '../../observability/journal/pack-contents.ts';
import { type RunRecord, runIdTime, type StepChunk } from '../../protocol/journal/journal.ts';
import { requestHash } from '../../protocol/journal/request-hash.ts';
import type { Step } from '../../protocol/journal/steps.ts';
import { openStore } from '../../storage/open-store.ts';
import { followRecord } from './follow-record.ts';

const TURNS = 5000;
const STEPS_OF_CHUNK = 2000;

const asked = {
  input: { modelId: 'default/a', items: [], settings: {}, streamed: false, metadata: {} },
  context: { key: { id: 'key_1', name: 'me' } },
  maxTurns: null,
  filesHash: null,
};

const requestOf = (turn: number) => JSON.stringify({ model: 'm', input: `turn ${turn}` });
const argumentsOf = (turn: number) => JSON.stringify({ turn });

const run: RunRecord = {
  id: `run_${runIdTime(1000)}0000000000000`,
  startedMs: 1000,
  requestId: 'req_1',
  keyId: 'key_1',
  user: null,
  agentId: 'default/a',
  modulePath: 'src/agents/A/agent.ts',
  generation: 1,
  replayOf: null,
  resumes: null,
  gateway: null,
  outcome: 'finished',
  code: null,
  durationMs: 10,
  usage: null,
  costNanoUsd: 0,
  unpricedCalls: 0,
  recorded: 'contents',
  steps: TURNS * 2 + 1,
  bytes: 1,
};

/** The steps of as many turns, each a call of the model and the call of a tool that it asks for. */
function allSteps(): { step: Step; contents: Readonly<Record<string, string>> }[] {
  const input = { kind: 'input', items: 0, streamed: false, files_hash: null } as const;
  const first = { ...input, step: 0, at_ms: 0, duration_ms: null };
  const turns = Array.from({ length: TURNS }, (_, turn) => {
    const at = { at_ms: turn + 0.5, duration_ms: 0.1 };
    const model = {
      ...at,
      kind: 'model_call',
      step: turn * 2 + 1,
      ordinal: turn,
      request_hash: requestHash(Buffer.from(requestOf(turn))),
      upstream: 'u',
      path: '/v1/responses',
      model: 'm',
      status: 200,
      outcome: 'ok',
      code: null,
      error: null,
      attempts: 1,
      first_byte_ms: 1,
      input_tokens: 1,
      output_tokens: 1,
      cached_input_tokens: 0,
      reasoning_tokens: 0,
    } as const;
    const tool = {
      ...at,
      kind: 'tool_call',
      step: turn * 2 + 2,
      call_id: `call_${turn}`,
      tool: 'count',
      provenance: 'native',
      outcome: 'ok',
      error: null,
      cache: null,
      argument_bytes: 1,
      result_bytes: 1,
    } as const;
    return [
      { step: model, contents: { request: requestOf(turn), answer: `{"turn":${turn}}` } },
      { step: tool, contents: { arguments: argumentsOf(turn), result: `${turn}` } },
    ];
  });
  return [{ step: first, contents: { input: JSON.stringify(asked) } }, ...turns.flat()];
}

async function writeRun() {
  const store = await openStore(`sqlite:${join(await tempFolder(), 'gateway.db')}`);
  onTestFinished(() => store.close());
  const steps = allSteps();
  const chunks: StepChunk[] = [];
  for (let from = 0; from < steps.length; from += STEPS_OF_CHUNK) {
    const own = steps.slice(from, from + STEPS_OF_CHUNK);
    const contents = await packContents(
      own.flatMap(({ step, contents }) =>
        Object.entries(contents).map(([part, text]) => ({
          step: step.step,
          part: part as 'request',
          text,
        })),
      ),
    );
    const json = JSON.stringify(own.map(({ step }) => step));
    chunks.push({ runId: run.id, firstStep: from, steps: json, contents });
  }
  await store.journal.write({ runs: [run], chunks });
  return store.journal;
}

test('a run of 10,000 steps is followed to its end, and few of them are held at a time', async () => {
  const journal = await writeRun();
  let reads = 0;
  const chunks: typeof journal.chunks = (...args) => {
    reads += 1;
    return journal.chunks(...args);
  };
  const opening = createOpenRecording({ store: { ...journal, chunks }, flush: async () => {} });
  const recording = await opening.open(run);
  if (!recording) throw new Error('It is not recorded.');
  expect(recording.steps).toHaveLength(10_001);
  const record = followRecord({
    recording,
    until: null,
    isLive: () => false,
    hide: (text) => text,
    onModelCalled: () => {},
    onLimit: () => {},
    onDiffers: ({ message }) => {
      throw new Error(message);
    },
  });
  for (let turn = 0; turn < TURNS; turn += 1) {
    const body = Buffer.from(requestOf(turn));
    const answer = await record.answerModel({ path: '/v1/responses', body });
    expect(answer).toMatchObject({ type: 'recorded', body: Buffer.from(`{"turn":${turn}}`) });
    const call = { tool: 'count', callId: `call_${turn}`, arguments: argumentsOf(turn) };
    expect(await record.answerTool(call)).toMatchObject({ outcome: 'ok', text: `${turn}` });
  }
  expect(record.left()).toBe(null);
  // Each chunk once, and once more all of them without what they held.
  expect(reads).toBeLessThan(12);
});
