import { z } from 'zod';

const finding = z.strictObject({
  severity: z.enum(['warning', 'info']).describe('`warning` is worth a change.'),
  code: z.string().describe('`noun_verb`, for scripts.'),
  subject: z
    .string()
    .describe('Id of the key, rule or override, or the namespace, agent or model it is about.'),
  message: z.string(),
  hint: z.string().describe('What to do.'),
});

/** Something an operator should know (`info`) or change (`warning`). */
export type AuditFinding = Readonly<z.output<typeof finding>>;

/** What an audit found, and how much it looked at. */
export type AuditReport = {
  readonly findings: readonly AuditFinding[];
  readonly summary: Readonly<
    Record<'agents' | 'rules' | 'overrides' | 'keys' | 'adminKeys', number>
  >;
};

/** `GET /security/audit`: gaps in rules, overrides and keys, and models that end. Warnings come first. */
export const auditAnswer = z.strictObject({
  findings: z.array(finding),
  summary: z
    .strictObject({
      agents: z.int(),
      rules: z.int(),
      overrides: z.int().describe('That hold now.'),
      keys: z.int().describe('That can be used.'),
      admin_keys: z.int(),
    })
    .describe('How much was looked at.'),
});

/** A report as it is shown. */
export function auditToJson({ findings, summary }: AuditReport): z.output<typeof auditAnswer> {
  const { adminKeys, ...counts } = summary;
  return { findings: [...findings], summary: { ...counts, admin_keys: adminKeys } };
}
