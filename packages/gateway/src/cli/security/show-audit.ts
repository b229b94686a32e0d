import { auditReport } from '../../policy/review/audit.ts';
import { type AuditFinding, auditToJson } from '../../protocol/security/audit.ts';
import { endOf } from '../../upstreams/models/retirements.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import { readRetirements } from '../status/read-retirements.ts';
import type { Terminal } from '../terminal.ts';
import { count, terminalWidth, wrap } from '../text-layout.ts';
import {
  type AdvisoryOptions,
  advisoriesAsJson,
  auditAdvisories,
  showAdvisories,
} from './audit-advisories.ts';
import { knownAgentsOf, withPolicy } from './with-policy.ts';
import { nowSeconds } from './with-store.ts';

/**
 * `dropgate audit`: gaps in rules, overrides and keys, models that end, and where it is asked for, advisories on
 * packages; 1 where something is worth a change.
 */
export async function showAudit(
  context: CommandContext,
  options: AdvisoryOptions & { readonly json?: true; readonly advisories?: true },
): Promise<number> {
  const { terminal } = context;
  const advisories = options.advisories
    ? await auditAdvisories(await context.loadConfig('check'), options)
    : null;
  const { findings, summary } = await withPolicy(context, async (opened) => {
    const [keys, agents, overrides, retirements] = await Promise.all([
      opened.store.keys.list(),
      knownAgentsOf(opened.store),
      opened.overrides.list({ isActive: true }),
      readRetirements(opened.config, opened.store),
    ]);
    return auditToJson(
      auditReport({
        rules: opened.rules,
        keys,
        agents,
        overrides,
        nowSeconds: nowSeconds(),
        retirements: retirements.map((each) => ({ ...each, end: endOf(each) })),
      }),
    );
  });
  if (options.json) {
    const more = advisories && { advisories: advisoriesAsJson(advisories) };
    terminal.json({ findings, summary, ...more });
  } else {
    for (const finding of findings) show(terminal, finding);
    showSummary(terminal, findings, summary);
    if (advisories) showAdvisories(terminal, advisories);
  }
  const isKnown = (advisories?.findings.length ?? 0) > 0;
  return isKnown || findings.some(({ severity }) => severity === 'warning')
    ? exitCodes.foundProblems
    : exitCodes.done;
}

function show(terminal: Terminal, { severity, code, message, hint }: AuditFinding): void {
  const style = severity === 'warning' ? 'yellow' : 'dim';
  terminal.line(terminal.styled(style, `${severity}  ${code}`));
  for (const line of wrap(message, terminalWidth - 2)) terminal.line(`  ${line}`);
  for (const line of wrap(`→ ${hint}`, terminalWidth - 2)) terminal.line(`  ${line}`);
  terminal.line('');
}

function showSummary(
  terminal: Terminal,
  findings: readonly AuditFinding[],
  summary: Readonly<Record<'agents' | 'rules' | 'overrides' | 'keys' | 'admin_keys', number>>,
): void {
  const { agents, rules, overrides, keys, admin_keys: admins } = summary;
  const looked = [
    count(agents, 'agent'),
    count(rules, 'rule'),
    count(overrides, 'open override'),
    `${count(keys, 'key')} (${count(admins, 'admin')})`,
  ];
  const warnings = findings.filter(({ severity }) => severity === 'warning').length;
  terminal.line(`Looked at ${looked.join(', ')}: ${count(warnings, 'warning')}.`);
}
