import { z } from 'zod';
import { diagnosticSchema, type Severity, type Stage, severities, stages } from '../diagnostics.ts';
import type { Inferred } from '../inferred.ts';
import { pageSize } from '../pages.ts';
import { isoTime } from '../text/iso-time.ts';

/** Query of `GET /admin/agents/errors`. All filters that are given must fit. */
export const errorsQuery = z.object({
  agent: z.string().optional().describe('Model id.'),
  stage: z.enum(stages).optional(),
  severity: z.enum(severities).optional(),
  since: isoTime.optional().describe('ISO 8601 time; only what was last seen at or after it.'),
  after: z.string().optional().describe('`next` of the page before.'),
  format: z.enum(['json', 'text']).default('json').describe('`text`: for people, in plain text.'),
  limit: z.coerce.number().int().min(1).max(pageSize.most).default(pageSize.default),
});

/** Query of `DELETE /admin/agents/errors`: those that all filters fit, all without one. */
export const acknowledgeQuery = errorsQuery
  .pick({ agent: true, stage: true, severity: true })
  .extend({ id: z.string().optional().describe('This one alone.') });

/** `DELETE /admin/agents/errors`: each comes back when it is seen again. */
export const acknowledgeAnswer = z.object({
  acknowledged: z.int().describe('How many were taken off the list.'),
});

/** `GET /admin/agents/errors`: newest first. */
export const errorsAnswer = z.object({
  errors: z.array(diagnosticSchema),
  next: z.string().nullable().describe('To be sent as `after`; null on the last page.'),
});

export type DiagnosticPage = Inferred<typeof errorsAnswer>;

/** Which diagnostics are meant; all given ones must fit. */
export type DiagnosticFilter = {
  readonly id?: string;
  readonly agent?: string;
  readonly stage?: Stage;
  readonly severity?: Severity;
};

/** Filters of the list of diagnostics; all given ones must fit. */
export type DiagnosticQuery = DiagnosticFilter & {
  /** ISO 8601, UTC: last seen at or after it. */
  readonly since?: string;
  /** `next` of the page before. */
  readonly after?: string;
  /** As `pageSize` says. */
  readonly limit?: number;
};
