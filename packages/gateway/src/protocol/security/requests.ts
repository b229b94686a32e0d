import { z } from 'zod';
import { pageSize } from '../pages.ts';
import { actions, effects, roles, ruleEffects } from '../policy.ts';
import { isoTime } from '../text/iso-time.ts';
import { runLimitsSchema } from '../usage/run-limits.ts';
import {
  defaultOverlapSeconds,
  moneyLimits,
  ruleIdForm,
  securityLimits,
} from './security-limits.ts';

const action = z.enum(actions);
const effect = z.enum(effects);
const role = z.enum(roles);

const reason = z
  .string()
  .trim()
  .min(1, { error: 'A reason has at least one character' })
  .max(securityLimits.reasonChars, {
    error: `A reason has at most ${securityLimits.reasonChars} characters`,
  });

const pattern = z
  .string()
  .min(1, { error: 'It must not be empty' })
  .max(securityLimits.patternChars, {
    error: `It has at most ${securityLimits.patternChars} characters`,
  });

const principal = pattern.describe(
  'Id or name of a key or a glob over them, `role:<role>`, `user:<id>`, or `agent:<glob over model ids>`.',
);

const resource = pattern.describe(
  'Model id, tool name, module path or route, by action; `*` stands for anything.',
);

/** Body of `POST /security/override`. */
export const overrideBody = z.strictObject({
  principal,
  action,
  resource,
  effect,
  ttl_seconds: z.int().min(1).max(securityLimits.overrideTtlSeconds),
  reason,
  break_glass: z
    .boolean()
    .default(false)
    .describe('Of an allow: it is heard before the denying rules of gateway.yaml.'),
  limits: runLimitsSchema
    .optional()
    .describe(
      'Of raise_limits: what holds for runs in place of tighter limits; 0 is without limit.',
    ),
});

const draftRule = z.strictObject({
  id: z.string().regex(ruleIdForm, {
    error: 'An id has lower case letters, digits, `.`, `_` and `-`, and does not begin with ovr_',
  }),
  effect: z.enum(ruleEffects),
  approvers: z.array(pattern).min(1).max(100).optional().describe('Who alone may approve.'),
  action,
  principals: z.array(pattern).min(1).max(100),
  resources: z.array(pattern).min(1).max(100),
  when: z
    .string()
    .min(1)
    .max(securityLimits.conditionChars)
    .optional()
    .describe('A condition in CEL.'),
  expires_at: isoTime.optional(),
  reason: reason.optional(),
});

function countPatterns(
  rules: readonly Pick<z.output<typeof draftRule>, 'principals' | 'resources'>[],
): number {
  return rules.reduce(
    (sum, { principals, resources }) => sum + principals.length + resources.length,
    0,
  );
}

/** What is to be tried before questions are answered. */
export const draftFields = {
  draft_rules: z
    .array(draftRule)
    .max(securityLimits.draftRules)
    .refine((rules) => countPatterns(rules) <= securityLimits.draftPatterns, {
      error: `Draft rules have at most ${securityLimits.draftPatterns} principals and resources together`,
    })
    .optional()
    .describe(
      'Rules to try beside those of gateway.yaml; one with an id that is there replaces it.',
    ),
  draft_override: overrideBody
    .omit({ limits: true })
    .partial({ ttl_seconds: true, reason: true })
    .optional()
    .describe('An override to try beside the active ones.'),
} as const;

/** Body of `POST /security/preview`. The question is of a key (`key_id`) or of anybody (`principal`). */
export const previewBody = z
  .strictObject({
    key_id: z.string().min(1).max(200).optional().describe('Id or name of a key.'),
    principal: principal.optional(),
    user: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe('Id of the person for whom a key asks that forwards its users.'),
    action,
    resource: z.string().min(1).max(500),
    agent_id: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('Model id of the agent that calls a tool.'),
    args: z
      .unknown()
      .refine((args) => (JSON.stringify(args) ?? '').length <= securityLimits.previewArgsChars, {
        error: `Arguments have at most ${securityLimits.previewArgsChars} characters here`,
      })
      .optional()
      .describe('Arguments of a tool call.'),
    ...draftFields,
  })
  .refine((body) => (body.key_id === undefined) !== (body.principal === undefined), {
    path: ['principal'],
    error: 'Give either key_id or principal, and only one of them',
  })
  .meta({ oneOf: [{ required: ['key_id'] }, { required: ['principal'] }] });

const cursor = (form: RegExp) =>
  z
    .string()
    .regex(form, { error: 'Give the `next` of the page before' })
    .optional()
    .describe('`next` of the page before.');

const limitOfPage = z.coerce.number().int().min(1).max(pageSize.most).default(pageSize.default);

/** Query of `GET /security/rules`. Ids of those that namespaces make hold their names. */
export const rulesQuery = z.strictObject({ after: cursor(/^.{1,300}$/), limit: limitOfPage });

/** Query of `GET /security/keys`. */
export const keysQuery = z.strictObject({ after: cursor(/^[\w-]{1,100}$/), limit: limitOfPage });

/** Query of `GET /security/overrides`. */
export const overridesQuery = z.strictObject({
  active: z
    .enum(['true', 'false', '1', '0'])
    .default('false')
    .describe('Only those that hold now.'),
  after: cursor(/^ovr_[\w-]{1,100}$/),
  limit: limitOfPage,
});

/** Query of `GET /security/decisions`. All filters that are given must fit. */
export const decisionsQuery = z.strictObject({
  key_id: z.string().min(1).max(200).optional(),
  user: z.string().min(1).max(1024).optional().describe('Id of a user whom a key forwarded.'),
  agent: z.string().min(1).max(200).optional().describe('Model id.'),
  action: action.optional(),
  effect: z.enum(ruleEffects).optional(),
  tool: z.string().min(1).max(500).optional(),
  rule: z.string().min(1).max(200).optional().describe('Id of the rule that decided.'),
  request_id: z.string().min(1).max(200).optional(),
  since: isoTime.optional().describe('ISO 8601 time: at or after it.'),
  until: isoTime.optional().describe('ISO 8601 time: before it.'),
  after: cursor(/^dec_\d{1,100}$/),
  limit: limitOfPage,
});

const limit = z.int().min(1).max(Number.MAX_SAFE_INTEGER).nullable().optional();

const dollars = z
  .number()
  .min(moneyLimits.leastUsd)
  .max(moneyLimits.mostUsd)
  .nullable()
  .optional()
  .describe('US dollars.');

/** Limits of a key as they are given: what is absent or null is without limit. */
const limitsBody = z.strictObject({
  requests_per_minute: limit,
  concurrent_runs: limit,
  tokens_per_day: limit,
  tokens_per_month: limit,
  usd_per_day: dollars,
  usd_per_month: dollars,
});

/** Body of `POST /security/keys`. Absent scopes reach all, an absent expiry is never. */
export const keyBody = z.strictObject({
  name: z.string().min(1).max(64).optional(),
  role,
  namespaces: z.array(z.string().min(1).max(200)).max(100).nullable().optional(),
  agents: z.array(z.string().min(1).max(200)).max(100).nullable().optional(),
  limits: limitsBody.optional(),
  run_limits: runLimitsSchema.nullable().optional().describe('Of each of its runs.'),
  forwards_users: z
    .boolean()
    .optional()
    .describe('Whether what it says of the person behind a request counts.'),
  expires_at: isoTime.nullable().optional(),
});

/** Body of `PATCH /security/keys/{id}`. A limit that is absent stays as it is; null is without limit. */
export const keyLimitsBody = z
  .strictObject({
    limits: limitsBody.optional(),
    run_limits: runLimitsSchema
      .nullable()
      .optional()
      .describe('All of those of each of its runs; null leaves them to `security.run_limits`.'),
  })
  .refine((body) => body.limits !== undefined || body.run_limits !== undefined, {
    path: ['limits'],
    error: 'Give limits or run_limits',
  })
  .meta({ anyOf: [{ required: ['limits'] }, { required: ['run_limits'] }] });

/** Body of `POST /security/keys/{id}/rotate`; it may be absent. */
export const rotateBody = z
  .strictObject({
    overlap_seconds: z
      .int()
      .min(0)
      .max(securityLimits.overlapSeconds)
      .default(defaultOverlapSeconds)
      .describe('How long the old key goes on working.'),
  })
  .nullish();

/** Parameters of a path that names one key or override. */
export const idParams = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, {
    error: 'An id has letters, digits, `_` and `-`, 64 at most',
  }),
});

export type OverrideBody = z.output<typeof overrideBody>;
export type PreviewBody = z.output<typeof previewBody>;
export type DecisionsQuery = z.output<typeof decisionsQuery>;
export type KeyBody = z.output<typeof keyBody>;
export type KeyLimitsBody = z.output<typeof keyLimitsBody>;
