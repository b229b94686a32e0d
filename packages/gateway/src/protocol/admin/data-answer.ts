import { z } from 'zod';
import type { Inferred } from '../inferred.ts';

/** Query of `GET` and `DELETE /admin/data`. */
export const dataQuery = z
  .object({
    user: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe('Id of a user, as keys forward it or requests name it.'),
    key: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('Id or name of a key, or `oidc:<issuer>:<subject>`.'),
  })
  .refine(({ user, key }) => user !== undefined || key !== undefined, {
    path: ['user'],
    error: 'Say of whom: a user, a key, or a user of a key',
  });

const count = z.int();

const counts = z.object({
  conversations: count.describe('Conversations, sessions of chats among them.'),
  responses: count.describe('Responses and other turns of conversations.'),
  waiting_runs: count.describe('Runs that wait for an approval, or waited for one.'),
  idempotent_requests: count.describe('Answers to requests with an `Idempotency-Key`.'),
  runs: count.describe('Runs in the journal, with their steps.'),
  usage: count.describe('Sums of usage, which are kept under a name that says nothing.'),
  decisions: count.describe('Decisions of the log, likewise.'),
});

/** What is kept, or was. */
export const dataAnswer = z.object({
  user: z.string().nullable(),
  key_id: z.string().nullable(),
  running: count.describe('Runs that go on, or that were ended.'),
  counts,
});

export type DataQuery = Inferred<typeof dataQuery>;
export type DataAnswer = Inferred<typeof dataAnswer>;
