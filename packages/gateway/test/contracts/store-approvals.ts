import { expect, test } from 'vitest';
import type {
  CallAnswers,
  NewWaitingRun,
  WaitingPlace,
} from '../../src/protocol/state/approval-store.ts';
import type { Approval } from '../../src/protocol/state/approvals.ts';
import type { OpenAgain } from './store-contract.ts';
import { generation } from './store-samples.ts';

const HOUR_MS = 3_600_000;
const nowMs = 1_800_000_000_000;

const approval: Approval = {
  id: 'apr_a1',
  runId: 'run_a',
  keyId: 'key_a',
  user: 'u1',
  agentId: 'default/bank',
  tool: 'pay',
  agent: 'Bank',
  provenance: 'native',
  callId: 'call_1',
  arguments: '{"to":"Eve 🙂","amount":5}',
  ruleId: 'ask-first',
  approvers: ['role:operator'],
  status: 'pending',
  createdMs: nowMs,
  expiresMs: nowMs + HOUR_MS,
  answeredBy: null,
  answeredMs: null,
  reason: null,
  always: false,
};

const grant = {
  approvalId: 'apr_0',
  callId: 'call_0',
  tool: 'look',
  arguments: '{}',
  always: true,
};

const waiting: NewWaitingRun = {
  run: {
    runId: 'run_a',
    keyId: 'key_a',
    user: 'u1',
    agentId: 'default/bank',
    modulePath: 'src/agents/Bank/agent.ts',
    generation: 3,
    filesHash: 'f1',
    conversationId: null,
    prefixHash: 'p1',
    state: `{"big":"${'x'.repeat(5000)}"}`,
    input: '{"items":[]}',
    createdMs: nowMs,
    expiresMs: nowMs + HOUR_MS,
    grants: [grant],
  },
  approvals: [
    { ...approval, codeHash: 'h1' },
    { ...approval, id: 'apr_a2', callId: 'call_2', codeHash: null },
  ],
  clientCalls: [{ callId: 'call_3', tool: 'locate', arguments: '{"deep":[1]}' }],
};

const file = { path: '/p/agent.ts', sha256: 'ab'.repeat(32) };

const kept = {
  record: {
    ...generation,
    agentId: 'default/bank',
    filesHash: 'f1',
    manifest: { ...generation.manifest, files: [file] },
  },
  files: new Map([[file.sha256, Buffer.from('export const agent = 1;')]]),
};

/** Another run that waits, for as much. */
function another(id: string, more: Partial<NewWaitingRun['run']> = {}): NewWaitingRun {
  const asked = { ...approval, ...more, id: `apr_${id}`, runId: `run_${id}` };
  return {
    run: { ...waiting.run, ...more, runId: `run_${id}` },
    approvals: [{ ...asked, codeHash: `h_${id}` }],
    clientCalls: [],
  };
}

const yes = (approvalId: string): CallAnswers['decisions'][number] => {
  return { approvalId, status: 'approved', reason: null, always: false };
};

function answers(parts: Partial<CallAnswers>): CallAnswers {
  return {
    runId: 'run_a',
    decisions: [],
    results: [],
    answeredBy: 'key_a',
    nowMs: nowMs + 1000,
    deadMs: nowMs + 1000,
    claim: { token: 'claim_1', untilMs: nowMs + 45_000 },
    ...parts,
  };
}

const everything = answers({
  decisions: [yes('apr_a1'), { ...yes('apr_a2'), status: 'denied', reason: 'No.', always: false }],
  results: [{ callId: 'call_3', text: 'Here' }],
});

/** What every store does with runs that wait. */
export function approvalTests(open: OpenAgain): void {
  const scene = async (keeping = [waiting]) => {
    const { approvals } = await open();
    for (const one of keeping) await approvals.keep(one, kept);
    return approvals;
  };

  test('are given back exactly as they were kept', async () => {
    const approvals = await scene();
    const { state, input, ...run } = waiting.run;
    const others = { status: 'waiting', resumedBy: null, wrongCodes: 0, claimedUntilMs: null };
    expect(await approvals.run('run_a')).toEqual({ ...run, ...others });
    expect(await approvals.body('run_a')).toEqual({ state, input });
    expect(await approvals.ofRun('run_a')).toEqual([
      approval,
      { ...approval, id: 'apr_a2', callId: 'call_2' },
    ]);
    expect(await approvals.find('apr_a1')).toEqual(approval);
    expect(await approvals.findByCode('h1')).toEqual(approval);
    expect(await approvals.clientCallsOf('run_a')).toEqual([
      { ...waiting.clientCalls[0], runId: 'run_a', result: null },
    ]);
    const whose = { keyId: 'key_a', user: 'u1' };
    expect(await approvals.findClientCalls(whose, ['call_3', 'call_9'])).toHaveLength(1);
    expect(await approvals.findClientCalls({ ...whose, user: 'u2' }, ['call_3'])).toEqual([]);
    expect([await approvals.run('run_b'), await approvals.find('apr_b')]).toEqual([null, null]);
  });

  test('are answered in parts, and claimed with the last of them', async () => {
    const approvals = await scene();
    expect(await approvals.answer(answers({}))).toBe('answered');
    expect(await approvals.answer(answers({ decisions: [yes('apr_a1')] }))).toBe('answered');
    expect(await approvals.find('apr_a1')).toEqual({
      ...approval,
      status: 'approved',
      answeredBy: 'key_a',
      answeredMs: nowMs + 1000,
    });
    const otherwise = { ...yes('apr_a1'), status: 'denied' } as const;
    expect(await approvals.answer(answers({ decisions: [otherwise] }))).toBe('refused');
    expect((await approvals.find('apr_a1'))?.status).toBe('approved');
    const rest = { ...everything, decisions: everything.decisions.slice(1) };
    expect(await approvals.answer(rest)).toBe('claimed');
    expect(await approvals.run('run_a')).toMatchObject({
      status: 'resumed',
      claimedUntilMs: nowMs + 45_000,
    });
    expect((await approvals.clientCallsOf('run_a'))[0]?.result).toBe('Here');
  });

  test('are answered all or none', async () => {
    const approvals = await scene();
    const one = answers({ decisions: [yes('apr_a1'), yes('apr_gone')] });
    expect(await approvals.answer(one)).toBe('refused');
    const late = answers({ decisions: [yes('apr_a1')], nowMs: nowMs + HOUR_MS });
    expect(await approvals.answer(late)).toBe('refused');
    expect((await approvals.find('apr_a1'))?.status).toBe('pending');
    expect(await approvals.answer({ ...everything, runId: 'run_b' })).toBe('refused');
  });

  test('are claimed by one of many who answer at once', async () => {
    await scene();
    const stores = [await open(), await open()];
    const came = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        stores[index % 2]?.approvals.answer({
          ...everything,
          claim: { ...everything.claim, token: `claim_${index}` },
        }),
      ),
    );
    expect(came.toSorted()).toEqual(['claimed', ...Array.from({ length: 19 }, () => 'refused')]);
  });

  test('are given back by whoever claimed them, with their answers, and claimed again', async () => {
    const approvals = await scene();
    await approvals.answer(everything);
    await approvals.release({ runId: 'run_a', token: 'claim_2' });
    expect(await approvals.statusOf('run_a')).toBe('resumed');
    await approvals.release({ runId: 'run_a', token: 'claim_1' });
    expect(await approvals.statusOf('run_a')).toBe('waiting');
    const again = answers({ claim: { token: 'claim_2', untilMs: nowMs + 45_000 } });
    expect(await approvals.answer(again)).toBe('claimed');
    expect(await approvals.begin('run_a', 'claim_1', 'run_z')).toBe(false);
    expect(await approvals.begin('run_a', 'claim_2', 'run_z')).toBe(true);
    expect(await approvals.begin('run_a', 'claim_2', 'run_y')).toBe(false);
    await approvals.end({ runId: 'run_a', token: 'claim_2' });
    expect(await approvals.run('run_a')).toMatchObject({ status: 'over', resumedBy: 'run_z' });
    expect(await approvals.body('run_a')).toBeNull();
    const whose = { keyId: 'key_a', user: 'u1' };
    expect(await approvals.findClientCalls(whose, ['call_3'])).toEqual([]);
    expect(await approvals.clientCallsOf('run_a')).toHaveLength(1);
  });

  test('whose gateway died are claimed anew where it had not begun, and unknown where it had', async () => {
    const approvals = await scene([waiting, another('b')]);
    const ofB = answers({
      runId: 'run_b',
      decisions: [yes('apr_b')],
      claim: { token: 'claim_b', untilMs: nowMs + 45_000 },
    });
    await approvals.answer(everything);
    await approvals.answer(ofB);
    await approvals.begin('run_b', 'claim_b', 'run_z');
    await approvals.renew([{ runId: 'run_b', token: 'claim_b' }], nowMs + 60_000);
    const soon = { nowMs: nowMs + 50_000, deadMs: nowMs + 50_000, beforeMs: 0 };
    await approvals.prune(soon);
    expect(await approvals.statusOf('run_b')).toBe('resumed');
    const bare = answers({ deadMs: nowMs + 45_001, claim: { token: 'c2', untilMs: nowMs } });
    expect(await approvals.answer(bare)).toBe('claimed');
    await approvals.prune({ ...soon, deadMs: nowMs + 60_001 });
    expect(await approvals.statusOf('run_b')).toBe('unknown');
    expect(await approvals.body('run_b')).toBeNull();
    expect(await approvals.answer({ ...ofB, decisions: [] })).toBe('refused');
  });

  test('are dropped, which tells the calls that waited, once', async () => {
    const approvals = await scene();
    const why = { status: 'withdrawn', reason: 'Went on.', nowMs: nowMs + 5 } as const;
    expect((await approvals.drop(['run_a', 'run_gone'], why)).map(({ id }) => id)).toEqual([
      'apr_a1',
      'apr_a2',
    ]);
    expect(await approvals.drop(['run_a'], why)).toEqual([]);
    expect(await approvals.find('apr_a1')).toMatchObject({
      status: 'withdrawn',
      reason: 'Went on.',
      answeredMs: nowMs + 5,
    });
    expect(await approvals.statusOf('run_a')).toBe('dropped');
    expect(await approvals.answer(everything)).toBe('refused');
  });

  test('are found where they asked, and count what was guessed there', async () => {
    const approvals = await scene([
      waiting,
      another('b', { conversationId: 'conv_1', prefixHash: null }),
      another('c', { conversationId: 'conv_1', prefixHash: 'p1' }),
      another('d', { keyId: 'key_b' }),
    ]);
    const who = { keyId: 'key_a', user: 'u1' };
    const where: WaitingPlace = { ...who, conversationId: null, prefixHashes: [] };
    const runs = async (place: Partial<WaitingPlace>) =>
      (await approvals.askedIn({ ...where, ...place })).map(({ runId }) => runId);
    expect(await runs({ prefixHashes: ['p0', 'p1'] })).toEqual(['run_a']);
    const inConversation = { ...where, conversationId: 'conv_1' };
    const found = await approvals.askedIn(inConversation);
    expect(found.map(({ runId }) => runId)).toEqual(['run_c', 'run_b']);
    expect(await runs({})).toEqual([]);
    expect(await runs({ prefixHashes: ['p1'], user: 'u2' })).toEqual([]);
    expect(await approvals.countWrongCode(['run_a', 'run_b'])).toBe(1);
    expect(await approvals.countWrongCode(['run_b'])).toBe(2);
    expect(await approvals.waitingIn('key_a', 'conv_1')).toHaveLength(2);
    expect((await approvals.keysWaiting()).toSorted()).toEqual(['key_a', 'key_b']);
    expect(await approvals.waitingOf('key_b')).toEqual(['run_d']);
  });

  test('are listed, the newest first, page by page', async () => {
    const approvals = await scene([another('1'), another('2'), another('3')]);
    await approvals.drop(['run_2'], { status: 'expired', reason: null, nowMs });
    const ids = async (query: Parameters<typeof approvals.list>[0]) =>
      (await approvals.list(query)).map(({ id }) => id);
    expect(await ids({ limit: 2 })).toEqual(['apr_3', 'apr_2']);
    expect(await ids({ limit: 2, after: 'apr_2' })).toEqual(['apr_1']);
    expect(await ids({ limit: 9, status: 'pending' })).toEqual(['apr_3', 'apr_1']);
    expect(await ids({ limit: 9, agentId: 'default/other' })).toEqual([]);
  });

  test('are overdue once their time is over, or there is no room for them', async () => {
    const late = { createdMs: nowMs + 1, expiresMs: nowMs + 2 * HOUR_MS };
    const approvals = await scene([
      waiting,
      another('b', late),
      another('c', { ...late, keyId: 'k' }),
    ]);
    const roomy = { nowMs: nowMs + HOUR_MS, keepBytes: 1_000_000 };
    expect(await approvals.overdue(roomy)).toEqual({ expired: ['run_a'], crowded: [] });
    expect((await approvals.overdue({ nowMs, keepBytes: 1000 })).crowded).toEqual(['run_a']);
    expect((await approvals.overdue({ nowMs, keepBytes: 0 })).crowded).toHaveLength(3);
  });

  test('keep the bytes of generations for as long as one of them needs these', async () => {
    const approvals = await scene([waiting, another('b')]);
    expect(await approvals.hasGeneration('default/bank', 'f1', nowMs)).toBe(true);
    expect(await approvals.hasGeneration('default/bank', 'f2', nowMs)).toBe(false);
    expect(await approvals.generation('default/bank', 'f1')).toEqual(kept.record);
    expect((await approvals.file(file.sha256))?.toString()).toBe('export const agent = 1;');
    const later = { nowMs: nowMs + HOUR_MS, deadMs: nowMs, beforeMs: nowMs };
    const why = { status: 'expired', reason: null, nowMs } as const;
    await approvals.drop(['run_a'], why);
    await approvals.prune(later);
    expect(await approvals.file(file.sha256)).not.toBeNull();
    await approvals.drop(['run_b'], why);
    await approvals.prune({ ...later, nowMs });
    expect(await approvals.file(file.sha256)).not.toBeNull();
    await approvals.prune({ ...later, beforeMs: nowMs + 1 });
    expect(await approvals.file(file.sha256)).toBeNull();
    expect(await approvals.generation('default/bank', 'f1')).toBeNull();
    expect([await approvals.run('run_a'), await approvals.find('apr_a1')]).toEqual([null, null]);
  });
}
