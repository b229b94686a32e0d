import {
  type AgentGenerations,
  generationsAnswer,
  type RollbackReport,
  rollbackAnswer,
} from '../../protocol/admin/generations-answer.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import { showFinding } from '../show-findings.ts';
import { cut, table } from '../text-layout.ts';
import { knownAgentId } from './find-agent.ts';
import { connectGateway } from './gateway-client.ts';

const readTimeoutMs = 15_000;

/** How long an agent may take to load, with whatever it has to wait for. */
const loadTimeoutMs = 5 * 60_000;

/** The table gets no wider for a version of many changes. */
const changesWidth = 60;

const signs = { added: '+', changed: '~', removed: '-' } as const;

/** `dropgate agents generations`: the versions that an agent can go back to. */
export async function listGenerations(
  { terminal, projectRoot }: CommandContext,
  named: string,
  options: { readonly json?: true },
): Promise<number> {
  const gateway = await connectGateway(projectRoot);
  const answer = await gateway({
    method: 'GET',
    path: '/admin/agents/generations',
    answer: generationsAnswer,
    query: { agent: await knownAgentId(gateway, named) },
    timeoutMs: readTimeoutMs,
  });
  if (options.json) {
    terminal.json(answer);
    return exitCodes.done;
  }
  const { agent, pinned, generations } = answer;
  if (generations.length === 0) {
    terminal.note(`No generation of ${agent} is kept: none has loaded yet.`);
    return exitCodes.done;
  }
  const head = ['GENERATION', 'LOADED', 'VERSION', 'STATE', 'CHANGES'];
  for (const line of table([head, ...generations.map(toRow)])) terminal.line(line);
  if (pinned) {
    terminal.note(
      `Rolled back by ${pinned.by} at ${pinned.since}. To serve what lies on disk: \`dropgate agents rollback ${agent} --release\`.`,
    );
  }
  return exitCodes.done;
}

function toRow(each: AgentGenerations['generations'][number]): string[] {
  const { generation, loaded_at, version, files, changes } = each;
  const state = each.pinned ? 'serves, pinned' : each.serves ? 'serves' : '-';
  const told = changes?.map(({ path, change }) => `${signs[change]} ${path}`).join(', ');
  const first = files === 1 ? '1 file' : `${files} files`;
  return [String(generation), loaded_at, version, state, cut(told ?? first, changesWidth) || '-'];
}

/** `dropgate agents rollback`: serves a kept version, or with `release` what lies on disk; 1 where that does not load. */
export async function rollBackAgent(
  { terminal, projectRoot }: CommandContext,
  named: string,
  options: { readonly to?: number; readonly release?: true; readonly json?: true },
): Promise<number> {
  const gateway = await connectGateway(projectRoot);
  const agent = await knownAgentId(gateway, named);
  const { to, release } = options;
  const report = await gateway({
    method: 'POST',
    path: release ? '/agents/release' : '/agents/rollback',
    answer: rollbackAnswer,
    body: release || to === undefined ? { agent } : { agent, to },
    timeoutMs: loadTimeoutMs,
  });
  const isDone = report.status === 'ready';
  if (options.json) {
    terminal.json(report);
    return isDone ? exitCodes.done : exitCodes.foundProblems;
  }
  const shown = report.findings.filter(({ code }) => code !== 'rolled_back');
  for (const finding of shown) {
    showFinding(terminal, finding, projectRoot);
    terminal.line('');
  }
  for (const line of outcomeOf(report)) terminal.line(line);
  return isDone ? exitCodes.done : exitCodes.foundProblems;
}

function outcomeOf({ agent, status, generation, pinned }: RollbackReport): string[] {
  if (pinned) {
    return [
      `${agent} serves generation ${generation} again, until its files change.`,
      `To serve what lies on disk: dropgate agents rollback ${agent} --release`,
    ];
  }
  if (status === 'ready') return [`${agent} serves generation ${generation}, as it lies on disk.`];
  return [
    generation === null
      ? `${agent} serves nothing: what lies on disk does not load.`
      : `${agent} serves generation ${generation} on: what lies on disk does not load.`,
  ];
}
