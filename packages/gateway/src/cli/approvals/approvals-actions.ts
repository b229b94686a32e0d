import {
  type ApprovalInfo,
  approvalAnswered,
  approvalsAnswer,
} from '../../protocol/admin/approvals-answer.ts';
import { shownJsonText, shownText } from '../../protocol/text/shown-text.ts';
import { findAgent, noSuchAgent } from '../agents/find-agent.ts';
import { connectGateway, type GatewayClient } from '../agents/gateway-client.ts';
import { type CommandContext, CommandError, exitCodes } from '../command.ts';
import { cut, table, toSecond } from '../text-layout.ts';

/** How long a gateway may take to tell what it knows. */
const readTimeoutMs = 15_000;

/** How long it may take to go on with a run: its agent may have to start. */
const answerTimeoutMs = 120_000;

/** Letters of arguments in a list. */
const SHOWN_LETTERS = 60;

/** Filters of `dropgate approvals list`. */
export type ListOptions = {
  readonly status: string;
  readonly agent?: string;
  readonly limit: number;
  readonly json?: true;
};

/** `dropgate approvals list`: which calls wait, newest first. */
export async function listApprovals(
  { terminal, projectRoot }: CommandContext,
  { status, agent: named, limit, json }: ListOptions,
): Promise<number> {
  const gateway = await connectGateway(projectRoot);
  const agent = named === undefined ? undefined : await findAgent(gateway, named);
  const answer = await gateway({
    method: 'GET',
    path: '/admin/approvals',
    answer: approvalsAnswer,
    query: { status: status === 'all' ? undefined : status, agent: agent?.id, limit },
    timeoutMs: readTimeoutMs,
  });
  // Calls of an agent that is gone are kept, so only where there are none the name may be wrong.
  if (answer.approvals.length === 0 && agent?.isKnown === false) {
    throw noSuchAgent(String(named), agent.near);
  }
  if (json) {
    terminal.json(answer);
    return exitCodes.done;
  }
  if (answer.approvals.length === 0) {
    terminal.note(status === 'pending' ? 'No call waits for a person.' : 'No call fits.');
    return exitCodes.done;
  }
  const rows = answer.approvals.map((approval) => [
    approval.id,
    toSecond(approval.created_at),
    approval.agent_id,
    shownText(approval.tool),
    approval.status,
    cut(shownJsonText(approval.arguments), SHOWN_LETTERS),
  ]);
  const head = ['APPROVAL', 'ASKED', 'AGENT', 'TOOL', 'STATUS', 'ARGUMENTS'];
  for (const line of table([head, ...rows])) terminal.line(line);
  if (answer.approvals.some((approval) => approval.status === 'pending')) {
    terminal.note('Answer with: dropgate approvals approve <id>, or dropgate approvals deny <id>');
  }
  if (answer.next !== null) terminal.note('There are more: raise --limit, or filter.');
  return exitCodes.done;
}

export type AnswerOptions = {
  readonly approve: boolean;
  readonly reason?: string;
  readonly always?: true;
  readonly json?: true;
};

/** `dropgate approvals approve` and `deny`. */
export async function answerApproval(
  { terminal, projectRoot }: CommandContext,
  id: string,
  { json, ...body }: AnswerOptions,
): Promise<number> {
  const gateway = await connectGateway(projectRoot);
  const { run_id } = await findApproval(gateway, id);
  const answered = await gateway({
    method: 'POST',
    path: `/v1/runs/${encodeURIComponent(run_id)}/approvals/${encodeURIComponent(id)}`,
    answer: approvalAnswered,
    body,
    timeoutMs: answerTimeoutMs,
  });
  if (json) {
    terminal.json(answered);
    return exitCodes.done;
  }
  const { approval, run, response_id } = answered;
  const tool = shownText(approval.tool);
  const said = body.approve ? 'Approved' : 'Denied';
  terminal.line(`${said}: ${tool} of ${approval.agent_id}`);
  terminal.line(cut(shownJsonText(approval.arguments), 2000));
  if (run.status === 'waiting') terminal.note('Its run waits for answers to other calls.');
  else terminal.note(`Its run goes on: dropgate runs show ${run.id}`);
  if (response_id !== null)
    terminal.note(`The caller reads what comes of it as response ${response_id}.`);
  return exitCodes.done;
}

async function findApproval(gateway: GatewayClient, id: string): Promise<ApprovalInfo> {
  const { approvals } = await gateway({
    method: 'GET',
    path: '/admin/approvals',
    answer: approvalsAnswer,
    query: { id },
    timeoutMs: readTimeoutMs,
  });
  const [found] = approvals;
  if (found) return found;
  throw new CommandError(
    `There is no approval ${shownText(id)}. List those that wait with \`dropgate approvals list\`.`,
  );
}
