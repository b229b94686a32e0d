import { nearest } from '../protocol/nearest.ts';
import type { ToolOutcome } from '../protocol/tools/gateway-tools.ts';
import type {
  CallGatewayTool,
  GatewayToolCall,
  GatewayToolResult,
} from '../protocol/tools/tool-call.ts';
import { canonicalJson } from './canonical-json.ts';
import { cutResult } from './cut-result.ts';
import type { LiveTool, LiveTools } from './live-tools.ts';
import { OutboundError } from './outbound/outbound-error.ts';
import { ToolError } from './tool.ts';

export type CallToolDeps = {
  readonly tools: Pick<LiveTools, 'find' | 'list'>;
  readonly nowMs: () => number;
};

/**
 * Calls gateway tools: arguments against the schema → rules, which see them → cache → a slot of the tool → the tool itself,
 * within its time → the result, within its size.
 */
export function createCallTool({ tools, nowMs }: CallToolDeps): CallGatewayTool {
  return async (call) => {
    const startedMs = nowMs();
    const tool = tools.find(call.tool);
    const ended = tool ? await run(tool, call) : unknownTool(call, tools);
    return { ...nothing, ...ended, durationMs: nowMs() - startedMs };
  };
}

type Ended = Pick<GatewayToolResult, 'outcome' | 'text'> & Partial<GatewayToolResult>;

const nothing = {
  cache: null,
  violation: null,
  argumentBytes: 0,
  resultBytes: 0,
  error: null,
  detail: null,
} as const;

function unknownTool({ tool }: GatewayToolCall, tools: Pick<LiveTools, 'list'>): Ended {
  const guess = nearest(
    tool,
    tools.list().map(({ name }) => name),
  );
  const hint = guess ? ` Did you mean ${guess}?` : '';
  const text = `There is no gateway tool ${tool}.${hint}`;
  return { outcome: 'failed', violation: 'unknown', text, error: text };
}

async function run(tool: LiveTool, call: GatewayToolCall): Promise<Ended> {
  const checked = await tool.check(call.args).catch((error: unknown) => brokenSchema(tool, error));
  if (checked.type === 'broken') return checked.ended;
  if (checked.type === 'wrong') {
    const { message: text } = checked;
    return { outcome: 'failed', violation: 'bad_arguments', text, error: text };
  }
  const argumentBytes = Buffer.byteLength(checked.json);
  if (!call.isAllowed(checked.args)) {
    const text = `The tool ${tool.name} may not be called here.`;
    return { outcome: 'denied', violation: 'denied', text, argumentBytes };
  }
  const problem = tool.tool.problem();
  if (problem !== null) {
    const text = `The tool ${tool.name} is not set up yet. Go on without it.`;
    return { outcome: 'failed', text, error: problem, argumentBytes };
  }
  return { ...(await callWithin(tool, call, checked.args)), argumentBytes };
}

function brokenSchema(tool: LiveTool, error: unknown) {
  const text = `The tool ${tool.name} is not set up correctly. Go on without it.`;
  const ended: Ended = { outcome: 'failed', text, error: `Its parameters: ${textOf(error)}` };
  return { type: 'broken', ended } as const;
}

async function callWithin(
  tool: LiveTool,
  call: GatewayToolCall,
  args: Readonly<Record<string, unknown>>,
): Promise<Ended> {
  const { timeout_ms: timeoutMs, max_result_bytes: maxBytes } = tool.settings;
  const { caller, requestId, traceparent } = call;
  const trace = traceparent === undefined ? {} : { traceparent };
  const asked = { caller, requestId, ...trace, maxBytes };
  const work = async (signal: AbortSignal) => {
    const limit = AbortSignal.timeout(timeoutMs);
    const within = AbortSignal.any([signal, limit]);
    try {
      const giveBack = await tool.slots.take(within);
      try {
        const text = asText(await untilAborted(tool.tool.call(args, within, asked), within));
        return cutResult(tool.hide(text), maxBytes);
      } finally {
        giveBack();
      }
    } catch (error) {
      if (limit.aborted && !signal.aborted) throw new TimedOut(timeoutMs);
      throw error;
    }
  };
  try {
    const { text, cache } = await askCache(tool, call, args, work);
    return { outcome: 'ok', text, cache, resultBytes: Buffer.byteLength(text) };
  } catch (error) {
    return failed(tool, call, error);
  }
}

async function askCache(
  { cache, settings }: LiveTool,
  { noCache, caller, signal }: GatewayToolCall,
  args: Readonly<Record<string, unknown>>,
  work: (signal: AbortSignal) => Promise<string>,
): Promise<{ text: string; cache: GatewayToolResult['cache'] }> {
  if (!cache || noCache) return { text: await work(signal), cache: null };
  const owner = settings.cache?.shared ? '' : `${caller.id} ${caller.user?.principal ?? ''}`;
  return cache.get(`${owner}\n${canonicalJson(args)}`, signal, work);
}

class TimedOut extends Error {
  constructor(timeoutMs: number) {
    super(`It took longer than ${timeoutMs} ms.`);
  }
}

function failed(tool: LiveTool, { signal }: GatewayToolCall, error: unknown): Ended {
  const outcome: ToolOutcome = signal.aborted
    ? 'aborted'
    : error instanceof TimedOut || (error instanceof ToolError && error.isTimeout)
      ? 'timeout'
      : 'failed';
  const isTold =
    error instanceof ToolError || error instanceof OutboundError || error instanceof TimedOut;
  const reason = tool.hide(textOf(error));
  const text = signal.aborted
    ? 'The call was ended.'
    : `The tool ${tool.name} failed${isTold ? `: ${reason}` : '. Go on without it.'}`;
  const detail = error instanceof ToolError ? error.detail : null;
  const told = detail ? tool.hide(`${detail.class}: ${detail.message}`) : reason;
  const cache = tool.cache ? 'miss' : null;
  return { outcome, text, error: told, detail, cache };
}

/** A tool that does not heed its signal is waited for no longer. */
function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([work, aborted.promise]).finally(() =>
    signal.removeEventListener('abort', onAbort),
  );
}

/** What a tool that breaks its contract gives is told as what it is. */
function asText(result: unknown): string {
  if (typeof result === 'string') return result;
  throw new TypeError(`The tool gave no text but ${typeof result}.`);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
