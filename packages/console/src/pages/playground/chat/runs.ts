import { type ApiClient, ApiError } from '../../../api/client.ts';
import type { RunApproval } from '../../../api/runs/run-approvals.ts';
import type { RunNews } from '../../../api/runs/run-news.ts';
import type { chatBody } from './chat-body.ts';
import type { Answer, ApprovalStep, Failure } from './chat-types.ts';
import { brokenStream, failureOf } from './failure-of.ts';
import { answerApproval, askAgent, type Decision, followRun } from './run-streams.ts';
import { endAnswer, takeNews, withApproval } from './take-news.ts';

/** Changes the answer of a turn; `soon`: with the next picture of the screen. */
export type ChangeAnswer = (
  turnId: string,
  change: (answer: Answer) => Answer,
  soon: boolean,
) => void;

/** What goes on for turns, beside what is shown of it. */
export type Runs = {
  readonly begin: (turnId: string, body: ReturnType<typeof chatBody>) => void;
  /** Says what a person decided on a call; its run goes on in the same turn. */
  readonly decide: (
    at: { readonly turnId: string; readonly agentId: string; readonly approvalId: string },
    decision: Decision,
  ) => void;
  /** Takes what somebody else decided, and follows the run that goes on with it, once one does. */
  readonly decidedElsewhere: (
    turnId: string,
    approval: Pick<RunApproval, 'id' | 'status' | 'reason' | 'always'>,
    resumedBy: string | null,
  ) => void;
  /** Ends all of them: a gateway ends a run whose caller leaves. */
  readonly stop: () => void;
};

/** Makes it. */
export function createRuns(api: ApiClient, change: ChangeAnswer): Runs {
  const open = new Map<string, AbortController>();
  /** Runs that are followed, or were. */
  const followed = new Set<string>();

  const hold = createHold({ api, open, change });
  return {
    begin(turnId, body) {
      void hold(turnId, (hearing) => askAgent(api, body, hearing));
    },
    decide({ turnId, agentId, approvalId }, decision) {
      change(
        turnId,
        (answer) => withApproval(answer, approvalId, { state: 'sending', fault: '' }),
        false,
      );
      const asked = { agentId, approvalId, decision };
      void hold(turnId, async (hearing) => {
        let hasBegun = false;
        const onNews: Hearing['onNews'] = (news) => {
          if (!hasBegun) change(turnId, (answer) => decided(answer, approvalId, decision), true);
          hasBegun = true;
          hearing.onNews(news);
        };
        try {
          await answerApproval(api, asked, { ...hearing, onNews });
        } catch (error) {
          if (hasBegun || !(error instanceof ApiError)) throw error;
          change(turnId, (answer) => refused(answer, approvalId, error), false);
        }
      });
    },
    decidedElsewhere(turnId, { id, status, reason, always }, resumedBy) {
      const state = stateOf(status, always);
      change(turnId, (answer) => withApproval(answer, id, { state, reason: reason ?? '' }), false);
      if (resumedBy === null) return change(turnId, (answer) => endAnswer(answer, {}), false);
      // It may go on with several calls of the turn.
      if (followed.has(resumedBy)) return;
      followed.add(resumedBy);
      change(turnId, goesOn, false);
      void hold(turnId, (hearing) => followRun(api, resumedBy, hearing));
    },
    stop() {
      for (const control of open.values()) control.abort();
    },
  };
}

/** Runs work for a turn, to an end that is told in any case. */
function createHold({
  api,
  open,
  change,
}: {
  readonly api: ApiClient;
  readonly open: Map<string, AbortController>;
  readonly change: ChangeAnswer;
}) {
  return async (turnId: string, work: (hearing: Hearing) => Promise<void>): Promise<void> => {
    const control = new AbortController();
    const { signal } = control;
    open.set(turnId, control);
    // The end of a stream may come after the run that goes on has begun to be followed.
    const isCurrent = () => open.get(turnId) === control;
    const onNews = (news: readonly RunNews[]) => {
      if (!signal.aborted) change(turnId, (answer) => news.reduce(takeNews, answer), true);
    };
    const onIgnored = (ignored: readonly string[]) =>
      change(turnId, (answer) => ({ ...answer, ignored }), true);
    try {
      await work({ signal, onNews, onIgnored });
      if (isCurrent()) change(turnId, closed, false);
    } catch (error) {
      if (!isCurrent()) return;
      const failure = failureOf(error);
      change(
        turnId,
        (answer) => {
          if (signal.aborted) return endAnswer(answer, { status: 'stopped' });
          return answer.status === 'running' ? endAnswer(answer, { failure }) : answer;
        },
        false,
      );
      if (failure.kind !== 'broken' || signal.aborted) return;
      const session = await sessionFailure(api);
      if (session) change(turnId, (answer) => withCause(answer, session), false);
    } finally {
      if (isCurrent()) open.delete(turnId);
    }
  };
}

/** Why the session is over, which breaks off what goes on in it; null where it is not. Asking shows the login then. */
async function sessionFailure(api: ApiClient): Promise<Failure | null> {
  try {
    await api.call('GET /console/session');
    return null;
  } catch (error) {
    const failure = failureOf(error);
    return failure.kind === 'session' ? failure : null;
  }
}

function withCause(answer: Answer, failure: Failure): Answer {
  return answer.failure?.kind === 'broken' ? { ...answer, failure } : answer;
}

type Hearing = Parameters<typeof askAgent>[2];

/** A stream that ended without an end of its run broke off. */
function closed(answer: Answer): Answer {
  return answer.status === 'running' ? endAnswer(answer, { failure: brokenStream() }) : answer;
}

/** How long a person took to decide is none of its time. */
function goesOn(answer: Answer): Answer {
  const waitedMs = answer.endedMs === null ? 0 : performance.now() - answer.endedMs;
  return {
    ...answer,
    text: answer.text === '' || answer.text.endsWith('\n\n') ? answer.text : `${answer.text}\n\n`,
    status: 'running',
    reason: null,
    failure: null,
    startedMs: answer.startedMs + waitedMs,
    firstMs: answer.firstMs === null ? null : answer.firstMs + waitedMs,
    endedMs: null,
  };
}

function decided(
  answer: Answer,
  approvalId: string,
  { approve, always, reason = '' }: Decision,
): Answer {
  const state = approve ? (always ? 'always' : 'approved') : 'denied';
  return withApproval(goesOn(answer), approvalId, { state, reason });
}

function stateOf(status: RunApproval['status'], always: boolean): ApprovalStep['state'] {
  switch (status) {
    case 'pending':
      return 'waiting';
    case 'approved':
      return always ? 'always' : 'approved';
    case 'denied':
      return 'denied';
    case 'expired':
    case 'withdrawn':
      return 'expired';
    default:
      return status satisfies never;
  }
}

/** A decision that the gateway does not take: the call goes on waiting, or does no more. */
function refused(answer: Answer, approvalId: string, error: ApiError): Answer {
  const isOver = error.code === 'approval_expired';
  const state = isOver ? 'expired' : 'waiting';
  const known = withApproval(answer, approvalId, { state, fault: error.message });
  return isOver ? endAnswer(known, {}) : known;
}
