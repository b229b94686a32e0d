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
  | { readonly type: 'result'; readonly call: ClientCallRecord; readonly text: string };

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
 * @throws GatewayError `record_not_found`, `invalid_request` where they are of several runs, or one is named twice.
 */
export async function findCalls(
  deps: FindCallsDeps,
  answers: readonly (ApprovalAnswer | ClientResult)[],
  by: Answerer,
): Promise<FoundAnswers> {
  if (answers.length === 0 || answers.length > MOST_ANSWERS) {
    throw new GatewayError('invalid_request', `Answer 1 to ${MOST_ANSWERS} calls at once.`);
  }
  const results = answers.filter((answer) => 'text' in answer);
  const calls = await findResults(deps.store, results, by);
  const found: FoundAnswer[] = [...calls];
  for (const answer of answers) {
    if ('text' in answer) continue;
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
      'These calls are of several runs. Answer one by one.',
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

/** The newest run that waited for all of these. */
async function findResults(
  store: ApprovalStore,
  results: readonly ClientResult[],
  by: Answerer,
): Promise<FoundAnswer[]> {
  if (results.length === 0) return [];
  const callIds = results.map((result) => result.by.callId);
  const known = await store.findClientCalls({ keyId: by.caller.keyId, user: by.user }, callIds);
  const byRun = [...Map.groupBy(known, ({ runId }) => runId).values()];
  const all = byRun.find((calls) =>
    callIds.every((callId) => calls.some((call) => call.callId === callId)),
  );
  return results.map(({ by: { callId }, text }) => {
    const call = all?.find((each) => each.callId === callId);
    if (!call) throw unknownCall();
    return { type: 'result', call, text };
  });
}

/** As much of a place as is looked at. */
export function newestOf(place: AnswerPlace): AnswerPlace {
  return { ...place, prefixHashes: place.prefixHashes.slice(-MOST_HASHES) };
}

/** What whoever may not know of a call is told, too. */
export function unknownCall(): GatewayError {
  return new GatewayError('record_not_found', 'No call that you may answer waits under this name.');
}
