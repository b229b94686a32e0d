import { z } from 'zod';
import type { Inferred } from '../inferred.ts';
import { runOutcomes } from '../journal/journal.ts';

/** Of which files a run is run again: those of its own generation, or those that serve now. */
export const replayedGenerations = ['recorded', 'current'] as const;

const change = z.object({
  path: z.string().describe('Of the field that differs: `input[2].content`; empty of the whole.'),
  recorded: z.unknown().describe('Absent where the record has no such field.'),
  replayed: z.unknown().describe('Absent where the replay has no such field.'),
});

/** One field that differs. */
export type Change = Inferred<typeof change>;

const difference = z.object({
  step: z
    .int()
    .nullable()
    .describe('Of the recorded run; null where it has no step to compare with.'),
  kind: z
    .enum(['model_call', 'tool_call', 'answer', 'outcome'])
    .describe('What differs: what a model or a tool is asked, the answer, or how the run ended.'),
  message: z.string(),
  changes: z.array(change).describe('The first of them; long values are cut.'),
});

/** The first thing that another run did otherwise. */
export type Difference = Inferred<typeof difference>;

const about = {
  run: z.string().describe('Id of the run that this made; it has its own steps.'),
  replay_of: z.string(),
  agent: z.string(),
  generation: z.int().describe('That ran.'),
  outcome: z.enum(runOutcomes),
  code: z.string().nullable().describe('Of a failure.'),
  text: z.string().describe('What it answered.'),
  difference: difference.nullable(),
};

/** Body of `POST /admin/runs/{id}/replay`. */
export const replayBody = z
  .strictObject({
    generation: z
      .enum(replayedGenerations)
      .optional()
      .describe(
        '`recorded` without it; `current` checks the agent as it is now against what was recorded.',
      ),
  })
  .nullish();

/** `POST /admin/runs/{id}/replay`: what came of it. */
export const replayAnswer = z.object({
  result: z.enum(['same', 'differs']),
  ...about,
});

export type ReplayReport = Inferred<typeof replayAnswer>;

/** Body of `POST /admin/runs/{id}/fork`. */
export const forkBody = z.strictObject({
  from_step: z
    .int()
    .min(0)
    .describe('The first that is live; with `edit`, the last that comes from the record.'),
  edit: z
    .string()
    .max(4 * 1024 * 1024)
    .optional()
    .describe(
      'In place of what that step gave: the result of a tool, or what a model answers, as text or as the body of its API.',
    ),
});

/** `POST /admin/runs/{id}/fork`: what came of it. `difference` is set where it did not come to the step. */
export const forkAnswer = z.object({ from_step: z.int(), ...about });

export type ForkReport = Inferred<typeof forkAnswer>;
