import { type CommandContext, exitCodes } from '../command.ts';
import type { Terminal } from '../terminal.ts';
import { count, cut, table, terminalWidth, toSecond, wrap } from '../text-layout.ts';
import { type GatewayStatus, gatherStatus, problemsIn } from './gather-status.ts';

/** It is one screen: of the agents those that are not well first, and so many. */
const SHOWN_AGENTS = 20;
const SHOWN_BUDGETS = 5;
const SHOWN_OVERRIDES = 5;

/** `dropgate status`: how the gateway that runs on this project is; 1 where something is wrong. */
export async function showStatus(
  { terminal, projectRoot }: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const status = await gatherStatus(projectRoot);
  const problems = problemsIn(status);
  if (options.json) terminal.json({ ...status, problems });
  else {
    showHead(terminal, status);
    showAgents(terminal, status);
    showErrors(terminal, status);
    for (const problem of problems) {
      for (const line of wrap(problem, terminalWidth)) terminal.line(terminal.styled('red', line));
    }
    if (problems.length === 0) terminal.line(terminal.styled('green', 'Nothing is wrong now.'));
  }
  return problems.length === 0 ? exitCodes.done : exitCodes.foundProblems;
}

function showHead(terminal: Terminal, status: GatewayStatus): void {
  const { gateway, runs, workers, upstreams } = status;
  const { last_minute: late, last_minute_failed: lateFailed } = runs;
  const failed = lateFailed ? `, ${lateFailed} of them failed` : '';
  const alive = Object.entries(workers).filter(([, many]) => many > 0);
  const rows = [
    ['gateway', `${gateway.address} (process ${gateway.pid}), ${gateway.status}`],
    ['upstreams', upstreams.map(({ name, state }) => `${name} ${state}`).join(', ')],
    ['workers', alive.map(([state, many]) => `${many} ${state}`).join(', ') || 'none'],
    [
      'runs',
      `${runs.active} active, ${runs.waiting} waiting, ${late ?? 'unknown'} in the last minute${failed}`,
    ],
    ...labelled('budgets', budgetLines(status)),
    ...labelled('overrides', overrideLines(status)),
  ];
  for (const line of table(rows)) terminal.line(line);
  terminal.line('');
}

/** A row for each, the first with the label. */
function labelled(label: string, lines: readonly string[]): string[][] {
  return lines.map((line, at) => [at === 0 ? label : '', line]);
}

function budgetLines({ budgets }: GatewayStatus): string[] {
  const byLeast = (unit: 'tokens_left' | 'usd_left') =>
    budgets
      .filter((each) => each[unit] !== null)
      .toSorted((a, b) => Number(a[unit]) - Number(b[unit]))
      .slice(0, SHOWN_BUDGETS);
  const least = [...byLeast('usd_left'), ...byLeast('tokens_left')];
  const shown = least.map(({ key, key_name, period, tokens_left, usd_left }) =>
    usd_left === null
      ? `${key_name ?? key} ${tokens_left} tokens left of the ${period}`
      : `${key_name ?? key} $${Number(usd_left.toPrecision(6))} left of the ${period}`,
  );
  return budgets.length === 0
    ? ['no key has one']
    : [...shown, ...more(budgets.length - least.length)];
}

function overrideLines({ overrides }: GatewayStatus): string[] {
  if (overrides === null) return ['unknown'];
  const shown = overrides
    .slice(0, SHOWN_OVERRIDES)
    .map(
      (each) =>
        `${each.effect} ${each.principal} ${each.action} ${each.resource} until ${toSecond(each.expires_at)}`,
    );
  return overrides.length === 0
    ? ['none open']
    : [...shown, ...more(overrides.length - shown.length)];
}

function showAgents(terminal: Terminal, { agents }: GatewayStatus): void {
  const isWell = ({ status }: GatewayStatus['agents'][number]) => status === 'ready';
  const sorted = [...agents.filter((each) => !isWell(each)), ...agents.filter(isWell)];
  const rows = sorted
    .slice(0, SHOWN_AGENTS)
    .map(({ id, status, generation, model }) => [
      id,
      status,
      String(generation ?? '-'),
      model ?? '-',
    ]);
  if (rows.length === 0) terminal.line('There is no agent yet.');
  else
    for (const line of table([['AGENT', 'STATUS', 'GENERATION', 'MODEL'], ...rows]))
      terminal.line(line);
  for (const rest of more(agents.length - rows.length))
    terminal.line(`${rest}: \`dropgate agents list\``);
  terminal.line('');
}

function showErrors(terminal: Terminal, { last_errors: errors }: GatewayStatus): void {
  if (errors.length === 0) return;
  terminal.line(`Last ${count(errors.length, 'error')} (\`dropgate agents errors\`):`);
  for (const { last_seen, agent_id, module_path, code, message } of errors) {
    terminal.line(`  ${toSecond(last_seen)}  ${agent_id ?? module_path}  ${code}`);
    terminal.line(`    ${cut(message, terminalWidth - 4)}`);
  }
  terminal.line('');
}

function more(many: number): string[] {
  return many > 0 ? [`and ${many} more`] : [];
}
