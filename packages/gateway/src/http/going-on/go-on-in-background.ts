import type { FastifyRequest } from 'fastify';
import type { Approval } from '../../protocol/state/approvals.ts';
import type { RunClaim } from '../../runs/approvals/approval-types.ts';
import type { Run } from '../../runs/run.ts';
import type { OpenTurn, TurnAnswer } from '../../runs/turns/turn-types.ts';
import type { HttpDeps } from '../deps.ts';
import { responsesFormat } from '../formats/responses/responses-format.ts';
import { callerOf } from '../route.ts';
import { itemsOf } from './answered-items.ts';
import { keptResponse, responseIdOf } from './find-asked.ts';
import { keepInBackground } from './run-in-background.ts';

type Going = {
  readonly claim: RunClaim;
  /** The calls that were answered. */
  readonly approvals: readonly Approval[];
  readonly request: FastifyRequest;
};

/**
 * Goes on with a run for whoever asked it, who is not there: what comes of it is a response that follows the interrupted
 * one, in its conversation.
 *
 * @returns The run, and the id of that response; null where nothing is kept.
 * @throws GatewayError as resuming does, `conversation_busy`.
 */
export async function goOnInBackground(
  deps: HttpDeps,
  { claim, approvals, request }: Going,
): Promise<{ readonly run: Run; readonly responseId: string | null }> {
  const { turn, previousId } = await openBehind(deps, claim);
  try {
    const { isKept, takesItems } = turn;
    const asked = { streamed: false, ...(takesItems ? { tellsItems: true as const } : {}) };
    const run = await claim.resume(asked, callerOf(request).requestId);
    request.server.openRuns.add(run);
    const { id: runId, agentId, modulePath, generation } = run;
    request.begunRun = { runId, agentId, modulePath, generation };
    turn.instead({ input: itemsOf(approvals), previousId });
    if (isKept) return await kept(deps, { run, turn, previousId, claim, request });
    run.onEnd(() => void turn.end());
    run.sendTo({ write: () => null });
    return { run, responseId: null };
  } catch (error) {
    await turn.end();
    throw error;
  }
}

async function openBehind(deps: HttpDeps, claim: RunClaim) {
  const { conversationId, owner } = claim;
  try {
    const id = responseIdOf(claim.runId);
    const before = conversationId === null ? await keptResponse(deps.turns.kept, owner, id) : null;
    const previousId = before?.id ?? null;
    const wanted = { previousId, conversationId, keeps: true, outlives: false, leading: 0 };
    const { signal } = new AbortController();
    const turn = await deps.turns.open({ owner, wanted, items: [], signal });
    return { turn, previousId };
  } catch (error) {
    await claim.release();
    throw error;
  }
}

type Kept = {
  readonly run: Run;
  readonly turn: OpenTurn;
  readonly previousId: string | null;
  readonly claim: RunClaim;
  readonly request: FastifyRequest;
};

async function kept(deps: HttpDeps, { run, turn, previousId, claim, request }: Kept) {
  const { conversationId, input, owner } = claim;
  let answer: TurnAnswer | null = null as TurnAnswer | null;
  const follows = previousId === null ? {} : { previous_response_id: previousId };
  const inConversation = conversationId === null ? {} : { conversation: conversationId };
  const format = responsesFormat.background?.({
    runId: run.id,
    waitingRunId: run.id,
    body: { model: input.modelId, input: '', background: true, ...follows, ...inConversation },
    userAgent: '',
    presentation: run.presentation,
    role: 'caller',
    isKept: true,
    takesItems: true,
    onAnswer: (whole) => {
      answer = whole;
    },
    hold: () => {
      const unread = deps.unread.hold({ agentId: run.agentId }, 'whole_answer');
      run.onEnd(unread.release);
      return unread;
    },
  });
  if (!format) throw new Error('Responses run in the background.');
  const { server, id: requestId } = request;
  const whole = () => answer;
  const going = { run, turn, conversationId, owner, isStreamed: false, format, whole };
  await keepInBackground(deps, { ...going, server, requestId });
  return { run, responseId: format.id };
}
