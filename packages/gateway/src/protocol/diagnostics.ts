import { z } from 'zod';
import type { Inferred } from './inferred.ts';

/** Stages of a run: what goes wrong while a module serves. */
export const runStages = ['worker', 'run', 'model', 'tool', 'guardrail', 'stream'] as const;

/** Where something went wrong: on the way to serving, or in a run. */
export const stages = [
  'discover',
  'dependencies',
  'load',
  'export',
  'metadata',
  'policy',
  ...runStages,
] as const;

export type Stage = (typeof stages)[number];

/** Worst first. */
export const severities = ['error', 'warning', 'info'] as const;

export type Severity = (typeof severities)[number];

/**
 * One thing wrong (or worth knowing) about a module, as whoever finds it says it.
 * `code` is snake_case (`syntax_error`); `hint` is an action; `file` is absolute; lines and columns count from 1.
 */
export const findingSchema = z.object({
  stage: z.enum(stages),
  code: z.string().regex(/^[a-z0-9_]{1,64}$/),
  severity: z.enum(severities),
  message: z.string(),
  file: z.string().exactOptional(),
  line: z.number().exactOptional(),
  column: z.number().exactOptional(),
  /** Code frame, several lines of plain text. */
  frame: z.string().exactOptional(),
  hint: z.string().exactOptional(),
});

export type Finding = Inferred<typeof findingSchema>;

/** A finding as kept and shown by CLI, `/admin`, log and console. */
export const diagnosticSchema = z.object({
  id: z.string(),
  agent_id: z.string().nullable(),
  module_path: z.string().nullable().describe('Of the module’s entry, below the project root.'),
  stage: z.enum(stages),
  code: z.string(),
  severity: z.enum(severities),
  message: z.string(),
  file: z.string().nullable().describe('Absolute.'),
  line: z.number().nullable().describe('Counts from 1.'),
  column: z.number().nullable().describe('Counts from 1.'),
  frame: z.string().nullable().describe('Code frame, several lines of plain text.'),
  hint: z.string().nullable().describe('What to do.'),
  generation: z.number().exactOptional().describe('In which a run or tool failed.'),
  replaced: z.literal(true).exactOptional().describe('Another generation serves by now.'),
  serving_generation: z.number().nullable().describe('That keeps serving in spite of it.'),
  first_seen: z.string().describe('ISO 8601, UTC.'),
  last_seen: z.string().describe('ISO 8601, UTC.'),
  count: z.number(),
  request_id: z.string().nullable(),
  run_id: z
    .string()
    .exactOptional()
    .describe('The last run in which it was seen: its journal says more.'),
});

export type Diagnostic = Inferred<typeof diagnosticSchema>;
