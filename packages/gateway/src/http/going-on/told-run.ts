import { newRunId } from '../../protocol/journal/journal.ts';
import { type LastEvent, noUsage, type RunEvent } from '../../protocol/run.ts';
import type { AskedAgain, ClientCall } from '../../runs/approvals/approval-types.ts';
import type { Run } from '../../runs/run.ts';

/** Says a text. */
export function sayingRun(text: string, agentId: string): Run {
  return createToldRun(
    [
      { type: 'text', delta: text },
      { type: 'finished', reason: 'stop', usage: noUsage },
    ],
    agentId,
  );
}

/** Asks again for what of a run still waits. */
export function askingRun(
  pending: readonly AskedAgain[],
  clientCalls: readonly ClientCall[],
  agentId: string,
): Run {
  const approvals = pending.map(({ id, code, expiresMs, ...approval }) => {
    const { callId, tool, agent, provenance, arguments: written, approvers } = approval;
    const call = { callId, tool, agent, provenance, arguments: written };
    const named = approvers === null ? {} : { approvers };
    return { ...call, asked: { id, code, expiresMs, ...named } };
  });
  return createToldRun(
    [{ type: 'interrupted', state: '', approvals, clientCalls: [...clientCalls], usage: noUsage }],
    agentId,
  );
}

/** An answer of the gateway itself, in the form of a run: no agent takes part. */
function createToldRun(events: readonly [...RunEvent[], LastEvent], agentId: string): Run {
  const listeners: (() => void)[] = [];
  let isOver = false;
  const end = () => {
    isOver = true;
    for (const listener of listeners.splice(0)) listener();
  };
  return {
    // As those of runs are, so that its turn is sorted among theirs.
    id: newRunId(),
    agentId,
    modulePath: '',
    generation: 0,
    async sendTo(sink) {
      for (const event of events) await sink.write(event);
      end();
    },
    cancel: end,
    onEnd: (listener) => (isOver ? listener() : void listeners.push(listener)),
    ignored: [],
    actsUntold: false,
    presentation: { toolEvents: 'off', guardrailResponse: 'content_filter' },
  };
}
