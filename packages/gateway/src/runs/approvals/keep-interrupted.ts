import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Emit } from '../../events.ts';
import { runIdTime } from '../../protocol/journal/journal.ts';
import type { Caller } from '../../protocol/policy.ts';
import type { LastEvent, RunInput } from '../../protocol/run.ts';
import type {
  ApprovalStore,
  Grant,
  KeptGenerationFiles,
  NewWaitingRun,
} from '../../protocol/state/approval-store.ts';
import type { Approval } from '../../protocol/state/approvals.ts';
import type { ServedAgent } from '../run.ts';
import type { WhyAsked } from '../run-tools.ts';
import { codeHash, newCode } from './codes.ts';
import type { Interrupted } from './hold-interrupted.ts';
import type { MayAnswer } from './may-answer.ts';

/** A run that was interrupted, and whose it is. */
export type InterruptedRun = {
  readonly runId: string;
  readonly caller: Caller;
  readonly agent: ServedAgent;
  readonly input: RunInput;
  /** What was approved of it before. */
  readonly grants: readonly Grant[];
  /** Of the files that it goes on with, where it went on before; else they are looked up. */
  readonly filesHash: string | null;
  /** Which rule asks about a call. */
  readonly whyAsked: WhyAsked;
};

export type KeepInterruptedDeps = {
  readonly store: Pick<ApprovalStore, 'keep' | 'hasGeneration'>;
  readonly mayAnswer: Pick<MayAnswer, 'decide'>;
  readonly expireMinutes: () => number;
  /** The hash of the files that an agent runs with; null where nobody knows. */
  readonly filesHashOf: (agent: ServedAgent) => Promise<string | null>;
  /** Their bytes; null where these cannot be read any more. */
  readonly filesOf: (agentId: string, filesHash: string) => Promise<KeptGenerationFiles | null>;
  readonly nowMs: () => number;
  readonly emit: Emit;
};

/**
 * Keeps a run that waits, and tells how a person is asked. Never rejects.
 *
 * @returns The event with that; a failure where it cannot be kept.
 */
export type KeepInterrupted = (run: InterruptedRun, last: Interrupted) => Promise<LastEvent>;

/** How long the store may take. */
const KEEP_TIMEOUT_MS = 20_000;

const MINUTE_MS = 60_000;

export function createKeepInterrupted(deps: KeepInterruptedDeps): KeepInterrupted {
  return async (run, last) => {
    const times = { createdMs: deps.nowMs(), expiresMs: 0 };
    times.expiresMs = times.createdMs + deps.expireMinutes() * MINUTE_MS;
    const asked = last.approvals.map((call, index) => askedOf(deps, run, { call, index, times }));
    try {
      await inTime(keep(deps, run, { last, asked, times }));
    } catch (error) {
      deps.emit({ type: 'fault_survived', where: 'approvals', error });
      return notKept(last);
    }
    for (const { approval } of asked) report(deps, run, approval);
    return {
      ...last,
      approvals: last.approvals.map((call, index) => {
        const { approval, code } = asked[index] ?? {};
        if (!approval) return call;
        const { id, expiresMs, approvers } = approval;
        const named = approvers === null ? {} : { approvers };
        return { ...call, asked: { id, code: code ?? null, expiresMs, ...named } };
      }),
    };
  };
}

type Asked = { readonly approval: Approval; readonly code: string | null };

type Times = { readonly createdMs: number; readonly expiresMs: number };

type AskedCall = {
  readonly call: Interrupted['approvals'][number];
  readonly index: number;
  readonly times: Times;
};

function askedOf(
  { mayAnswer }: KeepInterruptedDeps,
  { runId, caller, agent, input, whyAsked }: InterruptedRun,
  { call, index, times }: AskedCall,
): Asked {
  const user = input.user ?? null;
  const approval: Approval = {
    id: newApprovalId(times.createdMs, index),
    runId,
    keyId: caller.keyId,
    user,
    agentId: agent.agentId,
    tool: call.tool,
    agent: call.agent,
    provenance: call.provenance,
    callId: call.callId,
    arguments: call.arguments,
    ...whyAsked(call),
    status: 'pending',
    answeredBy: null,
    answeredMs: null,
    reason: null,
    always: false,
    ...times,
  };
  const { conversationId = null, prefixHash = null } = input.place ?? {};
  // A code holds in the place where it was given: without one, only the id tells.
  const hasPlace = conversationId !== null || prefixHash !== null;
  const mayAnswerHere =
    hasPlace && mayAnswer.decide({ caller, user }, approval).decision.answer === 'allow';
  return { approval, code: mayAnswerHere ? newCode() : null };
}

/** Those of one run sort as they were asked. */
function newApprovalId(nowMs: number, index: number): string {
  const place = index.toString(16).padStart(3, '0');
  return `apr_${runIdTime(nowMs)}${place}${randomBytes(7).toString('hex')}`;
}

/** More calls at once than any model makes. */
const MOST_CALLS = 1000;

async function keep(
  deps: KeepInterruptedDeps,
  run: InterruptedRun,
  {
    last,
    asked,
    times,
  }: { readonly last: Interrupted; readonly asked: readonly Asked[]; readonly times: Times },
): Promise<void> {
  const { agent, input, caller } = run;
  const calls = asked.length + (last.clientCalls?.length ?? 0);
  if (calls > MOST_CALLS)
    throw new Error(`It waits for ${calls} calls; ${MOST_CALLS} are the most.`);
  const { agentId, modulePath, generation } = agent;
  const filesHash = run.filesHash ?? (await deps.filesHashOf(agent));
  if (filesHash === null) throw new Error(`The files of ${agentId} that ran are not known.`);
  const isThere = await deps.store.hasGeneration(agentId, filesHash, times.createdMs);
  const files = isThere ? null : await deps.filesOf(agentId, filesHash);
  const { conversationId = null, prefixHash = null } = input.place ?? {};
  const { runId, grants } = run;
  const user = input.user ?? null;
  const waiting: NewWaitingRun = {
    run: {
      runId,
      keyId: caller.keyId,
      user,
      agentId,
      modulePath,
      generation,
      filesHash,
      conversationId,
      prefixHash,
      grants,
      state: last.state,
      input: JSON.stringify(input),
      ...times,
    },
    approvals: asked.map(({ approval, code }) => ({
      ...approval,
      codeHash: code === null ? null : codeHash(code, approval),
    })),
    clientCalls: last.clientCalls ?? [],
  };
  await deps.store.keep(waiting, files);
}

async function inTime(work: Promise<void>): Promise<void> {
  const timer = new AbortController();
  const late = wait(KEEP_TIMEOUT_MS, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new Error(`The store took longer than ${KEEP_TIMEOUT_MS / 1000} s.`);
  });
  late.catch(() => undefined);
  try {
    await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

function report(
  { emit }: KeepInterruptedDeps,
  { caller, agent, runId }: InterruptedRun,
  approval: Approval,
): void {
  const { id: approvalId, tool, callId, provenance, ruleId, expiresMs } = approval;
  emit({
    type: 'approval_asked',
    runId,
    requestId: caller.requestId,
    keyId: caller.keyId,
    agentId: agent.agentId,
    modulePath: agent.modulePath,
    generation: agent.generation,
    approvalId,
    tool,
    callId,
    provenance,
    arguments: approval.arguments,
    ruleId,
    expiresMs,
  });
}

function notKept({ usage }: Interrupted): LastEvent {
  return {
    type: 'failed',
    code: 'store_unavailable',
    message:
      'The run waits for somebody, and the gateway could not keep it. Nothing that waited was called. Ask again.',
    usage,
  };
}
