import type { Kysely } from 'kysely';
import type {
  AnsweredCalls,
  ApprovalStore,
  CallAnswers,
} from '../../../protocol/state/approval-store.ts';
import type { Approval } from '../../../protocol/state/approvals.ts';
import type { Engine } from '../../engines/engine.ts';
import type { Tables } from '../../tables.ts';
import { answerText, plain, toApproval } from './approval-rows.ts';

/** Takes back what a transaction has done. */
class Refused extends Error {}

/** What becomes of runs that wait: each step is a compare-and-set of the row of its run. */
export function createAnswerCalls({
  durable,
  guarded,
}: Engine): Pick<ApprovalStore, 'answer' | 'recode' | 'drop' | 'countWrongCode'> {
  return {
    answer: (answers) =>
      guarded(() =>
        durable
          .transaction()
          .execute((work) => answerIn(work, answers))
          .catch((error: unknown) => {
            if (error instanceof Refused) return 'refused' as const;
            throw error;
          }),
      ),
    async recode(approvalId, code_hash) {
      const recoded = durable
        .updateTable('waiting_calls')
        .set({ code_hash })
        .where('id', '=', approvalId)
        .where('status', '=', 'pending');
      await guarded(() => recoded.execute());
    },
    async drop(runs, why) {
      const dropped: Approval[] = [];
      for (const runId of runs) {
        dropped.push(
          ...(await guarded(() =>
            durable.transaction().execute((work) => dropIn(work, runId, why)),
          )),
        );
      }
      return dropped;
    },
    async countWrongCode(runs) {
      if (runs.length === 0) return 0;
      const counted = durable
        .updateTable('waiting_runs')
        .set(({ eb }) => ({ wrong_codes: eb('wrong_codes', '+', 1) }))
        .where('run_id', 'in', runs)
        .returning('wrong_codes');
      const rows = await guarded(() => counted.execute());
      return Math.max(0, ...rows.map((row) => row.wrong_codes));
    },
  };
}

async function answerIn(work: Kysely<Tables>, answers: CallAnswers): Promise<AnsweredCalls> {
  const { runId, nowMs, deadMs, claim } = answers;
  // First, so that of two who answer at once the other waits here, and then finds what the first one left.
  if (!(await lockWaiting(work, { runId, deadMs }))) return 'refused';
  await answerEach(work, answers);
  const pending = await work
    .selectFrom('waiting_calls')
    .select('id')
    .where('run_id', '=', runId)
    .where('status', '=', 'pending')
    .executeTakeFirst();
  if (pending) return 'answered';
  const untilMs = Math.floor(claim.untilMs);
  await work
    .updateTable('waiting_runs')
    .set({ status: 'resumed', claim: claim.token, claimed_until_ms: untilMs, resumed_by: null })
    .where('run_id', '=', runId)
    .where('expires_ms', '>', nowMs)
    .executeTakeFirstOrThrow()
    .then(requireOne);
  return 'claimed';
}

async function lockWaiting(
  work: Kysely<Tables>,
  { runId, deadMs }: Pick<CallAnswers, 'runId' | 'deadMs'>,
): Promise<boolean> {
  const locked = work
    .updateTable('waiting_runs')
    .set({ status: 'waiting' })
    .where('run_id', '=', runId)
    .where(({ eb, and, or }) =>
      or([
        eb('status', '=', 'waiting'),
        // Claimed by a gateway that died before it began to go on.
        and([
          eb('status', '=', 'resumed'),
          eb('resumed_by', 'is', null),
          eb('claimed_until_ms', '<', deadMs),
        ]),
      ]),
    );
  const { numUpdatedRows } = await locked.executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

async function answerEach(
  work: Kysely<Tables>,
  { runId, decisions, results, answeredBy, nowMs }: CallAnswers,
): Promise<void> {
  const pending = work
    .updateTable('waiting_calls')
    .where('run_id', '=', runId)
    .where('status', '=', 'pending')
    .where('expires_ms', '>', nowMs);
  const answeredMs = Math.floor(nowMs);
  for (const { approvalId, status, reason, always } of decisions) {
    const answer = answerText({ answeredBy, answeredMs, reason, always });
    await pending
      .set({ status, answer })
      .where('id', '=', approvalId)
      .where('asks', '=', 'person')
      .executeTakeFirstOrThrow()
      .then(requireOne);
  }
  for (const { callId, text } of results) {
    const answer = answerText({ answeredBy, answeredMs, result: text });
    await pending
      .set({ status: 'approved', answer })
      .where('call_id', '=', plain(callId))
      .where('asks', '=', 'caller')
      .executeTakeFirstOrThrow()
      .then(requireOne);
  }
}

function requireOne({ numUpdatedRows }: { readonly numUpdatedRows: bigint }): void {
  if (numUpdatedRows !== 1n) throw new Refused();
}

async function dropIn(
  work: Kysely<Tables>,
  runId: string,
  { status, reason, nowMs }: Parameters<ApprovalStore['drop']>[1],
): Promise<Approval[]> {
  const dropped = work
    .updateTable('waiting_runs')
    .set({ status: 'dropped', bytes: 0 })
    .where('run_id', '=', runId)
    .where('status', '=', 'waiting');
  const { numUpdatedRows } = await dropped.executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) return [];
  const answer = answerText({ answeredMs: Math.floor(nowMs), reason });
  const calls = await work
    .updateTable('waiting_calls')
    .set({ status, answer })
    .where('run_id', '=', runId)
    .where('status', '=', 'pending')
    .returningAll()
    .execute();
  await removeState(work, runId);
  return calls.filter(({ asks }) => asks === 'person').map(toApproval);
}

/** Removes what is large of a run that nobody goes on with any more. */
export async function removeState(work: Kysely<Tables>, runId: string): Promise<void> {
  await work.deleteFrom('waiting_states').where('run_id', '=', runId).execute();
}
