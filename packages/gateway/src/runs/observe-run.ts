import { type FailureCode, GatewayError } from '../errors.ts';
import type { Emit, EventOf } from '../events.ts';
import type { AskedRun, RunOutcome } from '../protocol/journal/journal.ts';
import type { Caller } from '../protocol/policy.ts';
import type { Manifest } from '../protocol/records.ts';
import { type LastEvent, noUsage, type RunEvent } from '../protocol/run.ts';
import type { RunEnding } from '../protocol/run-ending.ts';
import type { GatewayToolResult, ToolContents } from '../protocol/tools/tool-call.ts';

export type ObserveRunOptions = {
  readonly runId: string;
  readonly caller: Caller;
  readonly agent: {
    readonly agentId: string;
    readonly modulePath: string;
    readonly generation: number;
    readonly manifest: Pick<Manifest, 'kind'>;
  };
  readonly ending: RunEnding;
  readonly waitedMs: number;
  readonly isStreamed: boolean;
  /** What it was asked, where that is recorded. */
  readonly asked?: AskedRun;
  /** The run whose record answers it, where it runs again. */
  readonly replayOf?: string;
  /** The run that waited and that it goes on with. */
  readonly resumes?: string;
  /** Set where one call of a model answers it. */
  readonly isTask?: true;
  /** Null where the request named none. */
  readonly user: string | null;
  /** Aborted at the deadline. */
  readonly abort: AbortController;
  readonly timeoutMs: number;
  readonly emit: Emit;
};

/** What a run that is observed tells. */
export type ObservedRun = {
  /** Sees each event as it happens, but for the last. */
  readonly onEvent: (event: RunEvent) => void;
  /** Sees what came of each gateway tool. */
  readonly onToolCalled: (call: CalledTool, result: GatewayToolResult) => void;
};

/** A gateway tool that was called, with the arguments that the model gave it. */
export type CalledTool = {
  readonly tool: string;
  readonly arguments: unknown;
  /** The model's own id of the call, where the worker names it. */
  readonly callId?: string | undefined;
  /** Of its span, where it has one already. */
  readonly spanId: string | null;
};

/**
 * Watches a run that begins now: ends it at its deadline, and emits what happens: `run_started`, `run_said`,
 * `run_handed_off`, `tool_called`, `run_ended`. Tools that are still open when it ends were aborted with it.
 */
export function observeRun(options: ObserveRunOptions): ObservedRun {
  const { abort, timeoutMs, emit, ending } = options;
  const startedMs = performance.now();
  let firstTextMs: number | null = null;
  const open = new Map<string, OpenCall>();
  const spoken = createSpoken(options);
  const deadline = setTimeout(() => abort.abort(timedOut(timeoutMs)), timeoutMs);
  emit(startOf(options));
  ending.onEnd((last) => {
    clearTimeout(deadline);
    spoken.flush();
    for (const { call, sinceMs } of open.values()) {
      const durationMs = performance.now() - sinceMs;
      const ended = { type: 'tool_ended', outcome: 'aborted', durationMs, agoMs: 0 } as const;
      reportTool(options, { ...call, ...ended });
    }
    reportEnd(options, { last, firstTextMs, durationMs: performance.now() - startedMs });
  });
  return {
    onEvent(event) {
      if (event.type === 'text') {
        firstTextMs ??= performance.now() - startedMs;
        spoken.add(event.delta);
      } else if (event.type === 'handed_off') {
        spoken.flush();
        const { fromAgent, toAgent } = event;
        const { runId, agentId } = about(options);
        const { agoMs = 0 } = event;
        emit({ type: 'run_handed_off', runId, agentId, fromAgent, toAgent, agoMs });
      } else if (event.type === 'tool_started') {
        spoken.flush();
        if (open.size < MAX_OPEN) open.set(event.callId, openCall(event));
      } else if (event.type === 'tool_ended') {
        open.delete(event.callId);
        reportTool(options, event);
      }
    },
    onToolCalled(call, result) {
      const calls = [...open.values()].filter(
        (each) => !each.isTold && each.call.tool === call.tool,
      );
      const asked = calls.find(({ call: { provenance } }) => provenance === 'gateway');
      if (asked) asked.isTold = true;
      const callId = call.callId ?? asked?.call.callId ?? null;
      reportGatewayTool(options, { ...call, callId }, result);
    },
  };
}

function startOf(options: ObserveRunOptions): EventOf<'run_started'> {
  const { agent, caller, waitedMs, isStreamed, user, asked, replayOf, resumes, isTask } = options;
  const { kind } = agent.manifest;
  const { traceparent = null } = caller;
  const known = { waitedMs, kind, traceparent, isStreamed, user };
  const more = {
    ...(asked && { asked }),
    ...(replayOf !== undefined && { replayOf }),
    ...(resumes !== undefined && { resumes }),
    ...(isTask && { isTask }),
  };
  return { type: 'run_started', ...about(options), ...known, ...more };
}

/** More tools at once than any run has; their ids come from the worker. */
const MAX_OPEN = 1000;

type OpenCall = {
  readonly call: Extract<RunEvent, { type: 'tool_started' }>;
  readonly sinceMs: number;
  /** Whether the gateway told of it itself. */
  isTold: boolean;
};

function openCall(call: OpenCall['call']): OpenCall {
  return { call, sinceMs: performance.now() - (call.agoMs ?? 0), isTold: false };
}

/** Of what a run says at once, more is counted and not told. */
const MAX_TEXT = 256 * 1024;

/** Gathers what a run says until it does something else. */
function createSpoken(options: ObserveRunOptions) {
  let text = '';
  let letters = 0;
  let sinceMs = 0;
  return {
    add(delta: string) {
      if (letters === 0) sinceMs = performance.now();
      letters += delta.length;
      if (text.length < MAX_TEXT) text += delta;
    },
    flush() {
      if (letters === 0) return;
      const { runId, agentId } = about(options);
      const durationMs = performance.now() - sinceMs;
      const said = { text: text.slice(0, MAX_TEXT), letters, durationMs };
      options.emit({ type: 'run_said', runId, agentId, ...said });
      text = '';
      letters = 0;
    },
  };
}

function timedOut(timeoutMs: number): GatewayError {
  const limit = `its limit of ${timeoutMs / 1000} s`;
  return new GatewayError('run_timeout', `The run took longer than ${limit} and was ended.`);
}

function about({ runId, caller, agent }: ObserveRunOptions) {
  const { agentId, modulePath, generation } = agent;
  const { requestId, keyId } = caller;
  return { runId, requestId, keyId, agentId, modulePath, generation };
}

type ToolEnded = Extract<RunEvent, { type: 'tool_ended' }>;

function reportTool(options: ObserveRunOptions, event: ToolEnded): void {
  const { callId, tool, provenance, outcome, durationMs, agoMs = 0, detail = null } = event;
  // What the gateway executes, it tells of itself.
  if (provenance === 'gateway') return;
  const called = { callId, tool, provenance, outcome, durationMs, agoMs, detail };
  const violation = outcome === 'denied' ? ('denied' as const) : null;
  const contents = event.contents ? toContents(event.contents) : null;
  const unknown = { spanId: null, cache: null, error: null };
  const more = { ...unknown, contents, violation, ...sizesOf(event) };
  options.emit({ type: 'tool_called', ...about(options), ...called, ...more });
}

/** Counted where the texts are there: what a worker says of their length is its own claim, and room is kept by it. */
function sizesOf(event: ToolEnded) {
  const { contents, argumentBytes = null, resultBytes = null } = event;
  if (!contents) return { argumentBytes, resultBytes };
  const { result } = contents;
  return {
    argumentBytes: Buffer.byteLength(contents.arguments),
    resultBytes: result === undefined ? resultBytes : Buffer.byteLength(result),
  };
}

function toContents(told: NonNullable<ToolEnded['contents']>): ToolContents {
  return { arguments: () => told.arguments, result: told.result ?? null };
}

function reportGatewayTool(
  options: ObserveRunOptions,
  call: Omit<CalledTool, 'callId'> & { readonly callId: string | null },
  { text, ...result }: GatewayToolResult,
): void {
  const { tool, callId, spanId } = call;
  const argumentsText = () => JSON.stringify(call.arguments) ?? 'null';
  const contents = { arguments: argumentsText, result: text };
  const known = { agoMs: 0, detail: null, contents };
  const called = { tool, callId, spanId, provenance: 'gateway', ...known } as const;
  options.emit({ type: 'tool_called', ...about(options), ...called, ...result });
}

type End = {
  readonly last: LastEvent | null;
  readonly firstTextMs: number | null;
  readonly durationMs: number;
};

function reportEnd(options: ObserveRunOptions, { last, ...times }: End): void {
  const failed = last?.type === 'failed' ? last : null;
  options.emit({
    type: 'run_ended',
    ...about(options),
    ...times,
    isStreamed: options.isStreamed,
    outcome: outcomeOf(last),
    code: failed?.code ?? null,
    detail: failed && (failed.detail ?? limitReached(failed)),
    usage: last?.usage ?? noUsage,
    blockedBy: (last?.type === 'finished' && last.blockedBy) || null,
    ...(options.isTask ? { isTask: true } : {}),
  });
}

/** Which limit ended a run, without what it used: errors of one limit are one error. Null where none did. */
function limitReached({ code, message }: Extract<LastEvent, { type: 'failed' }>) {
  if (code !== 'run_limit_exceeded') return null;
  return { class: 'RunLimit', message: `${message.split('. ', 1)[0]}.`, stage: 'run' } as const;
}

/** What a run came to; null where it was refused before it began. */
export function outcomeOf(last: LastEvent | null): RunOutcome {
  if (!last) return 'cancelled';
  if (last.type === 'interrupted') return 'interrupted';
  if (last.type === 'failed') return isCancel(last.code) ? 'cancelled' : 'failed';
  return last.reason === 'content_filter' ? 'blocked' : 'finished';
}

/** The caller left, or its key was revoked: nothing that the agent did. */
function isCancel(code: FailureCode): boolean {
  return code === 'run_cancelled' || code === 'key_invalid';
}
