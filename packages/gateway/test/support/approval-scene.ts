import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { GatewayEvent } from '../../src/events.ts';
import { holderOf } from '../../src/policy/keys/identify.ts';
import type { Caller, KeyRecord } from '../../src/protocol/policy.ts';
import type { RunEvent, RunInput } from '../../src/protocol/run.ts';
import type { ApprovalStore } from '../../src/protocol/state/approval-store.ts';
import type { WorkerRun } from '../../src/protocol/worker/messages.ts';
import { createApprovals } from '../../src/runs/approvals/approvals.ts';
import { createKeepInterrupted } from '../../src/runs/approvals/keep-interrupted.ts';
import { createMayAnswer } from '../../src/runs/approvals/may-answer.ts';
import type { ResumeAsked } from '../../src/runs/approvals/resume-asked.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { generation } from '../contracts/store-samples.ts';
import { all, answer, caller, input, type Scene, scene, usage } from './run-scene.ts';
import { tempFolder } from './temp-folder.ts';

/** A call that waits for a person. */
export const payment = {
  callId: 'call_1',
  tool: 'pay',
  agent: 'A',
  provenance: 'native',
  arguments: '{"amount": 5}',
} as const;

/** The end of a run that waits for one. */
export const interrupted: RunEvent = {
  type: 'interrupted',
  state: '{"sdk":1}',
  approvals: [payment],
  usage,
};

/** Where a message is said that may be an answer. */
export const place = { conversationId: null, prefixHashes: ['p0', 'p1'] };

/** What was asked there. */
export const asking: RunInput = {
  ...input,
  user: 'u1',
  place: { conversationId: null, prefixHash: 'p1' },
};

/** Runs that wait, in a real store, whose workers say what the scene has them say: at first that they wait. */
export async function approvalScene({
  url,
  store: shownStore = (store) => store,
  say = (run) => (run.resume ? answer : [interrupted]),
  nowMs = Date.now,
  aloneSinceMs = null,
  keepMb = 256,
  ...options
}: Scene & {
  readonly url?: string;
  /** Stands in front of the store. */
  readonly store?: (store: ApprovalStore) => ApprovalStore;
  readonly say?: (run: WorkerRun) => readonly RunEvent[];
  readonly nowMs?: () => number;
  readonly aloneSinceMs?: number | null;
  readonly keepMb?: number;
} = {}) {
  const opened = await openStore(url ?? `sqlite:${join(await tempFolder(), 'gateway.db')}`);
  onTestFinished(() => opened.close());
  const store = shownStore(opened.approvals);
  const emitted: GatewayEvent[] = [];
  const emit = (event: GatewayEvent) => void emitted.push(event);
  let revoked = false;
  const key = { id: caller.keyId, name: caller.keyName, ...caller } as unknown as KeyRecord;
  // The rules are known once the scene is.
  let rules: () => ReturnType<ReturnType<typeof scene>['rules']>;
  const mayAnswer = createMayAnswer({ rules: () => rules(), nowSeconds: () => 0, emit });
  const runs = scene({
    ...options,
    say,
    keepInterrupted: createKeepInterrupted({
      store,
      mayAnswer,
      nowMs,
      emit,
      expireMinutes: () => 60,
      filesHashOf: async () => 'f1',
      filesOf: async (agentId, filesHash) => ({
        record: { ...generation, agentId, filesHash },
        files: new Map(),
      }),
    }),
  });
  rules = runs.rules;
  const resumed: ResumeAsked[] = [];
  const approvals = createApprovals({
    store,
    mayAnswer,
    nowMs,
    aloneSinceMs,
    emit,
    settings: () => ({ keepMb }),
    usableKey: () => (revoked ? null : holderOf(key)),
    isRevoked: () => revoked,
    resumeRun(asked) {
      resumed.push(asked);
      return runs.resumeRun(asked);
    },
  });
  return {
    ...runs,
    approvals,
    store,
    /** What is said of approvals. */
    emitted,
    resumed,
    /** What runs said of themselves, of these types. */
    runEvents: (...types: GatewayEvent['type'][]) =>
      runs.emitted.filter(({ type }) => types.includes(type)),
    revokeKey() {
      revoked = true;
      runs.revoke();
    },
    /** Runs until it waits. */
    async wait(of: RunInput = asking, by: Caller = caller) {
      const run = await runs.startRun(by, of);
      const last = (await all(run)).at(-1);
      if (last?.type !== 'interrupted') throw new Error(`It ended with ${JSON.stringify(last)}.`);
      const [first] = last.approvals;
      return { runId: run.id, last, id: first?.asked?.id ?? '', code: first?.asked?.code ?? '' };
    },
  };
}
