import type { RuleAnswer } from '../../protocol/security/answers.ts';
import { ruleToJson } from '../../protocol/security/to-json.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import type { Terminal } from '../terminal.ts';
import { cut, table } from '../text-layout.ts';
import { withPolicy } from './with-policy.ts';

/** Longer lists are cut in the table, and told whole below their row. */
const cellWidth = 32;

/** `dropgate security rules`: the rules of every tier in the order they are heard. */
export async function listRules(
  context: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const { terminal } = context;
  const rules = await withPolicy(context, async (opened) => opened.rules.rules.map(ruleToJson));
  if (options.json) terminal.json({ rules: rules.map((rule, at) => ({ order: at + 1, ...rule })) });
  else showRules(terminal, rules);
  return exitCodes.done;
}

/** Writes rules for people: a table, and below a rule what its row has no room for. */
export function showRules(terminal: Terminal, rules: readonly RuleAnswer[]): void {
  const head = ['TIER', 'SOURCE', 'EFFECT', 'ACTION', 'PRINCIPALS', 'RESOURCES', 'RULE'];
  const rows = rules.map((rule) => [
    String(rule.tier),
    rule.source,
    rule.effect,
    rule.action,
    cut(rule.principals.join(','), cellWidth),
    cut(rule.resources.join(','), cellWidth),
    rule.id,
  ]);
  const [first = '', ...lines] = table([head, ...rows]);
  terminal.line(first);
  for (const [at, rule] of rules.entries()) {
    terminal.line(lines[at] ?? '');
    for (const detail of detailsOf(rule)) terminal.line(terminal.styled('dim', `      ${detail}`));
  }
}

function detailsOf(rule: RuleAnswer): string[] {
  const whole = (list: readonly string[]) =>
    list.join(',').length > cellWidth ? list.join(', ') : null;
  const details: Readonly<Record<string, string | null | undefined>> = {
    for: whole(rule.principals),
    about: whole(rule.resources),
    'but not for': rule.except_principals?.join(', '),
    'but not about': rule.except_resources?.join(', '),
    'tools that are': rule.provenances?.join(', '),
    when: rule.when,
    until: rule.expires_at,
    because: rule.source === 'namespace' ? null : rule.reason,
  };
  return Object.entries(details).flatMap(([name, text]) => (text ? [`${name} ${text}`] : []));
}
