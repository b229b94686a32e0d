import { z } from 'zod';
import { findingSchema } from '../diagnostics.ts';
import { actions, effects, roles, ruleEffects, ruleSources, toolVerdicts } from '../policy.ts';
import { provenances } from '../run-events.ts';
import { runLimitsSchema } from '../usage/run-limits.ts';
import { limitsAnswer } from './whoami.ts';

const action = z.enum(actions);
const effect = z.enum(effects);
const source = z.enum(ruleSources);
const role = z.enum(roles);
/** Of a key or an override. */
const state = z.enum(['active', 'expired', 'revoked']);
const time = z.string().describe('ISO 8601, UTC.');
const next = z.string().nullable().describe('To be sent as `after`; null on the last page.');

/** A rule as it is shown. */
export const ruleAnswer = z.strictObject({
  id: z.string(),
  tier: z.int(),
  source,
  effect: z.enum(ruleEffects),
  action,
  principals: z.array(z.string()),
  resources: z.array(z.string()),
  except_principals: z.array(z.string()).optional(),
  except_resources: z.array(z.string()).optional(),
  provenances: z.array(z.enum(provenances)).optional(),
  own: z.boolean().optional().describe('True of a rule about what is the caller’s own.'),
  approvers: z.array(z.string()).optional().describe('Who alone may approve.'),
  when: z.string().nullable(),
  expires_at: time.nullable(),
  reason: z.string().nullable(),
});

/** `GET /security/rules`: in the order they are heard. */
export const rulesAnswer = z.strictObject({
  rules: z.array(ruleAnswer.extend({ order: z.int().describe('1 is heard first.') })),
  next,
});

/** `POST /security/refresh`: what holds now, and what is wrong with gateway.yaml where the old rules were kept. */
export const refreshAnswer = z.strictObject({
  rules: z.int(),
  overrides: z.int(),
  kept: z.boolean().describe('True where the settings are wrong and the rules of before hold on.'),
  findings: z.array(findingSchema),
});

/** An override as it is shown. */
export const overrideAnswer = z.strictObject({
  id: z.string(),
  state,
  principal: z.string(),
  action,
  resource: z.string(),
  effect,
  break_glass: z.boolean(),
  limits: runLimitsSchema.nullable().describe('Of raise_limits.'),
  reason: z.string(),
  created_by: z.string(),
  created_at: time,
  expires_at: time,
  revoked_at: time.nullable(),
  revoked_by: z.string().nullable(),
});

/** `GET /security/overrides`: newest first. */
export const overridesAnswer = z.strictObject({ overrides: z.array(overrideAnswer), next });

/** What a question is answered, with the rule that decided; null where none fitted. */
const verdict = z.strictObject({
  decision: z.enum(ruleEffects),
  rule: z
    .strictObject({
      id: z.string(),
      tier: z.int(),
      source,
      reason: z.string().nullable(),
    })
    .nullable(),
});

/** What is known before the arguments of a call are. */
const outlook = z.enum(toolVerdicts);

/** One answer that a draft turns round. */
const change = z.strictObject({
  principal: z.strictObject({ type: z.enum(['key', 'agent']), id: z.string(), name: z.string() }),
  agent_id: z.string().nullable().describe('Of a tool: the agent that calls it for the key.'),
  action,
  resource: z.string(),
  before: outlook,
  after: outlook.describe(
    '`ask`: the arguments decide; `ask_approval`: also about whether a person has to approve.',
  ),
});

/** `POST /security/preview`. The last four are there with a draft only, warnings where there is one. */
export const previewAnswer = verdict.extend({
  matched: z.array(ruleAnswer).describe('Every rule that fits, in the order they are heard.'),
  warnings: z.array(z.string()).optional().describe('What of the question is not there.'),
  smallest_override: z
    .strictObject({
      principal: z.string(),
      action,
      resource: z.string(),
      effect,
      break_glass: z.boolean(),
      within_reach: z.boolean().describe('Whether whoever asks may make it.'),
    })
    .nullable()
    .optional()
    .describe('Of a denial: the narrowest override that would allow it; null where none would.'),
  before: verdict.optional(),
  after: verdict.optional(),
  changes: z.array(change).optional().describe('Who gains and who loses, of what is known.'),
  truncated: z.boolean().optional().describe('True where not all was compared or listed.'),
});

/** A decision as kept. */
export const decisionAnswer = z.strictObject({
  id: z.string(),
  time,
  request_id: z.string().nullable(),
  key_id: z.string().nullable(),
  user: z.string().nullable().describe('For whom of its users a key asked that forwards them.'),
  role: role.nullable(),
  action,
  effect: z.enum(ruleEffects),
  resource: z.string(),
  agent_id: z.string().nullable(),
  module_path: z.string().nullable(),
  tool: z.string().nullable(),
  rule_id: z.string().nullable().describe('Null where no rule fitted.'),
  tier: z.int(),
  source: source.nullable(),
  reason: z.string().nullable(),
});

/** `GET /security/decisions`: newest first. */
export const decisionsAnswer = z.strictObject({
  decisions: z.array(decisionAnswer),
  next,
});

/** A key as it is shown: never its secret, nor what is stored of it. */
export const keyAnswer = z.strictObject({
  id: z.string(),
  name: z.string(),
  role,
  state,
  namespaces: z.array(z.string()).nullable().describe('Null reaches all.'),
  agents: z.array(z.string()).nullable().describe('Null reaches all.'),
  limits: limitsAnswer,
  run_limits: runLimitsSchema.nullable().describe('Of each of its runs.'),
  forwards_users: z
    .boolean()
    .describe('Whether what it says of the person behind a request counts.'),
  created_at: time,
  created_by: z.string(),
  expires_at: time.nullable(),
  revoked_at: time.nullable(),
  rotated_from: z.string().nullable(),
  last_used_at: time.nullable(),
});

/** `GET /security/keys`: oldest first. */
export const keysAnswer = z.strictObject({ keys: z.array(keyAnswer), next });

/** A key just made, with its secret, this once. */
export const newKeyAnswer = keyAnswer.extend({
  key: z.string().describe('Shown this once.'),
  warnings: z.array(z.string()).optional().describe('What its scopes name and is not there.'),
});

export type RuleAnswer = z.output<typeof ruleAnswer>;
export type OverrideAnswer = z.output<typeof overrideAnswer>;
export type PreviewAnswer = z.output<typeof previewAnswer>;
export type DecisionAnswer = z.output<typeof decisionAnswer>;
export type KeyAnswer = z.output<typeof keyAnswer>;
