import { agentsRefreshAnswer, type RefreshReport } from '../../protocol/admin/refresh-answer.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import { showFinding } from '../show-findings.ts';
import { cut, table } from '../text-layout.ts';
import { askAgents } from './ask-agents.ts';
import { connectGateway } from './gateway-client.ts';

/** How long it may take to load what changed: many agents, a few at once, each with a limit of its own. */
const refreshTimeoutMs = 15 * 60_000;

/** Progress is told of what takes longer than this. */
const progressAfterMs = 1000;

/** The table gets no wider for an agent of many tools. */
const toolsWidth = 40;

/** `dropgate agents list`: every agent with its state. */
export async function listAgents(
  context: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const { terminal, projectRoot } = context;
  const agents = await askAgents(await connectGateway(projectRoot));
  if (options.json) {
    terminal.json({ agents });
    return exitCodes.done;
  }
  if (agents.length === 0) {
    terminal.note('There is no agent yet. Make one with `dropgate new <Name>`.');
    return exitCodes.done;
  }
  const rows = agents.map(({ id, status, generation, pinned, model, tools, module_path }) => [
    id,
    status,
    generation === null ? '-' : `${generation}${pinned ? ' (pinned)' : ''}`,
    model?.name ?? '-',
    cut(tools.join(', '), toolsWidth) || '-',
    module_path,
  ]);
  const head = ['AGENT', 'STATUS', 'GENERATION', 'MODEL', 'TOOLS', 'FILE'];
  for (const line of table([head, ...rows])) terminal.line(line);
  if (agents.some(({ status }) => status === 'failed' || status === 'degraded')) {
    terminal.note('What is wrong: `dropgate agents errors`.');
  }
  if (agents.some(({ pinned }) => pinned)) {
    terminal.note(
      'A pinned one was rolled back: `dropgate agents rollback <agent> --release` ends that.',
    );
  }
  return exitCodes.done;
}

/** `dropgate agents refresh`: brings a running gateway in line with the folders; 1 where something failed. */
export async function refreshAgents(
  context: CommandContext,
  options: { readonly force?: true; readonly json?: true },
): Promise<number> {
  const { terminal, projectRoot } = context;
  const gateway = await connectGateway(projectRoot);
  const progress = setTimeout(() => terminal.note('Loading agents …'), progressAfterMs);
  const report = await gateway({
    method: 'POST',
    path: '/agents/refresh',
    answer: agentsRefreshAnswer,
    query: { force: options.force ? 'true' : undefined },
    timeoutMs: refreshTimeoutMs,
  }).finally(() => clearTimeout(progress));
  if (options.json) terminal.json(report);
  else showReport(context, report);
  const isWrong =
    report.failed.length > 0 || report.warnings.some(({ severity }) => severity === 'error');
  return isWrong ? exitCodes.foundProblems : exitCodes.done;
}

function showReport(context: CommandContext, report: RefreshReport): void {
  const { terminal, projectRoot } = context;
  const { scanned, unchanged, loaded, failed, removed, warnings } = report;
  for (const finding of warnings) {
    showFinding(terminal, finding, projectRoot);
    terminal.line('');
  }
  const named = { loaded, failed, removed };
  for (const [what, ids] of Object.entries(named)) {
    for (const id of ids) terminal.line(`${what.padEnd(7)}  ${id}`);
  }
  terminal.line(
    `${scanned} scanned: ${unchanged.length} unchanged, ${loaded.length} loaded, ${failed.length} failed, ${removed.length} removed.`,
  );
}
