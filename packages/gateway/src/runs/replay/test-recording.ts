import type { RunTest } from '../../protocol/admin/run-test.ts';
import { type RunOutcome, runOutcomes } from '../../protocol/journal/journal.ts';
import type { Step } from '../../protocol/journal/steps.ts';
import type { ServedAgent } from '../run.ts';
import type { ModelStep, Recording, StepContents, ToolStep } from './recording.ts';

type Kept = { readonly step: Step; readonly contents: StepContents; readonly name: string };

/**
 * A case as the record that it was made of. It does not say when calls were made, so that those of models count as made at
 * the same time: which is which is told by what is asked.
 */
export function testRecording(test: RunTest, agent: ServedAgent): Recording {
  const { input, context, recorded, expected } = test;
  const kept: Kept[] = [
    { step: inputStep(test), contents: {}, name: 'input' },
    ...test.model_calls.map((call, index) => ({
      step: modelStep(call, { step: 1 + index, duration_ms: test.model_calls.length }),
      contents: textsOf({ request: call.request, answer: call.answer }),
      name: `model_calls[${index}]`,
    })),
  ];
  for (const [index, call] of test.tool_calls.entries()) {
    const contents = textsOf({ arguments: call.arguments, result: call.result });
    kept.push({ step: toolStep(call, kept.length), contents, name: `tool_calls[${index}]` });
  }
  kept.push({
    step: {
      kind: 'text',
      step: kept.length,
      at_ms: kept.length,
      duration_ms: null,
      letters: expected.text.length,
    },
    contents: { text: expected.text },
    name: 'expected.text',
  });
  return {
    run: runOf(test, { agent, steps: kept.length }),
    asked: { input, context, maxTurns: null, filesHash: recorded.files_hash },
    steps: kept.map(({ step }) => step),
    contentsOf: async (step) => kept[step]?.contents ?? {},
    nameOf: (step) => kept[step]?.name ?? `step ${step}`,
  };
}

function inputStep({ input, recorded }: RunTest): Step {
  const { items, streamed } = input;
  const about = { items: items.length, streamed, files_hash: recorded.files_hash };
  return { kind: 'input', step: 0, at_ms: 0, duration_ms: null, ...about };
}

function modelStep(
  call: RunTest['model_calls'][number],
  place: { readonly step: number; readonly duration_ms: number },
): ModelStep {
  const { ordinal, request_hash, path, model, status } = call;
  return {
    kind: 'model_call',
    ...place,
    at_ms: place.step,
    ordinal,
    request_hash,
    path,
    model,
    status,
    outcome: call.outcome ?? (status >= 200 && status < 300 ? 'ok' : 'failed'),
    code: call.code ?? null,
    upstream: 'test',
    error: null,
    attempts: 0,
    first_byte_ms: null,
    input_tokens: null,
    output_tokens: null,
    cached_input_tokens: null,
    reasoning_tokens: null,
  };
}

function toolStep(call: RunTest['tool_calls'][number], step: number): ToolStep {
  const { call_id, tool, provenance, outcome } = call;
  return {
    kind: 'tool_call',
    step,
    at_ms: step,
    duration_ms: null,
    call_id,
    tool,
    provenance,
    outcome,
    error: null,
    cache: null,
    argument_bytes: null,
    result_bytes: null,
  };
}

/** What is null was not kept. */
function textsOf(texts: Readonly<Record<string, string | null>>): StepContents {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== null));
}

function runOf(
  { context, recorded, expected }: RunTest,
  { agent, steps }: { readonly agent: ServedAgent; readonly steps: number },
): Recording['run'] {
  const { agentId, modulePath } = agent;
  return {
    id: recorded.run,
    startedMs: Date.parse(recorded.at) || 0,
    requestId: context.request_id,
    keyId: context.key.id,
    user: context.user ?? null,
    agentId,
    modulePath,
    generation: recorded.generation,
    replayOf: null,
    resumes: null,
    gateway: null,
    outcome: outcomeOf(expected.outcome),
    code: expected.code,
    durationMs: null,
    usage: null,
    recorded: 'contents',
    steps,
    bytes: 0,
    costNanoUsd: 0,
    unpricedCalls: 0,
  };
}

/** No run ends in another way but one whose gateway was killed. */
function outcomeOf(text: string): RunOutcome | 'lost' {
  return runOutcomes.find((each) => each === text) ?? 'lost';
}
