import { z } from 'zod';
import type { Inferred } from '../inferred.ts';

const count = z.int().min(1).max(1_000_000_000_000);
const dollars = z.number().min(0.000001).max(1_000_000);

/** Limits of a run as agents, keys, namespaces and overrides set them, in JSON and YAML. */
export const runLimitsSchema = z.strictObject({
  max_model_calls: count.exactOptional().describe('Most model calls of a run.'),
  max_tokens: count
    .exactOptional()
    .describe('Most tokens of a run, in and out: a call whose input no longer fits is not made.'),
  max_cost_usd: dollars
    .exactOptional()
    .describe('Most US dollars that its model calls may cost, likewise.'),
  max_tool_calls: count.exactOptional().describe('Most tool calls of a run.'),
  max_repeated_tool_calls: z
    .int()
    .min(0)
    .max(1_000_000)
    .exactOptional()
    .describe(
      'Most calls in a row of one tool with the same arguments; 0 is without limit, by default 8.',
    ),
});

/** The same as `__gateway__` has them. */
export const runLimitsFields = z.strictObject({
  maxModelCalls: runLimitsSchema.shape.max_model_calls,
  maxTokens: runLimitsSchema.shape.max_tokens,
  maxCostUsd: runLimitsSchema.shape.max_cost_usd,
  maxToolCalls: runLimitsSchema.shape.max_tool_calls,
  maxRepeatedToolCalls: runLimitsSchema.shape.max_repeated_tool_calls,
});

/** Limits of a run; what is absent is not limited by whoever set them. */
export type RunLimits = Inferred<typeof runLimitsFields>;

/** Names of the limits, as JSON and settings have them. */
export const runLimitNames = {
  maxModelCalls: 'max_model_calls',
  maxTokens: 'max_tokens',
  maxCostUsd: 'max_cost_usd',
  maxToolCalls: 'max_tool_calls',
  maxRepeatedToolCalls: 'max_repeated_tool_calls',
} as const satisfies Record<keyof RunLimits, keyof RunLimitsJson>;

export type RunLimitsJson = Inferred<typeof runLimitsSchema>;

/** How often in a row a tool may be called with the same arguments where nobody says. */
export const DEFAULT_REPEATED_TOOL_CALLS = 8;

/** Limits as JSON has them, in the gateway's own names. */
export function fromRunLimitsJson(limits: RunLimitsJson): RunLimits {
  return renamed<RunLimits>(limits, ([own, json]) => [json, own]);
}

/** The other way round. */
export function toRunLimitsJson(limits: RunLimits): RunLimitsJson {
  return renamed<RunLimitsJson>(limits, ([own, json]) => [own, json]);
}

function renamed<Limits>(
  limits: object,
  direction: (names: [string, string]) => [from: string, to: string],
): Limits {
  const given = limits as Readonly<Record<string, number | undefined>>;
  const entries = Object.entries(runLimitNames).flatMap((names) => {
    const [from, to] = direction(names);
    return given[from] === undefined ? [] : [[to, given[from]]];
  });
  return Object.fromEntries(entries) as Limits;
}
