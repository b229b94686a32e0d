import { randomUUID } from 'node:crypto';
import { type FailureCode, GatewayError } from '../../errors.ts';
import type { Authorize } from '../../policy/authorize.ts';
import type { Pool } from '../../pool/pool.ts';
import type { WorkerAnswer } from '../../protocol/pool.ts';
import type { ModuleLoad } from '../../protocol/records.ts';
import type { RunEvent } from '../../protocol/run.ts';
import { createRunEnding } from '../../protocol/run-ending.ts';
import { eventsOf } from '../../protocol/run-sink.ts';
import type { WorkerQuestion } from '../../protocol/worker/messages.ts';
import { type AskedCall, type Tool, ToolError } from '../../tools/tool.ts';

type CallModuleDeps = {
  readonly run: Pool['run'];
  readonly authorize: Authorize;
};

/** Calls the tool of a loaded module: a run of its own in the module's worker, with one call as its input. */
export function createCallModule({ run, authorize }: CallModuleDeps) {
  return (load: ModuleLoad): Tool['call'] =>
    async (args, signal, asked) => {
      const { caller, requestId, maxBytes } = asked;
      const runId = `call_${randomUUID()}`;
      const enough = new AbortController();
      const live = run(load, {
        run: {
          runId,
          input: inputOf(load, runId, args),
          context: contextOf(load, runId, asked),
          verdicts: { otherwise: 'ask', tools: {} },
          maxTurns: null,
        },
        keyId: caller.id,
        caller: { key: caller, request: {} },
        signal: AbortSignal.any([signal, enough.signal]),
        ending: createRunEnding(),
        answer: async (question) => answer(question, { load, caller, requestId, authorize }),
      });
      const events = eventsOf({ sendTo: live.sendTo, cancel: () => enough.abort() });
      return textOf(events, maxBytes);
    };
}

function inputOf({ agentId, name }: ModuleLoad, callId: string, args: object) {
  const call = { role: 'tool_call', callId, name, arguments: JSON.stringify(args) } as const;
  return {
    modelId: agentId,
    items: [call],
    settings: {},
    outputFormat: { type: 'text' },
    streamed: true,
    clientTools: false,
    metadata: {},
  } as const;
}

function contextOf({ agentId }: ModuleLoad, runId: string, { caller, requestId }: AskedCall) {
  const key = { id: caller.id, name: caller.name };
  return { request_id: requestId, run_id: runId, key, metadata: {}, model_id: agentId };
}

/** Gives the text of a call; what is longer than the limit is not waited for. */
async function textOf(events: AsyncIterable<RunEvent>, maxBytes: number): Promise<string> {
  let text = '';
  let bytes = 0;
  for await (const event of events) {
    switch (event.type) {
      case 'text':
        text += event.delta;
        bytes += Buffer.byteLength(event.delta);
        if (bytes > maxBytes) return text;
        break;
      case 'tool_ended':
        if (event.outcome !== 'ok') throw failedCall(event, text);
        break;
      case 'failed':
        throw new ToolError(reasons[event.code] ?? 'Its module failed.', detailOf(event));
      default:
        break;
    }
  }
  return text;
}

/** What the SDK would tell a model of the failure is what it is told here too. */
function failedCall(
  event: Extract<RunEvent, { readonly type: 'tool_ended' }>,
  text: string,
): ToolError {
  const isTimeout = event.outcome === 'timeout' ? ({ isTimeout: true } as const) : {};
  return new ToolError(text || 'It gave no reason.', { ...detailOf(event), ...isTimeout });
}

function detailOf({ detail }: Extract<RunEvent, { readonly type: 'tool_ended' | 'failed' }>) {
  return detail ? { detail } : {};
}

const reasons: Partial<Record<FailureCode, string>> = {
  worker_crashed: 'Its process ended unexpectedly.',
  agent_unavailable: 'It is not available just now; try again later.',
  overloaded: 'Too much is going on; try again shortly.',
  run_failed: 'Its process was replaced meanwhile; try again.',
};

async function answer(
  question: WorkerQuestion,
  {
    load,
    caller,
    requestId,
    authorize,
  }: Pick<AskedCall, 'caller' | 'requestId'> & {
    readonly load: ModuleLoad;
    readonly authorize: Authorize;
  },
): Promise<WorkerAnswer> {
  if (question.ask === 'call_tool') {
    throw new GatewayError(
      'invalid_request',
      'The module of a tool cannot call other tools of the gateway.',
    );
  }
  const { tool, arguments: args, provenance = 'native' } = question;
  const { agentId, modulePath } = load;
  const decision = authorize(
    {
      principal: { type: 'agent', id: agentId, key: caller },
      action: 'call_tool',
      resource: tool,
      args,
      context: { agent_id: agentId, provenance },
      modulePath,
    },
    requestId,
  );
  return { type: 'value', value: decision.answer === 'allow' };
}
