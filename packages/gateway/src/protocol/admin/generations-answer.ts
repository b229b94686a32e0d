import { z } from 'zod';
import { findingSchema } from '../diagnostics.ts';
import type { Inferred } from '../inferred.ts';
import { agentStates, pinSchema } from './agents-answer.ts';

const agent = z.string().min(1).max(512).describe('Model id.');

/** Query of `GET /admin/agents/generations`. */
export const generationsQuery = z.object({ agent });

/** Body of `POST /agents/rollback`. */
export const rollbackBody = z.strictObject({
  agent,
  to: z
    .int()
    .min(1)
    .optional()
    .describe('A kept generation. Without one: the newest that is older than what serves.'),
});

/** Body of `POST /agents/release`. */
export const releaseBody = z.strictObject({ agent });

/** What differs from one kept generation to the next. */
export const fileChanges = ['added', 'changed', 'removed'] as const;

const generation = z.object({
  generation: z.int(),
  loaded_at: z.string().describe('ISO 8601.'),
  version: z.string().describe('Short hash of its files, `.env` included.'),
  files: z.int().describe('Of how many it is made.'),
  changes: z
    .array(z.object({ path: z.string(), change: z.enum(fileChanges) }))
    .nullable()
    .describe('Against the kept generation before it, from its folder; null for the oldest.'),
  serves: z.boolean(),
  pinned: z.boolean(),
});

/** `GET /admin/agents/generations`: what an agent can go back to, newest first. */
export const generationsAnswer = z.object({
  agent: z.string(),
  status: z.enum(agentStates),
  pinned: pinSchema,
  generations: z.array(generation),
});

export type AgentGenerations = Inferred<typeof generationsAnswer>;

/** `POST /agents/rollback` and `POST /agents/release`: what the agent is afterwards. */
export const rollbackAnswer = z.object({
  agent: z.string(),
  status: z.enum(agentStates),
  generation: z.int().nullable().describe('What serves; null where nothing does.'),
  pinned: pinSchema,
  findings: z.array(findingSchema),
});

export type RollbackReport = Inferred<typeof rollbackAnswer>;
