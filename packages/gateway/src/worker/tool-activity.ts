import type { Provenance, RunEvent } from '../protocol/run.ts';

/** One tool call as the SDK's hooks name it. */
export type ToolCall = {
  readonly callId: string;
  readonly tool: string;
  readonly agent: string;
  readonly provenance: Provenance;
};

/** Turns the hooks of tool calls into events, in the order of the text around them. */
export type ToolActivity = {
  started(call: ToolCall): void;
  /** `output` tells a failure: the SDK gives the model a fixed sentence instead of the error. */
  ended(callId: string, output: unknown): void;
  /** Marks a call as refused by policy, before it ends. */
  deny(callId: string): void;
  handedOff(fromAgent: string, toAgent: string): void;
  /** Hooks run ahead of a stream that is read slowly: what they say is held back until the returned function is called. */
  hold(): () => void;
  /** The stream has come to this call: what was held of it goes out. */
  reach(callId: string): void;
  /** Lets everything go out; ends calls still open as failed. */
  close(): void;
};

const sdkFailureText = /^An error occurred while (?:running|parsing|validating) (?:the )?tool/;

/** Makes the activity of one run. `send` is never awaited: hooks of the SDK are synchronous. */
export function createToolActivity(send: (event: RunEvent) => void): ToolActivity {
  const open = new Map<string, ToolCall & { readonly startedAtMs: number }>();
  const denied = new Set<string>();
  const reached = new Set<string>();
  const held: { readonly callId: string; readonly event: RunEvent }[] = [];
  let holders = 0;

  const tell = (callId: string, event: RunEvent): void => {
    if (holders > 0 && !reached.has(callId)) held.push({ callId, event });
    else send(event);
  };
  const end = (callId: string, outcome: 'ok' | 'denied' | 'failed'): void => {
    const call = open.get(callId);
    if (!call) return;
    open.delete(callId);
    const { startedAtMs, ...named } = call;
    const durationMs = Math.round(performance.now() - startedAtMs);
    tell(callId, { type: 'tool_ended', ...named, outcome, durationMs });
    // Some models use an id again in a later turn.
    denied.delete(callId);
    reached.delete(callId);
  };
  const release = (isDue: (callId: string) => boolean): void => {
    const due = held.filter(({ callId }) => isDue(callId));
    const rest = held.filter(({ callId }) => !isDue(callId));
    held.splice(0, held.length, ...rest);
    for (const { event } of due) send(event);
  };

  return {
    started(call) {
      open.set(call.callId, { ...call, startedAtMs: performance.now() });
      tell(call.callId, { type: 'tool_started', ...call });
    },
    ended(callId, output) {
      const failed = typeof output === 'string' && sdkFailureText.test(output);
      end(callId, denied.has(callId) ? 'denied' : failed ? 'failed' : 'ok');
    },
    deny: (callId) => void denied.add(callId),
    // While a stream is read, its reader tells of handoffs, in their place between the texts.
    handedOff(fromAgent, toAgent) {
      if (holders === 0) send({ type: 'handed_off', fromAgent, toAgent });
    },
    hold() {
      holders += 1;
      return () => {
        holders -= 1;
        if (holders === 0) release(() => true);
      };
    },
    reach(callId) {
      reached.add(callId);
      if (held.length > 0) release((due) => due === callId);
    },
    close() {
      holders = 0;
      release(() => true);
      for (const callId of open.keys()) end(callId, denied.has(callId) ? 'denied' : 'failed');
    },
  };
}
