import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  approvalScene,
  asking,
  interrupted,
  payment,
  place,
} from '../../../test/support/approval-scene.ts';
import { all, answer, caller, usage } from '../../../test/support/run-scene.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { GatewayError } from '../../errors.ts';
import type { Rule } from '../../protocol/policy.ts';
import type { RunEvent } from '../../protocol/run.ts';
import type { WorkerRun } from '../../protocol/worker/messages.ts';
import type { Answerer } from './approval-types.ts';

const me: Answerer = { caller, user: 'u1', place };
const other: Answerer = { ...me, caller: { ...caller, keyId: 'key_2', keyName: 'bob' } };
const operator: Answerer = {
  caller: { ...other.caller, keyId: 'key_3', keyName: 'olga', role: 'operator' },
  user: null,
};
const how = { streamed: false };

const asksFirst: Partial<Rule> = {
  id: 'ask-first',
  action: 'call_tool',
  resources: ['pay'],
  tier: 5,
  requiresApproval: true,
};

describe('a run that waits for a person', () => {
  test('is kept before anybody is asked, and goes on once it is approved', async () => {
    const { wait, approvals, runs, emitted, store, emitted: told } = await approvalScene();
    const { runId, last, id, code } = await wait();
    expect(last).toEqual({
      ...interrupted,
      approvals: [{ ...payment, asked: { id, code, expiresMs: expect.any(Number) } }],
    });
    expect(code).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}$/);
    const {
      approvals: now,
      pending,
      claim,
    } = await approvals.answer(
      [{ by: { code: ` ${code.toLowerCase().replace('-', ' ')}` }, approve: true }],
      me,
    );
    expect(now).toMatchObject([
      { id, runId, status: 'approved', answeredBy: 'key_1', arguments: '{"amount": 5}' },
    ]);
    expect(pending).toEqual([]);
    expect(claim).toMatchObject({ runId, agentId: 'default/a', input: asking });
    const run = await claim?.resume(how, 'req_2');
    expect(run && (await all(run))).toEqual(answer);
    const { place: _, ...shown } = asking;
    expect(runs[1]).toMatchObject({
      runId: run?.id,
      input: { ...shown, streamed: false },
      context: { request_id: 'req_2', run_id: run?.id, key: { id: 'key_1', name: 'alice' } },
      resume: {
        state: '{"sdk":1}',
        decisions: [{ callId: 'call_1', approve: true }],
        results: [],
      },
    });
    expect(await store.run(runId)).toMatchObject({ status: 'over', resumedBy: run?.id });
    expect(await store.body(runId)).toBeNull();
    expect(told.map(({ type }) => type)).toEqual([
      'approval_asked',
      'access_decided',
      'approval_answered',
    ]);
    expect(emitted.at(-1)).toMatchObject({ outcome: 'approved', answeredBy: 'key_1' });
  });

  test('tells the journal which run goes on with it, and what was answered', async () => {
    const scene = await approvalScene();
    const { id, runId } = await scene.wait();
    const answers = [{ by: { id }, approve: false, reason: 'Too much.' }];
    const { claim } = await scene.approvals.answer(answers, me);
    const run = await (claim ?? expect.unreachable()).resume(how, 'req_2');
    await all(run);
    expect(await scene.approvals.ofRun(caller, runId)).toMatchObject({ resumedBy: run.id });
    expect(scene.resumed[0]?.resumed.decisions).toEqual([
      { callId: 'call_1', approve: false, reason: 'Too much.' },
    ]);
    expect(scene.runEvents('run_ended', 'run_started', 'approval_applied')).toMatchObject([
      { type: 'run_started' },
      { type: 'run_ended', outcome: 'interrupted' },
      { type: 'run_started', resumes: runId },
      { type: 'approval_applied', approvalId: id, outcome: 'denied', tool: 'pay' },
      { type: 'run_ended', outcome: 'finished' },
    ]);
  });

  test('fails where it cannot be kept, and nobody is asked', async () => {
    const scene = await approvalScene({
      store: (store) => ({ ...store, keep: () => Promise.reject(new Error('away')) }),
    });
    const events = await all(await scene.startRun(caller, asking));
    expect(events).toMatchObject([{ type: 'failed', code: 'store_unavailable', usage }]);
    expect(scene.emitted).toMatchObject([{ type: 'fault_survived', where: 'approvals' }]);
    expect(scene.runEvents('run_ended')).toMatchObject([{ code: 'store_unavailable' }]);
  });

  test('goes on once, whoever answers at the same moment', async () => {
    const { wait, approvals, runs } = await approvalScene();
    const { code } = await wait();
    const yes = [{ by: { code }, approve: true }];
    const came = await Promise.allSettled(
      Array.from({ length: 20 }, () => approvals.answer(yes, me)),
    );
    const won = came.flatMap((each) => (each.status === 'fulfilled' ? [each.value.claim] : []));
    expect(won).toHaveLength(1);
    const lost = came.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []));
    expect(lost).toEqual(Array.from({ length: 19 }, () => 'approval_answered'));
    await all(await (won[0] ?? expect.unreachable()).resume(how, 'req_2'));
    expect(runs).toHaveLength(2);
    expect(await failure(approvals.answer(yes, me))).toMatchObject({ code: 'approval_answered' });
  });

  test('waits for all of its calls, of persons and of its caller', async () => {
    const second = { ...payment, callId: 'call_2' };
    const locate = { callId: 'call_3', tool: 'locate', arguments: '{}' };
    const both: RunEvent = {
      type: 'interrupted',
      state: 's',
      approvals: [payment, second],
      clientCalls: [locate],
      usage,
    };
    const scene = await approvalScene({ say: (run) => (run.resume ? answer : [both]) });
    const { last } = await scene.wait();
    const [one = '', two = ''] = last.approvals.map(({ asked }) => asked?.id);
    const first = await scene.approvals.answer([{ by: { id: one }, approve: true }], me);
    expect(first).toMatchObject({ claim: null, pending: [{ id: two }] });
    expect(first.clientCalls).toEqual([locate]);
    const bring = (text: string, by = me, callId = 'call_3') =>
      scene.approvals.bring({ results: [{ callId, text }], answers: [] }, by);
    expect(await bring('Here', other)).toBeNull();
    expect(await bring('Here', me, 'call_9')).toBeNull();
    expect(await bring('Here', { ...me, place: { ...place, prefixHashes: ['p9'] } })).toBeNull();
    expect(await bring('Here')).toMatchObject({ claim: null, clientCalls: [] });
    expect(await failure(bring('There'))).toMatchObject({ code: 'approval_answered' });
    // The code of before is no more: it was asked again by another.
    const code = first.pending[0]?.code ?? '';
    const old = last.approvals[1]?.asked?.code ?? '';
    const by = (given: string) => ({ by: { code: given }, approve: true, always: true }) as const;
    expect(await failure(scene.approvals.answer([by(old)], me))).toMatchObject({
      code: 'record_not_found',
    });
    const again = (await bring('Here'))?.pending[0]?.code ?? '';
    expect(again).not.toBe(code);
    const { claim } = await scene.approvals.answer([by(again)], me);
    await all(await (claim ?? expect.unreachable()).resume(how, 'req_2'));
    expect(scene.resumed[0]).toMatchObject({
      resumed: {
        decisions: [
          { callId: 'call_1', approve: true },
          { callId: 'call_2', approve: true, always: true },
        ],
        results: [{ callId: 'call_3', text: 'Here' }],
      },
      grants: [
        { approvalId: one, always: false },
        { approvalId: two, always: true },
      ],
    });
  });

  test('that is interrupted again remembers what was approved of it', async () => {
    const scene = await approvalScene({ say: () => [interrupted] });
    const { id, runId } = await scene.wait();
    const { claim } = await scene.approvals.answer(
      [{ by: { id }, approve: true, always: true }],
      me,
    );
    const [again] = await all(await (claim ?? expect.unreachable()).resume(how, 'req_2'));
    if (again?.type !== 'interrupted') expect.unreachable();
    const { code } = again.approvals[0]?.asked ?? {};
    expect(await scene.store.statusOf(runId)).toBe('over');
    const next = await scene.approvals.answer([{ by: { code: code ?? '' }, approve: true }], me);
    await all(await (next.claim ?? expect.unreachable()).resume(how, 'req_3'));
    expect(scene.resumed[1]?.grants).toMatchObject([
      { approvalId: id, always: true },
      { always: false },
    ]);
    expect(scene.resumed[1]?.of.filesHash).toBe('f1');
  });
});

describe('an answer', () => {
  test('by an id has codes for the rest where its caller is told of it, and none else', async () => {
    const two = [payment, { ...payment, callId: 'call_2' }];
    const both: RunEvent = { type: 'interrupted', state: 's', approvals: two, usage };
    const codes = async (told: Partial<Answerer>) => {
      const { wait, approvals } = await approvalScene({ say: () => [both] });
      const { last } = await wait();
      const [one] = last.approvals.map(({ asked }) => asked?.id ?? '');
      const by = { caller, user: 'u1', ...told };
      const { pending } = await approvals.answer([{ by: { id: one ?? '' }, approve: true }], by);
      return pending.map(({ code }) => code);
    };
    expect(await codes({})).toEqual([null]);
    expect(await codes({ isToldTheRest: true })).toEqual([expect.stringMatching(/^.{4}-.{4}$/)]);
  });

  test('is taken of the one who asked and of operators, and of nobody else', async () => {
    const { wait, approvals } = await approvalScene();
    const { id, code } = await wait();
    const by = (answerer: Answerer, what: { id: string } | { code: string } = { id }) =>
      failure(approvals.answer([{ by: what, approve: true }], answerer));
    const unknown = { code: 'record_not_found' };
    expect(await by(other)).toMatchObject(unknown);
    expect(await by(other, { code })).toMatchObject(unknown);
    expect(await by({ ...me, user: 'u2' })).toMatchObject(unknown);
    expect(await by({ ...me, user: 'u2' }, { code })).toMatchObject(unknown);
    const unnamed: Answerer = { caller: { ...me.caller, forwardsUsers: true }, user: null };
    expect(await by(unnamed)).toMatchObject(unknown);
    expect(await failure(approvals.find(unnamed.caller, id))).toMatchObject(unknown);
    const user = { id: 'u1', principal: 'user:u1' };
    expect(await approvals.find({ ...unnamed.caller, user }, id)).toMatchObject({ id });
    expect(await by(me, { id: 'apr_gone' })).toMatchObject(unknown);
    const { claim } = await approvals.answer([{ by: { id }, approve: true }], operator);
    expect(claim).not.toBeNull();
    await claim?.release();
  });

  test('is only of those that the rule names which asks', async () => {
    const { wait, approvals, emitted } = await approvalScene({
      rules: [{ ...asksFirst, approvers: ['bob'] }],
    });
    const { id, code } = await wait();
    expect(code).toBe('');
    const yes = [{ by: { id }, approve: true }];
    expect(await failure(approvals.answer(yes, me))).toMatchObject({
      code: 'not_allowed',
      message: expect.stringContaining('bob'),
    });
    // An operator sees what waits, and learns whose it is to answer.
    expect(await approvals.find(operator.caller, id)).toMatchObject({ id });
    expect(await failure(approvals.answer(yes, operator))).toMatchObject({
      code: 'not_allowed',
      message: expect.stringContaining('bob'),
    });
    const third: Answerer = { ...other, caller: { ...other.caller, keyId: 'key_4', keyName: 'c' } };
    expect(await failure(approvals.answer(yes, third))).toMatchObject({
      code: 'record_not_found',
    });
    const { claim, approvals: now } = await approvals.answer(yes, other);
    expect(now).toMatchObject([{ ruleId: 'ask-first', answeredBy: 'key_2' }]);
    await claim?.release();
    expect(
      emitted.flatMap((event) => (event.type === 'access_decided' ? [event.decision.answer] : [])),
    ).toEqual(['deny', 'deny', 'allow']);
  });

  test('is not of the one who asked where a rule denies that', async () => {
    const { wait, approvals } = await approvalScene({
      rules: [{ id: 'four-eyes', action: 'answer_approvals', principals: ['alice'] }],
    });
    const { id, code } = await wait();
    expect(code).toBe('');
    expect(await failure(approvals.answer([{ by: { id }, approve: true }], me))).toMatchObject({
      code: 'not_allowed',
    });
  });

  test('by a code holds only where that was given', async () => {
    const { wait, approvals } = await approvalScene();
    const { code } = await wait();
    const elsewhere = { ...me, place: { ...place, prefixHashes: ['p0', 'p9'] } };
    const yes = [{ by: { code }, approve: true }];
    expect(await failure(approvals.answer(yes, elsewhere))).toMatchObject({
      code: 'record_not_found',
    });
    const { place: _, ...nowhere } = me;
    expect(await failure(approvals.answer(yes, nowhere))).toMatchObject({
      code: 'record_not_found',
    });
    const where = { caller, user: 'u1', place };
    const passed = { conversationId: null, prefixHashes: ['p2'], passedHashes: ['p0', 'p1'] };
    const wentOn = { ...where, place: passed };
    expect(await failure(approvals.answer(yes, wentOn))).toMatchObject({
      code: 'approval_answered',
      message: expect.stringContaining('went on without an answer'),
    });
    expect(await approvals.mayAnswerIn(wentOn, null)).toBe(true);
    expect(await approvals.mayAnswerIn(where, null)).toBe(true);
    expect(await approvals.mayAnswerIn(where, 'default/b')).toBe(false);
    expect(await approvals.mayAnswerIn({ ...where, place: elsewhere.place }, null)).toBe(false);
  });

  test('by a wrong code is counted, and the fifth denies what waits there', async () => {
    const { wait, approvals, store } = await approvalScene();
    const { code, id, runId } = await wait();
    const wrong = [{ by: { code: 'AAAA-AAAA' }, approve: true }];
    for (let guess = 1; guess < 5; guess += 1) {
      expect((await failure(approvals.answer(wrong, me))).message).not.toContain('denied');
    }
    expect((await failure(approvals.answer(wrong, me))).message).toContain(
      'the calls that waited are denied',
    );
    const right = [{ by: { code }, approve: true }];
    expect(await failure(approvals.answer(right, me))).toMatchObject({ code: 'approval_answered' });
    expect(await store.find(id)).toMatchObject({ status: 'denied', answeredBy: null });
    expect(await store.body(runId)).toBeNull();
  });

  test('to calls of several runs at once, or to one twice, changes nothing', async () => {
    const { wait, approvals, store } = await approvalScene();
    const [a, b] = [await wait(), await wait()];
    const yes = ({ id }: { id: string }) => ({ by: { id }, approve: true });
    for (const answers of [[yes(a), yes(b)], [yes(a), yes(a)], []]) {
      expect(await failure(approvals.answer(answers, me))).toMatchObject({
        code: 'invalid_request',
      });
    }
    expect((await store.find(a.id))?.status).toBe('pending');
  });

  test('comes too late after its time, and after its caller went on', async () => {
    let now = Date.now();
    const scene = await approvalScene({ nowMs: () => now });
    const late = await scene.wait();
    const place = { conversationId: 'conv_1', prefixHash: null };
    const left = await scene.wait({ ...asking, place });
    expect(await scene.approvals.withdraw('key_2', 'conv_1')).toBe(0);
    expect(await scene.approvals.withdraw('key_1', 'conv_1')).toBe(1);
    const deleted = await scene.wait();
    expect(await scene.approvals.withdrawRun('key_2', deleted.runId)).toBe(0);
    expect(await scene.approvals.withdrawRun('key_1', deleted.runId)).toBe(1);
    expect(await scene.store.body(deleted.runId)).toBeNull();
    const by = ({ id }: { id: string }) =>
      failure(scene.approvals.answer([{ by: { id }, approve: true }], me));
    expect(await by(left)).toMatchObject({ code: 'approval_answered' });
    now += 60 * 60_000;
    expect(await by(late)).toMatchObject({ code: 'approval_expired' });
    await scene.approvals.sweep(0);
    expect(await by(late)).toMatchObject({ code: 'approval_expired' });
    expect(await scene.store.body(late.runId)).toBeNull();
    const told = scene.emitted.flatMap((event) =>
      event.type === 'approval_answered' ? [[event.approvalId, event.outcome]] : [],
    );
    expect(told).toEqual([
      [left.id, 'withdrawn'],
      [deleted.id, 'withdrawn'],
      [late.id, 'expired'],
    ]);
  });
});

describe('going on', () => {
  const answered = async (scene: Awaited<ReturnType<typeof approvalScene>>) => {
    const waiting = await scene.wait();
    const yes = [{ by: { id: waiting.id }, approve: true }];
    const claimAgain = async () =>
      (await scene.approvals.answer(yes, me)).claim ?? expect.unreachable();
    return { ...waiting, yes, claimAgain };
  };

  test('is refused for a key that was revoked meanwhile', async () => {
    const scene = await approvalScene();
    const { claimAgain, runId } = await answered(scene);
    scene.revokeKey();
    const claim = await claimAgain();
    expect(await failure(claim.resume(how, 'req_2'))).toMatchObject({ code: 'key_invalid' });
    expect(await scene.store.statusOf(runId)).toBe('waiting');
    await scene.approvals.sweep(0);
    expect(await scene.store.statusOf(runId)).toBe('dropped');
  });

  test('is refused where the agent is not its caller’s any more, and where it has no place', async () => {
    const scene = await approvalScene({ concurrentRuns: 1 });
    const { claimAgain } = await answered(scene);
    scene.changeRules([{ id: 'closed' }]);
    expect(await failure((await claimAgain()).resume(how, 'req_2'))).toMatchObject({
      code: 'agent_not_found',
    });
    scene.changeRules([]);
    const hanging = await scene.startRun(caller, asking);
    expect(await failure((await claimAgain()).resume(how, 'req_2'))).toMatchObject({
      code: 'rate_limited',
    });
    await all(hanging);
    expect(await all(await (await claimAgain()).resume(how, 'req_2'))).toEqual(answer);
  });

  test('that no worker ever began leaves the run as it was', async () => {
    const scene = await approvalScene({
      neverTaken: true,
      say: (run) =>
        run.resume
          ? [{ type: 'failed', code: 'agent_unavailable', message: 'No.', usage }]
          : [interrupted],
    });
    const { claimAgain, runId } = await answered(scene);
    await all(await (await claimAgain()).resume(how, 'req_2'));
    expect(await scene.store.run(runId)).toMatchObject({ status: 'waiting', resumedBy: null });
    expect((await scene.store.body(runId))?.state).toBe('{"sdk":1}');
  });

  test('in a gateway that died is unknown, and not tried again; before it began it is', async () => {
    const url = `sqlite:${join(await tempFolder(), 'gateway.db')}`;
    const now = Date.now();
    const say = (run: WorkerRun) => (run.resume ? [] : [interrupted]);
    const dead = await approvalScene({ url, nowMs: () => now, say });
    const begun = await answered(dead);
    const idle = await answered(dead);
    await (await begun.claimAgain()).resume(how, 'req_2');
    await idle.claimAgain();
    const beside = await approvalScene({ url });
    const by = (scene: typeof dead, { yes }: typeof begun) =>
      failure(scene.approvals.answer(yes, me));
    expect(await by(beside, begun)).toMatchObject({ code: 'approval_answered' });
    const alone = await approvalScene({ url, aloneSinceMs: now + 1000 });
    expect(await by(alone, begun)).toMatchObject({ code: 'run_outcome_unknown' });
    await alone.approvals.sweep(0);
    expect(await alone.store.run(begun.runId)).toMatchObject({ status: 'unknown' });
    expect(await by(beside, begun)).toMatchObject({ code: 'run_outcome_unknown' });
    const { claim } = await alone.approvals.answer(idle.yes, me);
    expect(await all(await (claim ?? expect.unreachable()).resume(how, 'req_3'))).toEqual(answer);
  });
});

describe('calls that wait', () => {
  test('are shown to their caller and to operators, page by page', async () => {
    const { wait, approvals } = await approvalScene();
    const ids = [(await wait()).id, (await wait()).id].toReversed();
    const shown = async (by: Answerer, after?: string) => {
      const page = await approvals.list(by.caller, { limit: 1, ...(after && { after }) });
      return [page.approvals.map(({ id }) => id), page.next] as const;
    };
    expect(await shown(me)).toEqual([[ids[0]], ids[0]]);
    expect(await shown(me, ids[0])).toEqual([[ids[1]], null]);
    expect(await shown(operator)).toEqual([[ids[0]], ids[0]]);
    expect(await shown(other)).toEqual([[], null]);
    const { runId, id } = await wait();
    expect(await approvals.ofRun(caller, runId)).toMatchObject({
      approvals: [{ id }],
      resumedBy: null,
    });
    expect(await approvals.find(caller, id)).toMatchObject({ id, runId });
    expect(await failure(approvals.find(other.caller, id))).toMatchObject({
      code: 'record_not_found',
    });
    expect(await failure(approvals.ofRun(other.caller, runId))).toMatchObject({
      code: 'record_not_found',
    });
  });

  test('make room for others, the oldest of who has most first', async () => {
    const scene = await approvalScene({
      keepMb: 1,
      say: () => [{ ...interrupted, state: randomText(600_000) } as RunEvent],
    });
    const first = await scene.wait();
    const second = await scene.wait();
    await scene.approvals.sweep(0);
    expect(await scene.store.find(first.id)).toMatchObject({
      status: 'expired',
      reason: expect.stringContaining('approvals.keep_mb'),
    });
    expect((await scene.store.find(second.id))?.status).toBe('pending');
  });
});

/** Of which nothing can be packed. */
function randomText(letters: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(1024));
  const parts: string[] = [];
  for (let length = 0; length < letters; length += 1024) {
    parts.push(Buffer.from(crypto.getRandomValues(bytes)).toString('latin1'));
  }
  return parts.join('');
}

function failure(work: Promise<unknown>): Promise<GatewayError> {
  return work.then(
    () => expect.unreachable('It went well.'),
    (error: GatewayError) => error,
  );
}
