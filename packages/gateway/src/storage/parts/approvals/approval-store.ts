import { randomUUID } from 'node:crypto';
import type {
  ApprovalStore,
  NewWaitingRun,
  WaitingRunBody,
} from '../../../protocol/state/approval-store.ts';
import type { Engine } from '../../engines/engine.ts';
import type { WaitingCallRow, WaitingRunRow } from '../../waiting-tables.ts';
import { allEqual } from '../all-equal.ts';
import { createAnswerCalls } from './answer-calls.ts';
import {
  approvalRow,
  endUser,
  plain,
  toApproval,
  toClientCall,
  toWaitingRun,
} from './approval-rows.ts';
import { pack, unpack } from './pack.ts';
import { createPruneWaiting } from './prune-waiting.ts';
import { createRunClaims } from './run-claims.ts';
import { createWaitingFiles, keepGeneration, packGeneration } from './waiting-files.ts';

/** Runs that asked in one place and are looked at: more wait in no conversation. */
const MOST_IN_PLACE = 100;

/** The runs that wait, of an open database. */
export function createApprovalStore(engine: Engine): ApprovalStore {
  return {
    keep: createKeep(engine),
    ...createCallReads(engine),
    ...createRunReads(engine),
    ...createPlaces(engine),
    ...createWaitingFiles(engine),
    ...createAnswerCalls(engine),
    ...createRunClaims(engine),
    ...createPruneWaiting(engine),
  };
}

function createKeep({ durable, guarded }: Engine): ApprovalStore['keep'] {
  return async (waiting, generation) => {
    const { state, input } = waiting.run;
    const packed = await pack(JSON.stringify({ state, input } satisfies WaitingRunBody));
    const kept = generation && (await packGeneration(generation));
    const calls = callRows(waiting);
    const bytes = calls.reduce((sum, { call }) => sum + call.length, packed.length);
    const run = runRow(waiting, bytes);
    await guarded(() =>
      durable.transaction().execute(async (work) => {
        if (kept) await keepGeneration(work, kept, run.created_ms);
        await work.insertInto('waiting_runs').values(run).execute();
        await work.insertInto('waiting_states').values({ run_id: run.run_id, packed }).execute();
        for (const call of calls) await work.insertInto('waiting_calls').values(call).execute();
      }),
    );
  };
}

function runRow({ run }: NewWaitingRun, bytes: number): WaitingRunRow {
  return {
    run_id: run.runId,
    key_id: run.keyId,
    end_user: endUser(run.user),
    agent_id: run.agentId,
    module_path: run.modulePath,
    generation: run.generation,
    files_hash: run.filesHash,
    conversation_id: run.conversationId,
    prefix_hash: run.prefixHash,
    status: 'waiting',
    resumed_by: null,
    claim: null,
    claimed_until_ms: null,
    wrong_codes: 0,
    grants: JSON.stringify(run.grants),
    bytes,
    created_ms: Math.floor(run.createdMs),
    expires_ms: Math.floor(run.expiresMs),
  };
}

function callRows({ run, approvals, clientCalls }: NewWaitingRun): WaitingCallRow[] {
  const ofPersons = approvals.map(({ codeHash, ...approval }) => approvalRow(approval, codeHash));
  const ofCaller = clientCalls.map(
    (call): WaitingCallRow => ({
      id: `call_${randomUUID()}`,
      run_id: run.runId,
      asks: 'caller',
      key_id: run.keyId,
      end_user: endUser(run.user),
      agent_id: run.agentId,
      call_id: plain(call.callId),
      call: JSON.stringify(call),
      status: 'pending',
      code_hash: null,
      created_ms: Math.floor(run.createdMs),
      expires_ms: Math.floor(run.expiresMs),
      answer: null,
    }),
  );
  return [...ofPersons, ...ofCaller];
}

function createCallReads({
  durable,
  guarded,
}: Engine): Pick<
  ApprovalStore,
  'find' | 'findByCode' | 'findClientCalls' | 'ofRun' | 'clientCallsOf' | 'list'
> {
  const asked = () => durable.selectFrom('waiting_calls').selectAll().where('asks', '=', 'person');
  const called = () => durable.selectFrom('waiting_calls').selectAll().where('asks', '=', 'caller');
  return {
    async find(approvalId) {
      const row = await guarded(() => asked().where('id', '=', approvalId).executeTakeFirst());
      return row ? toApproval(row) : null;
    },
    async findByCode(codeHash) {
      const found = asked().where('code_hash', '=', codeHash).orderBy('id', 'desc');
      const row = await guarded(() => found.executeTakeFirst());
      return row ? toApproval(row) : null;
    },
    async findClientCalls({ keyId, user }, callIds) {
      // Some upstreams give every call the same id: what is over is left out here, not looked at one by one.
      const open = durable
        .selectFrom('waiting_runs')
        .select('run_id')
        .where('key_id', '=', keyId)
        .where('status', 'in', ['waiting', 'resumed', 'unknown']);
      const found = called()
        .where('run_id', 'in', open)
        .where('key_id', '=', keyId)
        .where('end_user', '=', endUser(user))
        .where('call_id', 'in', callIds.map(plain))
        .orderBy('run_id', 'desc');
      return (await guarded(() => found.execute())).map(toClientCall);
    },
    async ofRun(runId) {
      const found = asked().where('run_id', '=', runId).orderBy('id');
      return (await guarded(() => found.execute())).map(toApproval);
    },
    async clientCallsOf(runId) {
      const found = called().where('run_id', '=', runId).orderBy('call_id');
      return (await guarded(() => found.execute())).map(toClientCall);
    },
    async list({ status, agentId, after, limit }) {
      let page = asked().where(allEqual({ status, agent_id: agentId }));
      if (after !== undefined) page = page.where('id', '<', after);
      const newest = page.orderBy('id', 'desc').limit(limit);
      return (await guarded(() => newest.execute())).map(toApproval);
    },
  };
}

function createRunReads({
  durable,
  guarded,
}: Engine): Pick<ApprovalStore, 'run' | 'body' | 'statusOf'> {
  const run: ApprovalStore['run'] = async (runId) => {
    const found = durable.selectFrom('waiting_runs').selectAll().where('run_id', '=', runId);
    const row = await guarded(() => found.executeTakeFirst());
    return row ? toWaitingRun(row) : null;
  };
  return {
    run,
    async body(runId) {
      const found = durable.selectFrom('waiting_states').selectAll().where('run_id', '=', runId);
      const row = await guarded(() => found.executeTakeFirst());
      return row ? (JSON.parse((await unpack(row.packed)).toString()) as WaitingRunBody) : null;
    },
    statusOf: async (runId) => (await run(runId))?.status ?? null,
  };
}

function createPlaces({
  durable,
  guarded,
}: Engine): Pick<ApprovalStore, 'askedIn' | 'waitingIn' | 'keysWaiting' | 'waitingOf'> {
  const waiting = () => durable.selectFrom('waiting_runs').where('status', '=', 'waiting');
  return {
    async askedIn({ keyId, user, conversationId, prefixHashes }) {
      if (conversationId === null && prefixHashes.length === 0) return [];
      const found = durable
        .selectFrom('waiting_runs')
        .selectAll()
        .where('key_id', '=', keyId)
        .where('end_user', '=', endUser(user))
        .where(({ eb, or, and }) =>
          or([
            ...(conversationId === null ? [] : [eb('conversation_id', '=', conversationId)]),
            ...(prefixHashes.length === 0
              ? []
              : [and([eb('conversation_id', 'is', null), eb('prefix_hash', 'in', prefixHashes)])]),
          ]),
        )
        .orderBy('run_id', 'desc')
        .limit(MOST_IN_PLACE);
      return (await guarded(() => found.execute())).map(toWaitingRun);
    },
    async waitingIn(keyId, conversationId) {
      const found = waiting()
        .select('run_id')
        .where('key_id', '=', keyId)
        .where('conversation_id', '=', conversationId);
      return (await guarded(() => found.execute())).map((row) => row.run_id);
    },
    async keysWaiting() {
      const found = waiting().select('key_id').distinct();
      return (await guarded(() => found.execute())).map((row) => row.key_id);
    },
    async waitingOf(keyId) {
      const found = waiting().select('run_id').where('key_id', '=', keyId);
      return (await guarded(() => found.execute())).map((row) => row.run_id);
    },
  };
}
