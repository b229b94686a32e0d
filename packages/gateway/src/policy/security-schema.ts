import { z } from 'zod';
import { effects, outsideCalls, ruleActions, ruleEffects } from '../protocol/policy.ts';
import { moneyLimits, ruleIdForm, securityLimits } from '../protocol/security/security-limits.ts';
import { deniedHostedTools } from '../protocol/tools/hosted-tools.ts';
import { runLimitsSchema } from '../protocol/usage/run-limits.ts';

const pattern = z.string().min(1).max(securityLimits.patternChars);

const principals = z.array(pattern).meta({
  allowed:
    'a list of keys (ids or names, `*` for any part), `role:<role>`, `agent:<model id>`, `oidc:<issuer>:<subject>` and `user:<id>`, such as [alice, "role:operator", "agent:labs/*"]',
});

const effect = z.enum(effects);

const limit = z.int().min(1).max(1_000_000_000_000).optional();

const dollars = z
  .number()
  .min(moneyLimits.leastUsd)
  .max(moneyLimits.mostUsd)
  .optional()
  .meta({ allowed: 'US dollars, such as 2.5' });

const rule = z.strictObject({
  id: z
    .string()
    .regex(ruleIdForm)
    .meta({
      allowed:
        'lower case letters, digits, `.`, `_` and `-`, at most 64, that do not begin with ovr_',
    })
    .describe('Name of the rule in answers, logs and the decision log.'),
  effect: z
    .enum(ruleEffects)
    .describe(
      'What the rule decides where it fits. `require_approval`, for `call_tool` alone: a person has to approve each call. Of tools that run at the upstream, MCP servers can ask; others are refused with `approval_unavailable`.',
    ),
  approvers: principals
    .min(1)
    .optional()
    .describe(
      'Of `require_approval`: who alone may approve. Without it: the key that asked, and operators.',
    ),
  action: z.enum(ruleActions).describe('What is asked for.'),
  principals: principals
    .min(1)
    .describe(
      'Who asks: keys, callers with a token, `role:<role>`, which covers the roles above it in an allow, agents.',
    ),
  resources: z
    .array(pattern)
    .min(1)
    .meta({ allowed: 'a list of texts in which `*` stands for anything, such as ["labs/*"]' })
    .describe('What it is about: model ids, tool names, paths of modules or routes, by action.'),
  when: z
    .string()
    .min(1)
    .max(securityLimits.conditionChars)
    .optional()
    .meta({ allowed: `a CEL condition of at most ${securityLimits.conditionChars} characters` })
    .describe('CEL over `principal`, `resource`, `args` and `context`; the rule fits where true.'),
  expires_at: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ allowed: 'a time such as 2026-12-31T23:59:59Z' })
    .describe('When the rule ends.'),
  reason: z
    .string()
    .min(1)
    .max(securityLimits.reasonChars)
    .optional()
    .meta({ allowed: `a text of at most ${securityLimits.reasonChars} characters` })
    .describe('Why; told to whoever it decides about.'),
});

const namespace = z
  .strictObject({
    run_agents: z
      .union([effect, principals])
      .optional()
      .meta({ allowed: 'allow, deny, or a list of principals' })
      .describe('Who may run its agents; others may not even see them.'),
    native_tools: effect
      .optional()
      .describe('Whether its agents may call the tools that their own modules hold.'),
    tools: z
      .array(pattern)
      .optional()
      .meta({ allowed: 'a list of tool names, in which `*` stands for anything' })
      .describe('The gateway, MCP and hosted tools that its agents may call; no others.'),
    offer_tools: z
      .array(pattern)
      .optional()
      .meta({ allowed: 'a list of tool names, in which `*` stands for anything' })
      .describe('The gateway tools that its agents are given without asking for them.'),
    modules: z
      .strictObject({
        allow: z
          .array(pattern)
          .meta({
            allowed: 'a list of paths, in which `*` stands for anything, and of sha256:<hex>',
          })
          .describe('Paths below the project root, or `sha256:<hex>` of the one file; no others.'),
      })
      .optional()
      .describe('The modules that may load.'),
    limits: runLimitsSchema.optional().describe('Limits of each run of its agents.'),
  })
  .describe('What holds in one namespace where no rule says otherwise.');

const limitsOfEach = z
  .strictObject({
    requests_per_minute: limit.describe('Requests a minute.'),
    concurrent_runs: limit.describe('Runs at the same time, on each gateway.'),
    tokens_per_day: limit.describe(
      'Tokens of model calls, in and out, in a UTC day. A call that may need more than is left is refused before it is made.',
    ),
    tokens_per_month: limit.describe('The same in a UTC month.'),
    usd_per_day: dollars.describe(
      'US dollars that model calls cost in a UTC day, likewise. A model of which nobody knows a price is refused then: `upstreams.<name>.prices` gives it one.',
    ),
    usd_per_month: dollars.describe('The same in a UTC month.'),
  })
  .prefault({});

const decisions = z
  .strictObject({
    keep_days: z
      .int()
      .min(1)
      .max(3_650)
      .default(30)
      .describe('Age at which decisions go, in days.'),
    keep_count: z
      .int()
      .min(0)
      .max(100_000_000)
      .default(100_000)
      .describe(
        'Most decisions that are kept; the oldest go first. As many are kept of what was denied or administered, apart from the rest.',
      ),
  })
  .prefault({})
  .describe('The decision log.');

/** The `security` section of `gateway.yaml`. What a schema cannot tell is found by `securityProblems`. */
export const securitySchema = z
  .strictObject({
    namespaces: z
      .record(z.string().regex(/^[a-z0-9][a-z0-9._-]*$/), namespace)
      .default({})
      .describe('What holds in each namespace, by its name.'),
    rules: z.array(rule).max(10_000).default([]).describe('Rules; their order means nothing.'),
    limits: limitsOfEach.describe(
      'Limits of keys that set none of their own; absent is without limit.',
    ),
    user_limits: limitsOfEach.describe(
      'Limits of each user of each key that forwards its users, beside those of the key.',
    ),
    run_limits: runLimitsSchema
      .prefault({})
      .describe(
        'Limits of each run, of keys that set none of their own. The tightest of those of key, namespace and agent holds.',
      ),
    calls_outside_runs: z
      .enum(outsideCalls)
      .default('refuse_budgeted')
      .describe(
        'Model calls that an agent makes while it has no run, from a timer or a queue: `refuse_budgeted` refuses them where its process has had a run of a key with a budget, or the agent one with limits of its model calls, `charge` books them on the key whose runs it has had, `refuse` refuses all, also while it loads, `allow` none.',
      ),
    unknown_hosted_tools: effect
      .default('allow')
      .describe(
        'What becomes of tools that run at the upstream and whose type the gateway does not know, where no rule says: `allow` or `deny`.',
      ),
    denied_hosted_tools: z
      .enum(deniedHostedTools)
      .default('remove')
      .describe(
        'What becomes of a model call that asks for a tool at the upstream which rules deny: `remove` sends it without the tool, `refuse` fails it.',
      ),
    decisions,
    store_grace_ms: z
      .int()
      .min(0)
      .max(86_400_000)
      .default(300_000)
      .describe('How long known keys go on working while the store is away, in milliseconds.'),
  })
  .prefault({})
  .describe('Who may do what.');

/** A rule as `gateway.yaml` spells it. */
export type RawRule = z.infer<typeof rule>;

/** The section as `gateway.yaml` spells it, defaults filled in. */
export type RawSecurity = z.infer<typeof securitySchema>;
