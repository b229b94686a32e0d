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

/** A finding as kept and shown by CLI, `/admin`, log and console. Times are ISO 8601. */
export type Diagnostic = {
  readonly id: string;
  readonly agent_id: string | null;
  /** Path of the module's entry below the project root. */
  readonly module_path: string | null;
  readonly stage: Stage;
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly frame: string | null;
  readonly hint: string | null;
  /** Generation that keeps serving in spite of it. */
  readonly serving_generation: number | null;
  readonly first_seen: string;
  readonly last_seen: string;
  readonly count: number;
  readonly request_id: string | null;
};
