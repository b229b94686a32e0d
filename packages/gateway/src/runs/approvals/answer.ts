import { randomUUID } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import type {
  ApprovalStore,
  CallAnswers,
  ClientCallRecord,
  WaitingRunRecord,
} from '../../protocol/state/approval-store.ts';
import type { Approval } from '../../protocol/state/approvals.ts';
import type {
  Answered,
  Answerer,
  ApprovalAnswer,
  Approvals,
  AskedAgain,
  ClientCall,
  RunClaim,
} from './approval-types.ts';
import { codeHash, newCode } from './codes.ts';
import {
  type FindCallsDeps,
  type FoundAnswer,
  type FoundAnswers,
  type FoundResult,
  findCalls,
  findResults,
  unknownCall,
} from './find-calls.ts';
import type { AnsweringPerson, MayAnswer } from './may-answer.ts';

export type AnswerDeps = FindCallsDeps & {
  readonly store: ApprovalStore;
  readonly mayAnswer: MayAnswer;
  /** Claims before this time are of gateways that died. */
  readonly deadMs: () => number;
  readonly claimMs: number;
  readonly nowMs: () => number;
  /** Makes a claim that the store gave into the right to go on. */
  readonly claimed: (run: WaitingRunRecord, token: string) => Promise<RunClaim>;
  /** Told of calls that were answered. */
  readonly onAnswered: (approvals: readonly Approval[]) => void;
};

/** Most letters of a reason. */
const REASON_LETTERS = 2000;

/** Answers calls that wait; see `Approvals`. */
export function createAnswer(deps: AnswerDeps): Pick<Approvals, 'answer' | 'bring'> {
  const answerAll = async (
    given: {
      readonly answers: readonly ApprovalAnswer[];
      readonly results: readonly FoundResult[];
    },
    by: Answerer,
  ): Promise<Answered> => {
    const asked = await findCalls(deps, given, by);
    for (const each of asked.found) checkRight(deps, by, each);
    const open = checkState(deps, asked);
    const token = randomUUID();
    const came = await deps.store.answer(toStore(deps, { run: asked.run, open, by, token }));
    // Somebody was faster.
    if (came === 'refused') throw await whyRefused(deps, asked);
    return answered(deps, { asked, open, by, token: came === 'claimed' ? token : null });
  };
  const isWaiting = (run: WaitingRunRecord) => standingOf(deps, run) === 'waiting';
  return {
    answer: (answers, by) => answerAll({ answers, results: [] }, by),
    async bring({ results, answers }, by) {
      const found = await findResults({ store: deps.store, isWaiting }, results, by);
      return found.length === 0 ? null : answerAll({ answers, results: found }, by);
    },
  };
}

type Came = {
  readonly asked: FoundAnswers;
  readonly open: readonly FoundAnswer[];
  readonly by: Answerer;
  /** Of the claim, where it is claimed. */
  readonly token: string | null;
};

async function answered(deps: AnswerDeps, { asked, open, by, token }: Came): Promise<Answered> {
  const { run, found } = asked;
  const all = await deps.store.ofRun(run.runId);
  const named = new Set(found.map(idOf));
  const approvals = all.filter(({ id }) => named.has(id));
  const changed = new Set(open.map(idOf));
  deps.onAnswered(approvals.filter(({ id }) => changed.has(id)));
  const calls = await deps.store.clientCallsOf(run.runId);
  return {
    approvals,
    pending: await askedAgain(deps, all, by),
    clientCalls: calls.filter(({ result }) => result === null).map(toClientCall),
    claim: token === null ? null : await deps.claimed(run, token),
  };
}

/** Codes are not kept: what still waits gets new ones. */
async function askedAgain(
  { store, mayAnswer }: AnswerDeps,
  all: readonly Approval[],
  by: Answerer,
): Promise<readonly AskedAgain[]> {
  const again: AskedAgain[] = [];
  for (const approval of all.filter(({ status }) => status === 'pending')) {
    const isTold = by.place !== undefined || by.isToldTheRest === true;
    const mayBe = mayAnswer.decide(personOf(by), approval).decision.answer === 'allow';
    const code = isTold && mayBe ? newCode() : null;
    if (code !== null) await store.recode(approval.id, codeHash(code, approval));
    again.push({ ...approval, code });
  }
  return again;
}

function toClientCall({ callId, tool, arguments: args }: ClientCallRecord): ClientCall {
  return { callId, tool, arguments: args };
}

function idOf(each: FoundAnswer): string {
  return each.type === 'decision' ? each.approval.id : '';
}

/** Each is a decision of its own. Who may not know of a call is told that there is none. */
function checkRight({ mayAnswer }: AnswerDeps, answerer: Answerer, each: FoundAnswer): void {
  // Those of the key alone were looked for.
  if (each.type === 'result') return;
  const { approval } = each;
  const by = personOf(answerer);
  if (!mayAnswer.maySee(by, approval)) throw unknownCall();
  const decided = mayAnswer.decide(by, approval);
  mayAnswer.record(by, decided);
  const { answer, rule } = decided.decision;
  if (answer === 'allow') return;
  const why = rule?.reason ? ` ${rule.reason.replace(/[.\s]+$/, '')}.` : '';
  throw new GatewayError('not_allowed', `You may not answer for ${approval.tool}.${why}`);
}

/** Outside of a message, a key that forwards no users speaks for all that its requests named. */
function personOf({ caller, user, place }: Answerer): AnsweringPerson {
  return { caller, user: place || user !== null || caller.forwardsUsers ? user : undefined };
}

/** @returns Those that are answered now: saying again what was said is no second answer while the run still waits. */
function checkState(deps: AnswerDeps, { run, found }: FoundAnswers): readonly FoundAnswer[] {
  const standing = standingOf(deps, run);
  return found.filter((each) => {
    const why = whyNot(deps, standing, each);
    if (why) throw why;
    return !isRepeat(each);
  });
}

/** `going`: somebody goes on with it, unless that gateway died less than a minute ago. */
type Standing = 'waiting' | 'going' | 'taken' | 'unknown';

function standingOf(
  { deadMs }: Pick<AnswerDeps, 'deadMs'>,
  { status, resumedBy, claimedUntilMs }: WaitingRunRecord,
): Standing {
  if (status === 'waiting' || status === 'unknown') return status;
  if (status !== 'resumed') return 'taken';
  if (claimedUntilMs === null || claimedUntilMs >= deadMs()) return 'going';
  return resumedBy === null ? 'waiting' : 'unknown';
}

function whyNot(
  { nowMs }: Pick<AnswerDeps, 'nowMs'>,
  standing: Standing,
  each: FoundAnswer,
): GatewayError | null {
  if (standing === 'unknown') return outcomeUnknown();
  if (each.type === 'result') {
    const isOpen = each.call.result === null || isRepeat(each);
    return standing === 'waiting' && isOpen ? null : broughtBefore();
  }
  const { approval } = each;
  const { status, expiresMs } = approval;
  const isLate = status === 'expired' || (status === 'pending' && expiresMs <= nowMs());
  if (isLate) return expired(approval);
  if (standing === 'waiting' && (status === 'pending' || isRepeat(each))) return null;
  return answeredBefore(approval, standing);
}

function isRepeat(each: FoundAnswer): boolean {
  if (each.type === 'result') return each.call.result !== null && each.call.result === each.text;
  return each.approval.status === statusOf(each.answer);
}

function statusOf({ approve }: ApprovalAnswer): 'approved' | 'denied' {
  return approve ? 'approved' : 'denied';
}

type ToStore = {
  readonly run: WaitingRunRecord;
  readonly open: readonly FoundAnswer[];
  readonly by: Answerer;
  readonly token: string;
};

function toStore(
  { nowMs, deadMs, claimMs }: Pick<AnswerDeps, 'nowMs' | 'deadMs' | 'claimMs'>,
  { run, open, by, token }: ToStore,
): CallAnswers {
  return {
    runId: run.runId,
    decisions: open.flatMap((each) => {
      if (each.type === 'result') return [];
      const { approval, answer } = each;
      const reason = answer.reason?.slice(0, REASON_LETTERS) ?? null;
      const always = answer.approve && answer.always === true;
      return [{ approvalId: approval.id, status: statusOf(answer), reason, always }];
    }),
    results: open.flatMap((each) =>
      each.type === 'result' ? [{ callId: each.call.callId, text: each.text }] : [],
    ),
    answeredBy: by.caller.keyId,
    nowMs: nowMs(),
    deadMs: deadMs(),
    claim: { token, untilMs: nowMs() + claimMs },
  };
}

async function whyRefused(deps: AnswerDeps, { run, found }: FoundAnswers): Promise<GatewayError> {
  const now = await deps.store.run(run.runId);
  const standing = now ? standingOf(deps, now) : 'taken';
  for (const each of found) {
    const approval = each.type === 'decision' ? await deps.store.find(each.approval.id) : null;
    const fresh = each.type === 'decision' && approval ? { ...each, approval } : each;
    const why = whyNot(deps, standing, fresh);
    if (why) return why;
  }
  return new GatewayError(
    'approval_answered',
    'Somebody else answered for this run at the same moment. Look what still waits, and answer again.',
  );
}

function outcomeUnknown(): GatewayError {
  return new GatewayError(
    'run_outcome_unknown',
    'The gateway that went on with this run died meanwhile. Its calls may have been made: look at what they changed, then ask again.',
  );
}

function expired({ tool }: Approval): GatewayError {
  const message = `Nobody answered for ${tool} in time, which denied it. Ask again.`;
  return new GatewayError('approval_expired', message);
}

function answeredBefore({ tool, status }: Approval, standing: Standing): GatewayError {
  const what = howAnswered[status] ?? `was ${status} before`;
  const how = `Too late: the call of ${tool} ${what}${standing === 'going' ? goesOn : '.'}`;
  return new GatewayError('approval_answered', how);
}

const goesOn =
  ', and the run goes on. Where nothing comes of it, answer again in a minute: its gateway may have died.';

const howAnswered: Partial<Record<Approval['status'], string>> = {
  withdrawn: 'waits no more, because its caller went on without an answer. Ask again',
  // It was read a moment ago.
  pending: 'was answered by somebody else a moment ago',
};

function broughtBefore(): GatewayError {
  const message =
    'No run waits for the results of these calls any more: they were sent before, or the conversation went on without them.';
  return new GatewayError('approval_answered', message);
}
