import { z } from 'zod';
import { diagnosticSchema, type Severity, type Stage, severities, stages } from '../diagnostics.ts';
import type { Inferred } from '../inferred.ts';
import { pageSize } from '../pages.ts';

/** Query of `GET /admin/agents/errors`. All filters that are given must fit. */
export const errorsQuery = z.object({
  agent: z.string().optional().describe('Model id.'),
  stage: z.enum(stages).optional(),
  severity: z.enum(severities).optional(),
  since: z
    .string()
    .refine((text) => !Number.isNaN(Date.parse(text)), { error: 'It must be an ISO 8601 time' })
    .optional()
    .describe('ISO 8601 time; only what was last seen at or after it.'),
  after: z.string().optional().describe('`next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(pageSize.most).default(pageSize.default),
});

/** `GET /admin/agents/errors`: newest first. */
export const errorsAnswer = z.object({
  errors: z.array(diagnosticSchema),
  next: z.string().nullable().describe('To be sent as `after`; null on the last page.'),
});

export type DiagnosticPage = Inferred<typeof errorsAnswer>;

/** Filters of the list of diagnostics; all given ones must fit. */
export type DiagnosticQuery = {
  readonly agent?: string;
  readonly stage?: Stage;
  readonly severity?: Severity;
  /** ISO 8601, UTC: last seen at or after it. */
  readonly since?: string;
  /** `next` of the page before. */
  readonly after?: string;
  /** As `pageSize` says. */
  readonly limit?: number;
};
