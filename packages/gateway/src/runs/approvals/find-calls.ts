import { GatewayError } from '../../errors.ts';
import type {
  ApprovalStore,
  ClientCallRecord,
  WaitingRunRecord,
} from '../../protocol/state/approval-store.ts';
import type { Approval } from '../../protocol/state/approvals.ts';
import type { Answerer, AnswerPlace, ApprovalAnswer, ClientResult } from './approval-types.ts';
import { codeHash } from './codes.ts';

/** An answer, and the call that it is to. */
export type FoundAnswer =
  | { readonly type: 'decision'; readonly approval: Approval; readonly answer: ApprovalAnswer }
  | FoundResult;

/** What a tool of the caller's own gave, and the call that it is of. */
export type FoundResult = {
  readonly type: 'result';
  readonly call: ClientCallRecord;
  readonly text: string;
};

/** Answers, and the one run that they are about. */
export type FoundAnswers = {
  readonly run: WaitingRunRecord;
  readonly found: readonly FoundAnswer[];
};

export type FindCallsDeps = {
  readonly store: ApprovalStore;
  /** Called where a code is wrong; throws. */
  readonly wrongCode: (code: string, by: Answerer) => Promise<never>;
};

/** Wrong answers that one request may look for. */
const MOST_ANSWERS = 200;

/** Hashes of the newest messages that are looked for: no conversation asks that far back. */
const MOST_HASHES = 2000;

/**
 * Finds the calls that answers are to, for somebody who may not know of others.
 *
 * @param results - Those of the caller's own tools, and the run that waits for them.
 * @throws GatewayError `record_not_found`, `invalid_request` where they are of several runs, or one is named twice.
 */
export async function findCalls(
  deps: FindCallsDeps,
  {
    answers,
    results,
  }: { readonly answers: readonly ApprovalAnswer[]; readonly results: readonly FoundResult[] },
  by: Answerer,
): Promise<FoundAnswers> {
  const count = answers.length + results.length;
  if (count === 0 || count > MOST_ANSWERS) {
    throw new GatewayError('invalid_request', `Answer 1 to ${MOST_ANSWERS} calls at once.`);
  }
  const found: FoundAnswer[] = [...results];
  for (const answer of answers) {
    const approval =
      'id' in answer.by
        ? await deps.store.find(answer.by.id)
        : await byCode(deps, answer.by.code, by);
    if (!approval) throw unknownCall();
    found.push({ type: 'decision', approval, answer });
  }
  const ids = found.map((each) => (each.type === 'result' ? each.call.runId : each.approval.runId));
  if (new Set(ids).size > 1) {
    throw new GatewayError(
      'invalid_request',
      'These calls are of several runs. Answer those of each run in a request of its own.',
    );
  }
  const names = found.map((each) =>
    each.type === 'result' ? `result ${each.call.callId}` : each.approval.id,
  );
  if (new Set(names).size < names.length) {
    throw new GatewayError('invalid_request', 'One call is answered twice here.');
  }
  const run = await deps.store.run(ids[0] ?? '');
  if (!run) throw unknownCall();
  return { run, found };
}

async function byCode(deps: FindCallsDeps, code: string, by: Answerer): Promise<Approval> {
  const whose = { keyId: by.caller.keyId, user: by.user };
  const approval = await deps.store.findByCode(codeHash(code, whose));
  const run = approval && (await deps.store.run(approval.runId));
  if (approval && run && isIn(run, by.place)) return approval;
  if (approval && run && isIn(run, passedOf(by.place))) throw wentOn(approval);
  return deps.wrongCode(code, by);
}

/** Whether a run asked where a message is said. */
function isIn(
  { conversationId, prefixHash }: Pick<WaitingRunRecord, 'conversationId' | 'prefixHash'>,
  place: AnswerPlace | undefined,
): boolean {
  if (!place) return false;
  if (conversationId !== null) return place.conversationId === conversationId;
  return prefixHash !== null && place.prefixHashes.includes(prefixHash);
}

/** Results, of those that the newest run waits for which waits for any of these; empty where none does. */
export async function findResults(
  { store, isWaiting }: Pick<FindCallsDeps, 'store'> & { readonly isWaiting: IsWaiting },
  results: readonly ClientResult[],
  by: Answerer,
): Promise<readonly FoundResult[]> {
  if (results.length === 0) return [];
  const callIds = results.map(({ callId }) => callId);
  const known = await store.findClientCalls({ keyId: by.caller.keyId, user: by.user }, callIds);
  for (const [runId, calls] of Map.groupBy(known, (call) => call.runId)) {
    const run = await store.run(runId);
    if (!run || !isWaiting(run) || !fitsPlace(run, by.place)) continue;
    return results.flatMap(({ callId, text }) => {
      const call = calls.find((each) => each.callId === callId);
      return call ? [{ type: 'result', call, text }] : [];
    });
  }
  return [];
}

type IsWaiting = (run: WaitingRunRecord) => boolean;

/** Ids of calls are the models' to choose: where more is known, that has to fit too. */
function fitsPlace(run: WaitingRunRecord, place: AnswerPlace | undefined): boolean {
  const hasPlace = run.conversationId !== null || run.prefixHash !== null;
  return !place || !hasPlace || isIn(run, place);
}

/** As much of a place as is looked at, with what is over there. */
export function newestOf({
  conversationId,
  prefixHashes,
  passedHashes = [],
}: AnswerPlace): AnswerPlace {
  const hashes = [...passedHashes, ...prefixHashes].slice(-MOST_HASHES);
  return { conversationId, prefixHashes: hashes };
}

/** Where it was before something else was said. */
function passedOf(place: AnswerPlace | undefined): AnswerPlace | undefined {
  return place && { ...place, prefixHashes: place.passedHashes ?? [] };
}

function wentOn({ tool }: Approval): GatewayError {
  const message = `The call of ${tool} does not wait. Its caller went on without an answer: have it asked again.`;
  return new GatewayError('approval_answered', message);
}

/** What whoever may not know of a call is told, too. */
export function unknownCall(): GatewayError {
  return new GatewayError(
    'record_not_found',
    'There is no call of this id that you may see. Look at its spelling, and at your key.',
  );
}
