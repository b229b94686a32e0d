import { relative } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { AgentStatus } from '../../protocol/admin/agents-answer.ts';
import type { Diagnostic } from '../../protocol/diagnostics.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import { showFinding } from '../show-findings.ts';
import type { Terminal } from '../terminal.ts';
import { count, cut, table } from '../text-layout.ts';

/** Progress is told of what takes longer than this. */
const progressAfterMs = 1000;

/** The table gets no wider for an agent of many tools. */
const toolsWidth = 40;

/** `dropgate check`: loads every agent once and tells what is wrong; 1 where something is an error, or there is none. */
export async function check(
  context: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const { terminal } = context;
  const config = await context.loadConfig('check');
  const gateway = await context.createGateway({
    // Every agent is loaded once, so the last spare would be warmed up for nothing.
    config: { ...config, worker: { ...config.worker, spares: 0 } },
    log: 'none',
    purpose: 'check',
  });
  const progress = setTimeout(() => terminal.note('Loading agents …'), progressAfterMs);
  try {
    await gateway.load();
    clearTimeout(progress);
    const agents = gateway.agents();
    const findings = gateway.diagnostics();
    if (options.json) terminal.json({ agents, errors: findings, notices: config.notices });
    else show({ agents, findings, config }, terminal);
    return passes(agents, findings) ? exitCodes.done : exitCodes.foundProblems;
  } finally {
    clearTimeout(progress);
    await gateway.close('check ended');
  }
}

function passes(agents: readonly AgentStatus[], findings: readonly Diagnostic[]): boolean {
  const areReady =
    agents.length > 0 && agents.every(({ status }) => status === 'ready' || status === 'degraded');
  return areReady && findings.every(({ severity }) => severity !== 'error');
}

type Checked = {
  readonly agents: readonly AgentStatus[];
  readonly findings: readonly Diagnostic[];
  readonly config: Config;
};

function show({ agents, findings, config }: Checked, terminal: Terminal): void {
  for (const notice of config.notices) terminal.note(`warning: ${notice}`);
  const rows = agents.map(({ id, status, kind, model, tools }) => [
    id,
    status,
    kind ?? '-',
    model?.name ?? '-',
    cut(tools.join(', '), toolsWidth) || '-',
  ]);
  if (rows.length > 0) {
    for (const line of table([['AGENT', 'STATUS', 'KIND', 'MODEL', 'TOOLS'], ...rows])) {
      terminal.line(line);
    }
    terminal.line('');
  }
  for (const finding of findings) {
    showFinding(terminal, finding, config.projectRoot);
    terminal.line('');
  }
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.filter(({ severity }) => severity === 'warning').length;
  terminal.line(
    `${count(agents.length, 'agent')}, ${count(errors, 'error')}, ${count(warnings, 'warning')}.`,
  );
  if (agents.length > 0 || findings.length > 0) return;
  const roots = config.agentRoots.map((root) => relative(config.projectRoot, root) || root);
  terminal.note(
    `There is no agent in ${config.projectRoot}: looked in ${roots.join(' and ')}. Make one with \`dropgate new <Name>\`.`,
  );
}
