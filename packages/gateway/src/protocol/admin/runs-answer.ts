import { z } from 'zod';
import type { Inferred } from '../inferred.ts';
import { type RunQuery, runOutcomes } from '../journal/journal.ts';
import { shownStepSchema } from '../journal/steps.ts';
import { pageSize } from '../pages.ts';
import { isoTime } from '../text/iso-time.ts';

const shownOutcomes = ['running', 'lost', ...runOutcomes] as const;

const runInfo = z.object({
  id: z.string().describe('The run.'),
  request_id: z.string().describe('The request that it answers, as in `x-request-id`.'),
  key_id: z.string().describe('The caller’s key; `local_cli` of the command.'),
  user: z
    .string()
    .nullable()
    .describe(
      'For whom: the user that its key forwarded, else the caller’s own word; may be null.',
    ),
  agent_id: z.string().describe('Model id of the agent.'),
  module_path: z.string().describe('Its file, below the project root.'),
  generation: z.int().describe('Which loaded version of it.'),
  resumes: z
    .string()
    .nullable()
    .describe('Of a run that goes on after approvals: the one that waited for them.'),
  replay_of: z.string().nullable().describe('Of a replay: the run whose record it follows.'),
  started_at: z.string().describe('ISO 8601.'),
  outcome: z
    .enum(shownOutcomes)
    .describe('`running`, or how it ended; `lost` where the gateway was killed meanwhile.'),
  code: z.string().nullable().describe('Why it failed, in a word; null where it did not.'),
  duration_ms: z.number().nullable().describe('Null while it runs.'),
  usage: z
    .object({
      requests: z.int(),
      input_tokens: z.int(),
      output_tokens: z.int(),
      cached_input_tokens: z.int(),
      reasoning_tokens: z.int(),
    })
    .nullable()
    .describe('Model calls and tokens of all of them; null while it runs.'),
  cost_usd: z
    .number()
    .nullable()
    .describe('So far, of the calls whose price is known; null where that is none of them.'),
  unpriced_calls: z.int().describe('Model calls whose price nobody knows.'),
  recorded: z.enum(['steps', 'contents']).describe('What is kept of it.'),
  steps: z.int().describe('How many steps it has.'),
});

/** A run as operators see it. */
export type RunInfo = Inferred<typeof runInfo>;

/** Query of `GET /admin/runs`. All filters that are given must fit. */
export const runsQuery = z.object({
  agent: z.string().optional().describe('Model id.'),
  key: z.string().optional().describe('Id of a key.'),
  user: z.string().optional().describe('Id of a user.'),
  outcome: z.enum(shownOutcomes).optional(),
  code: z.string().optional().describe('Of a failure.'),
  since: isoTime.optional().describe('ISO 8601 time; only what began at or after it.'),
  min_duration_ms: z.coerce
    .number()
    .min(0)
    .optional()
    .describe('Only what is over and took so long or longer.'),
  request_id: z.string().optional(),
  replay_of: z.string().optional().describe('Id of a run; only what runs it again.'),
  resumes: z.string().optional().describe('Id of a run that waited; only what goes on with it.'),
  after: z.string().optional().describe('`next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(pageSize.most).default(pageSize.default),
});

/** `GET /admin/runs`: newest first. */
export const runsAnswer = z.object({
  runs: z.array(runInfo),
  next: z.string().nullable().describe('To be sent as `after`; null on the last page.'),
});

export type RunPage = Inferred<typeof runsAnswer>;

/** Filters of the runs. */
export type RunsQuery = RunQuery;

/** Query of `GET /admin/runs/{id}`. */
export const stepsQuery = z.object({
  contents: z
    .enum(['true', '1', 'false', '0'])
    .default('false')
    .describe('Whether what the steps held is shown too; each such reading is a decision.'),
  from: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .describe('First step; `next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(pageSize.most).default(pageSize.most),
});

/** Which steps of a run are shown. */
export type StepsQuery = {
  readonly contents: boolean;
  readonly from: number;
  readonly limit: number;
};

/** A step with what it held, where that is kept and was asked for. */
export type ShownStep = Inferred<typeof shownStepSchema>;

/** `GET /admin/runs/{id}`. */
export const runAnswer = z.object({
  run: runInfo,
  steps: z.array(shownStepSchema),
  next: z.int().nullable().describe('To be sent as `from`; null on the last page.'),
});

export type RunDetail = Inferred<typeof runAnswer>;
