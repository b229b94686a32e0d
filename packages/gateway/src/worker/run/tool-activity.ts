import type { FailureDetail, Provenance, RunEvent } from '../../protocol/run.ts';
import type { ToolOutcome } from '../../protocol/tools/gateway-tools.ts';

/** One tool call as the SDK's hooks name it. */
export type ToolCall = {
  readonly callId: string;
  readonly tool: string;
  readonly agent: string;
  readonly provenance: Provenance;
};

/** Turns the hooks of tool calls into events, in the order of the text around them. */
export type ToolActivity = {
  /** `given` are its arguments as JSON, where they are known. */
  started(call: ToolCall, given?: unknown): void;
  /**
   * `output` tells a failure: the SDK gives the model a fixed sentence instead of the error, and where a tool may not
   * fail, the hook the error's own text.
   */
  ended(callId: string, output: unknown): void;
  /** Remembers why a call fails, by its id or, where that is not known, the tool's name; told when it ends as failed. */
  threw(callId: string, detail: FailureDetail): void;
  /** Marks a call as refused by policy, before it ends. */
  deny(callId: string): void;
  /** Says how a call ended that whoever made it knows more of than its output tells, before it ends. */
  endsAs(callId: string, outcome: ToolOutcome): void;
  /** A hook tells of a handoff, which waits for the stream to come to it where one is read. */
  handedOff(fromAgent: string, toAgent: string): void;
  /** The stream has come to an agent: a handoff to it that waits is told. False where none does. */
  reachAgent(name: string): boolean;
  /** Hooks run ahead of a stream that is read slowly: what they say is held back until the returned function is called. */
  hold(): () => void;
  /** The stream has come to this call: what was held of it goes out. */
  reach(callId: string): void;
  /** Lets everything go out; ends calls still open as failed. */
  close(): void;
};

/** What the SDK tells a model of a tool that took too long. */
const sdkTimeoutText = /^Tool '[^\n]*' timed out after [\d.e+-]+ ?(?:ms|seconds)\.$/;

const sdkFailureText = /^An error occurred while (?:running|parsing|validating) (?:the )?tool/;

/** Longest arguments and longest result that are told, in characters: two of them keep a line within its limit. */
const MAX_CONTENT_CHARS = 512 * 1024;

/**
 * Makes the activity of one run. `send` is never awaited: hooks of the SDK are synchronous.
 *
 * @param tells.contents - Whether what tools are called with and give is told.
 */
export function createToolActivity(
  send: (event: RunEvent) => void,
  tells: { readonly contents: boolean } = { contents: false },
): ToolActivity {
  const open = new Map<string, OpenCall>();
  const known = new Map<string, ToolOutcome>();
  const causes = new Map<string, FailureDetail>();
  const outbox = createOutbox(send);

  const end = (callId: string, outcome: ToolOutcome, output?: unknown): void => {
    const call = open.get(callId);
    if (!call) return;
    open.delete(callId);
    const { startedAtMs, given, ...named } = call;
    const durationMs = Math.round(performance.now() - startedAtMs);
    const cause = causes.get(callId) ?? causes.get(call.tool);
    const detail = outcome === 'failed' && cause ? { detail: cause } : {};
    const sizes = sizesOf(given, outcome === 'ok' ? output : undefined);
    const contents = tells.contents ? contentsOf(given, output) : {};
    const ended = { type: 'tool_ended', ...named, outcome, durationMs } as const;
    outbox.send(callId, { ...ended, ...sizes, ...detail, ...contents });
    // Some models use an id again in a later turn.
    causes.delete(callId);
    causes.delete(call.tool);
    known.delete(callId);
    outbox.forget(callId);
  };

  return {
    started(call, given) {
      const known = typeof given === 'string' ? given : null;
      open.set(call.callId, { ...call, given: known, startedAtMs: performance.now() });
      outbox.send(call.callId, { type: 'tool_started', ...call });
    },
    ended(callId, output) {
      const tool = open.get(callId)?.tool ?? '';
      const isFatal = isCause(output, causes.get(callId) ?? causes.get(tool));
      // The failure of the run will tell the cause; twice would be two findings for one mistake.
      if (isFatal) for (const name of [callId, tool]) causes.delete(name);
      const isFailed = isFatal || isFailureText(output);
      const isLate = typeof output === 'string' && sdkTimeoutText.test(output);
      const judged = isFailed ? 'failed' : isLate ? 'timeout' : 'ok';
      // What ends the run is no result that a model was told.
      end(callId, known.get(callId) ?? judged, isFatal ? undefined : output);
    },
    threw: (callId, detail) => void causes.set(callId, detail),
    deny: (callId) => void known.set(callId, 'denied'),
    endsAs: (callId, outcome) => void known.set(callId, outcome),
    ...createHandoffs(send, outbox),
    reach: outbox.reach,
    close() {
      outbox.open();
      for (const callId of open.keys()) end(callId, known.get(callId) ?? 'failed');
    },
  };
}

type OpenCall = ToolCall & {
  readonly startedAtMs: number;
  readonly given: string | null;
};

/** In bytes, as the model is sent them. */
function sizesOf(given: string | null, output: unknown) {
  return {
    ...(given === null ? {} : { argumentBytes: Buffer.byteLength(given) }),
    ...(output === undefined ? {} : { resultBytes: Buffer.byteLength(textOf(output)) }),
  };
}

/** Where one of them is too long, neither is told: what is cut would be taken for whole. */
function contentsOf(given: string | null, output: unknown) {
  const result = output === undefined ? {} : { result: textOf(output) };
  const contents = { arguments: given ?? 'null', ...result };
  const isLong = Object.values(contents).some(({ length }) => length > MAX_CONTENT_CHARS);
  return isLong ? {} : { contents };
}

function textOf(output: unknown): string {
  if (typeof output === 'string') return output;
  try {
    return JSON.stringify(output) ?? 'null';
  } catch {
    return '';
  }
}

/** Holds back what is told of a call until the stream has come to it. */
function createOutbox(send: (event: RunEvent) => void) {
  const reached = new Set<string>();
  const held: { readonly callId: string; readonly event: RunEvent }[] = [];
  let holders = 0;
  const release = (isDue: (callId: string) => boolean): void => {
    const due = held.filter(({ callId }) => isDue(callId));
    const rest = held.filter(({ callId }) => !isDue(callId));
    held.splice(0, held.length, ...rest);
    for (const { event } of due) send(event);
  };
  return {
    send(callId: string, event: RunEvent): void {
      if (holders > 0 && !reached.has(callId)) held.push({ callId, event });
      else send(event);
    },
    isHolding: () => holders > 0,
    hold() {
      holders += 1;
      return () => {
        holders -= 1;
        if (holders === 0) release(() => true);
      };
    },
    reach(callId: string) {
      reached.add(callId);
      if (held.length > 0) release((due) => due === callId);
    },
    forget: (callId: string) => void reached.delete(callId),
    open() {
      holders = 0;
      release(() => true);
    },
  };
}

/** Handoffs that hooks tell of ahead of a stream wait for it to come to their agents. */
function createHandoffs(
  send: (event: RunEvent) => void,
  outbox: ReturnType<typeof createOutbox>,
): Pick<ToolActivity, 'handedOff' | 'reachAgent' | 'hold'> {
  const waiting: { readonly fromAgent: string; readonly toAgent: string }[] = [];
  return {
    handedOff(fromAgent, toAgent) {
      if (outbox.isHolding()) waiting.push({ fromAgent, toAgent });
      else send({ type: 'handed_off', fromAgent, toAgent });
    },
    reachAgent(name) {
      const at = waiting.findIndex(({ toAgent }) => toAgent === name);
      const [reached] = at < 0 ? [] : waiting.splice(at, 1);
      if (reached) send({ type: 'handed_off', ...reached });
      return reached !== undefined;
    },
    hold() {
      const release = outbox.hold();
      return () => {
        release();
        if (!outbox.isHolding()) waiting.length = 0;
      };
    },
  };
}

function isCause(output: unknown, cause: FailureDetail | undefined): boolean {
  return cause !== undefined && output === `${cause.class}: ${cause.message}`;
}

function isFailureText(output: unknown): boolean {
  return typeof output === 'string' && sdkFailureText.test(output);
}
