import { z } from 'zod';
import { pageSize } from '../pages.ts';
import type { KeyPrincipal, Rule, ToolVerdict } from '../policy.ts';
import { roles, ruleEffects, ruleSources, toolVerdicts } from '../policy.ts';
import { given, toDraft } from './from-json.ts';
import type { PreviewRequest } from './preview-types.ts';
import { draftFields } from './requests.ts';

/** What a matrix can be about. */
const matrixActions = ['run_agent', 'list_agents', 'read_runs', 'call_tool'] as const;

const name = z.string().min(1).max(500);

/** Body of `POST /security/matrix`. */
export const matrixBody = z
  .strictObject({
    action: z.enum(matrixActions).default('run_agent'),
    principals: z
      .array(name)
      .min(1)
      .max(200)
      .optional()
      .describe(
        'Ids or names of keys, `role:<role>`, or principals of tokens; all keys without it.',
      ),
    agents: z
      .array(name)
      .min(1)
      .max(50)
      .optional()
      .describe('Globs over model ids; all agents without it.'),
    agent_id: name.optional().describe('Of `call_tool`: the agent whose tools are asked about.'),
    ...draftFields,
    after: z.string().max(500).optional().describe('`next` of the page before.'),
    limit: z.int().min(1).max(pageSize.most).default(pageSize.default),
  })
  .refine((body) => body.action !== 'call_tool' || body.agent_id !== undefined, {
    path: ['agent_id'],
    error: 'Name the agent whose tools are meant',
  });

export type MatrixBody = z.output<typeof matrixBody>;

/** Who may what: a question of many keys about many agents, or tools of one. */
export type MatrixRequest = Pick<PreviewRequest, 'draftRules' | 'draftOverride'> & {
  readonly action: (typeof matrixActions)[number];
  readonly principals?: readonly string[];
  readonly agents?: readonly string[];
  readonly agentId?: string;
  readonly after?: string;
  readonly limit: number;
};

/** A checked body as what it asks. */
export function toMatrixRequest(body: MatrixBody): MatrixRequest {
  const { action, principals, agents, after, limit } = body;
  return given<MatrixRequest>({
    action,
    principals,
    agents,
    agentId: body.agent_id,
    after,
    limit,
    ...toDraft(body),
  });
}

/** One answer, and the place of the rule that decided among the rules; null where none fitted. */
export type MatrixVerdict = { readonly answer: ToolVerdict; readonly rule: number | null };

/** `before` is there where a draft turns the answer round. */
export type MatrixCell = MatrixVerdict & { readonly before?: MatrixVerdict };

/** What was asked of each key, in the order of the resources. */
export type Matrix = {
  readonly resources: readonly string[];
  readonly rules: readonly Rule[];
  readonly rows: readonly {
    readonly principal: KeyPrincipal;
    readonly cells: readonly MatrixCell[];
  }[];
  /** There are more resources than columns. */
  readonly isTruncated: boolean;
  /** Id of the last principal, where more follow. */
  readonly next: string | null;
};

const cell = z.strictObject({
  decision: z
    .enum(toolVerdicts)
    .describe('Of a tool also `ask` and `ask_approval`: the arguments, or the time, decide.'),
  rule: z
    .int()
    .nullable()
    .describe('Place in `rules` of the one that decided; null where none fitted.'),
});

/** `POST /security/matrix`. */
export const matrixAnswer = z.strictObject({
  resources: z.array(z.string()).describe('The columns: model ids, or names of tools.'),
  rules: z.array(
    z.strictObject({
      id: z.string(),
      tier: z.int(),
      source: z.enum(ruleSources),
      effect: z.enum(ruleEffects),
      reason: z.string().nullable(),
    }),
  ),
  rows: z.array(
    z.strictObject({
      principal: z.strictObject({ id: z.string(), name: z.string(), role: z.enum(roles) }),
      cells: z.array(
        cell.extend({
          before: cell.optional().describe('Where the draft turns the answer round.'),
        }),
      ),
    }),
  ),
  truncated: z.boolean().describe('True where there are more resources than are shown.'),
  next: z.string().nullable().describe('To be sent as `after`; null on the last page.'),
});

/** A matrix as it is shown. */
export function matrixToJson(matrix: Matrix): z.output<typeof matrixAnswer> {
  const { resources, rules, rows, isTruncated, next } = matrix;
  return {
    resources: [...resources],
    rules: rules.map((rule) => ({
      id: rule.id,
      tier: rule.tier,
      source: rule.source,
      effect: rule.requiresApproval ? 'require_approval' : rule.effect,
      reason: rule.reason ?? null,
    })),
    rows: rows.map(({ principal: { id, name, role }, cells }) => ({
      principal: { id, name, role },
      cells: cells.map(({ before, ...now }) => ({
        ...verdictToJson(now),
        ...(before && { before: verdictToJson(before) }),
      })),
    })),
    truncated: isTruncated,
    next,
  };
}

function verdictToJson({ answer, rule }: MatrixVerdict) {
  return { decision: answer, rule };
}
