import type { Config } from '../config/settle.ts';
import type { Diagnostic } from '../protocol/diagnostics.ts';
import { type CommandContext, exitCodes } from './command.ts';
import { describeDiagnostic } from './describe-diagnostic.ts';
import type { AgentStatus } from './gateway-contract.ts';
import type { Terminal } from './terminal.ts';
import { table, terminalWidth } from './text-layout.ts';

/** Progress is told of what takes longer than this. */
const PROGRESS_AFTER_MS = 1000;

/** `dropgate check`: loads every agent once and tells what is wrong; 1 where something is an error. */
export async function check(
  context: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const { terminal } = context;
  const config = await context.loadConfig('check');
  const gateway = await context.createGateway({ config, log: 'none' });
  const progress = setTimeout(() => terminal.note('Loading agents …'), PROGRESS_AFTER_MS);
  try {
    await gateway.load();
    clearTimeout(progress);
    const agents = gateway.agents();
    const findings = gateway.diagnostics();
    if (options.json) terminal.json({ agents, errors: findings, notices: config.notices });
    else show(agents, findings, config, terminal);
    return passes(agents, findings) ? exitCodes.done : exitCodes.foundProblems;
  } finally {
    clearTimeout(progress);
    await gateway.close('check ended');
  }
}

function passes(agents: readonly AgentStatus[], findings: readonly Diagnostic[]): boolean {
  const areReady = agents.every(({ status }) => status === 'ready' || status === 'degraded');
  return areReady && findings.every(({ severity }) => severity !== 'error');
}

function show(
  agents: readonly AgentStatus[],
  findings: readonly Diagnostic[],
  config: Config,
  terminal: Terminal,
): void {
  for (const notice of config.notices) terminal.note(`warning: ${notice}`);
  const rows = agents.map(({ id, status, kind, model, tools }) => [
    id,
    status,
    kind ?? '-',
    model?.name ?? '-',
    tools.join(', ') || '-',
  ]);
  if (rows.length > 0) {
    for (const line of table([['AGENT', 'STATUS', 'KIND', 'MODEL', 'TOOLS'], ...rows])) {
      terminal.line(line);
    }
  }
  for (const finding of findings) {
    terminal.line('');
    for (const line of describeDiagnostic(finding, terminalWidth)) terminal.line(line);
    if (finding.frame !== null) {
      for (const line of finding.frame.split('\n')) terminal.line(`    ${line}`.trimEnd());
    }
  }
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.filter(({ severity }) => severity === 'warning').length;
  if (findings.length > 0 || rows.length > 0) terminal.line('');
  terminal.line(
    `${count(agents.length, 'agent')}, ${count(errors, 'error')}, ${count(warnings, 'warning')}.`,
  );
}

function count(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? '' : 's'}`;
}
