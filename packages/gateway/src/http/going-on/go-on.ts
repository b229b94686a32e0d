import { type FailureCode, GatewayError } from '../../errors.ts';
import type { Caller } from '../../protocol/policy.ts';
import type { InputItem, RunInput } from '../../protocol/run.ts';
import type {
  Answered,
  Answerer,
  ApprovalAnswer,
  Approvals,
} from '../../runs/approvals/approval-types.ts';
import type { Run } from '../../runs/run.ts';
import type { OpenTurn } from '../../runs/turns/turn-types.ts';
import type { AnswerMessage } from '../formats/approvals/answer-message.ts';
import { itemsOf } from './answered-items.ts';
import { type Brought, toResults } from './brought.ts';
import { answerPlaceOf } from './place.ts';
import { askingRun, sayingRun } from './told-run.ts';

/** What goes on, in place of a run that begins. */
export type GoneOn = {
  readonly run: Run;
  /** Whether it is an answer of the gateway itself. */
  readonly isTold: boolean;
  /** The run that waited; null where it is not known. */
  readonly interrupted: string | null;
  /** What its turn was asked; null for what was sent. */
  readonly input: readonly InputItem[] | null;
};

export type GoingOn = {
  readonly caller: Caller;
  /** With what came before it. */
  readonly input: RunInput;
  readonly turn: OpenTurn | null;
  readonly signal: AbortSignal;
};

/** What a person is told in the answer, as it is about what it said. */
const tellable: readonly FailureCode[] = [
  'record_not_found',
  'not_allowed',
  'approval_answered',
  'approval_expired',
  'run_outcome_unknown',
];

/**
 * Goes on with the run that a request brings something for.
 *
 * @returns Null where nothing waits for it: then it is a message like any other.
 * @throws GatewayError as answering and resuming do.
 */
export async function goOn(
  approvals: Approvals,
  brought: Brought,
  going: GoingOn,
): Promise<GoneOn | null> {
  switch (brought.type) {
    case 'codes':
      return goOnByCodes(approvals, brought.message, going);
    case 'answers': {
      const answers = brought.answers.map(toAnswer);
      const by = { ...personOf(going), isToldTheRest: true as const };
      const results = toResults(brought.results);
      // Results that nobody waits for came along with the history.
      const answered =
        (results.length > 0 ? await approvals.bring({ results, answers }, by) : null) ??
        (await approvals.answer(answers, by));
      return next(answered, [...brought.results, ...itemsOf(answered.approvals)], going);
    }
    case 'results': {
      const place = answerPlaceOf({ items: going.input.items, turn: going.turn });
      const by = { ...personOf(going), place };
      const results = toResults(brought.results);
      const answered = await approvals.bring({ results, answers: [] }, by);
      return answered && next(answered, brought.results, going);
    }
    default:
      return brought satisfies never;
  }
}

function personOf({ caller, input }: GoingOn): Answerer {
  return { caller, user: input.user ?? null };
}

type AnswerItem = Extract<Brought, { readonly type: 'answers' }>['answers'][number];

function toAnswer({ approvalId: id, approve, reason, always }: AnswerItem): ApprovalAnswer {
  const why = reason === undefined ? {} : { reason };
  return { by: { id }, approve, ...why, ...(always ? { always } : {}) };
}

async function goOnByCodes(
  approvals: Approvals,
  { answers, unclear }: AnswerMessage,
  going: GoingOn,
): Promise<GoneOn | null> {
  const { input, turn } = going;
  const by = { ...personOf(going), place: answerPlaceOf({ items: input.items, turn }) };
  if (!(await approvals.mayAnswerIn(by, agentIn(input)))) return null;
  if (unclear !== null) return told(unclear, going);
  try {
    const answered = await approvals.answer(answers, by);
    return await next(answered, itemsOf(answered.approvals), going);
  } catch (error) {
    if (!(error instanceof GatewayError) || !tellable.includes(error.code)) throw error;
    return told(error.message, going);
  }
}

async function next(
  { approvals, pending, clientCalls, claim }: Answered,
  input: readonly InputItem[],
  { caller, turn, input: asked, signal }: GoingOn,
): Promise<GoneOn> {
  if (claim) {
    const wanted = {
      streamed: asked.streamed,
      ...(turn?.takesItems ? { tellsItems: true as const } : {}),
    };
    const run = await claim.resume(wanted, caller.requestId, signal);
    return { run, isTold: false, interrupted: claim.runId, input };
  }
  const [first] = [...pending, ...approvals];
  const run = askingRun(pending, clientCalls, first?.agentId ?? asked.modelId);
  return { run, isTold: true, interrupted: first?.runId ?? null, input };
}

function told(text: string, { input, turn }: GoingOn): GoneOn {
  const run = sayingRun(text, turn?.boundTo ?? input.modelId);
  return { run, isTold: true, interrupted: null, input: null };
}

/** The agent that a request names by its whole id, in capitals or not; null for a name alone. */
function agentIn({ modelId }: RunInput): string | null {
  return modelId.includes('/') ? modelId.toLowerCase() : null;
}
