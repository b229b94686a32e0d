import { z } from 'zod';
import type { Inferred } from '../inferred.ts';
import type { RunOutcome } from '../journal/journal.ts';
import type { Usage } from '../run.ts';
import type { Difference } from './replay-answer.ts';
import { runTestContext, runTestInput } from './run-test-input.ts';

const modelCall = z.object({
  ordinal: z.int().describe('Of the model calls, from 0.'),
  request_hash: z
    .string()
    .nullable()
    .describe('SHA-256 of the request as it was sent, its fields in order.'),
  path: z.string().describe('Of the API: `/v1/responses` or `/v1/chat/completions`.'),
  model: z.string().nullable(),
  status: z.int(),
  outcome: z
    .string()
    .exactOptional()
    .describe('`ok`, or how it failed; absent in cases of before it was kept.'),
  code: z.string().nullable().exactOptional().describe('Of a failure.'),
  request: z.string().nullable().describe('What the model was asked: JSON.'),
  answer: z
    .string()
    .nullable()
    .describe('What it answered: JSON, or server-sent events where the request asks for a stream.'),
});

const toolCall = z.object({
  call_id: z.string().nullable().describe('The model’s own.'),
  tool: z.string(),
  provenance: z.string(),
  outcome: z.string(),
  arguments: z.string().nullable().describe('JSON, as the model wrote it.'),
  result: z.string().nullable().describe('What the model was told.'),
});

/** Of the form of a case. */
export const runTestVersion = 1;

/** `GET /admin/runs/{id}/test`, and a file of `dropgate runs to-test`: a case to run an agent by. Known secrets are hidden. */
export const runTestAnswer = z.object({
  version: z.literal(runTestVersion),
  agent: z.string().describe('Model id.'),
  recorded: z.object({
    run: z.string(),
    at: z.string().describe('ISO 8601.'),
    generation: z.int(),
    files_hash: z.string().nullable(),
  }),
  input: runTestInput.describe(
    'What the agent is asked: messages, settings, format of the answer.',
  ),
  context: runTestContext.describe('What the agent sees of its run.'),
  model_calls: z.array(modelCall),
  tool_calls: z.array(toolCall),
  expected: z.object({
    outcome: z.string(),
    code: z.string().nullable(),
    text: z.string().describe('The whole answer.'),
  }),
});

export type RunTest = Inferred<typeof runTestAnswer>;

/** What came of an agent that was run by a case. */
export type PlayedTest = {
  readonly outcome: RunOutcome;
  /** Of a failure. */
  readonly code: string | null;
  /** What it answered. */
  readonly text: string;
  /** The first thing that it did otherwise; null where it did what the case has. */
  readonly difference: TestDifference | null;
};

/** The same by a case that an author wrote. */
export type PlayedWritten = PlayedTest & {
  /** In the order in which they began. */
  readonly tools: readonly MadeCall[];
  readonly usage: Usage;
};

/** A call of a tool as it was made. */
export type MadeCall = { readonly name: string; readonly arguments: unknown };

/** `place` is the field of the case that is not met; null where it has none to compare with. */
export type TestDifference = Omit<Difference, 'step'> & { readonly place: string | null };
