import { z } from 'zod';
import type { Inferred } from '../inferred.ts';
import { runOutcomes } from '../journal/journal.ts';

const messageRoles = ['system', 'user', 'assistant'] as const;

const argumentsOfCall = z.record(z.string(), z.unknown());

const scriptedAnswer = z.union([
  z.string(),
  z.strictObject({
    text: z.string().exactOptional(),
    tool_calls: z
      .array(z.strictObject({ name: z.string(), arguments: argumentsOfCall.default({}) }))
      .min(1)
      .exactOptional(),
  }),
]);

const expectedCall = z.union([
  z.string(),
  z.strictObject({ name: z.string(), arguments: argumentsOfCall.default({}) }),
]);

const approvalAnswer = z.union([
  z.strictObject({ approve: z.string().describe('The tool whose call it is.') }),
  z.strictObject({
    deny: z.string().describe('The tool whose call it is.'),
    reason: z.string().exactOptional().describe('What the agent is told.'),
  }),
]);

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

const expectation = z.strictObject({
  outcome: z.enum(runOutcomes).exactOptional().describe('`finished` without it.'),
  text: z.string().exactOptional().describe('The whole answer.'),
  pattern: z
    .string()
    .refine(isPattern, 'Invalid regular expression')
    .exactOptional()
    .describe('A regular expression of JavaScript that the answer has somewhere.'),
  schema: z.record(z.string(), z.unknown()).exactOptional().describe('JSON schema of the answer.'),
  tools: z
    .union([z.array(expectedCall), z.strictObject({ any_order: z.array(expectedCall) })])
    .exactOptional()
    .describe('All calls of tools; arguments that are not named may be any.'),
  max_model_calls: z.int().min(1).exactOptional().describe('Of agents used as tools too.'),
  max_tool_calls: z.int().min(0).exactOptional(),
  max_turns: z
    .int()
    .min(1)
    .exactOptional()
    .describe('Rounds of the agent, as the SDK counts them: the run is ended there.'),
  max_tokens: z.int().min(1).exactOptional().describe('In and out, of all model calls.'),
  max_cost_usd: z.number().min(0).exactOptional().describe('What all model calls may cost.'),
});

/** What only a model that is asked has. */
const countedFields = ['max_tokens', 'max_cost_usd'] as const;

/** A case that an author wrote: what an agent is asked, and what is expected of it. */
export const writtenTestSchema = z
  .strictObject({
    messages: z
      .array(z.strictObject({ role: z.enum(messageRoles), content: z.string() }))
      .min(1)
      .describe('The conversation, oldest first.'),
    streamed: z.boolean().default(false),
    model: z
      .array(scriptedAnswer)
      .min(1)
      .exactOptional()
      .describe('What the model answers, call by call; without it a model is asked.'),
    approvals: z
      .array(approvalAnswer)
      .min(1)
      .exactOptional()
      .describe('What a person says of the calls that wait for one, in the order of the calls.'),
    expect: expectation.refine((all) => Object.keys(all).length > 0, 'Name at least one thing'),
  })
  .superRefine(({ model, expect }, context) => {
    for (const field of model ? countedFields : []) {
      if (expect[field] === undefined) continue;
      const message = 'Answers that the case brings cost nothing. Leave it out, or leave out model';
      context.addIssue({ code: 'custom', path: ['expect', field], message });
    }
  });

export type WrittenTest = Inferred<typeof writtenTestSchema>;
