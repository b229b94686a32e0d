import { expect } from 'vitest';
import type { RunEvent, RunInput } from '../../src/protocol/run.ts';
import type { CallDecision, WorkerRun } from '../../src/protocol/worker/messages.ts';
import { loadedWorker, type PythonWorker } from './python-worker.ts';
import { startUpstream, type Turn } from './scripted-upstream.ts';
import { runInput } from './worker-run.ts';

/** An agent with a tool that needs approval, and one that does not. */
export const desk = `
from agents import Agent, RunContextWrapper, function_tool

made = []

@function_tool(needs_approval=True)
def refund(context: RunContextWrapper, order: str) -> str:
    made.append(order)
    return f"{context.context['request_id']} refunded {order}, {len(made)} in all"

@function_tool
def look_up(order: str) -> str:
    return f"{order} is paid"

agent = Agent(name="Desk", tools=[refund, look_up])
`;

/** A server of tools, in the process of its module, with one tool. */
export const shouter = `from agents.mcp import MCPServer
from mcp import types

class Shouter(MCPServer):
    name = "shouter"

    async def connect(self): ...
    async def cleanup(self): ...
    async def list_prompts(self): ...
    async def get_prompt(self, name, arguments=None): ...

    async def list_tools(self, run_context=None, agent=None):
        return [types.Tool(name="shout", inputSchema={"type": "object", "properties": {}})]

    async def call_tool(self, tool_name, arguments, meta=None):
        return types.CallToolResult(content=[types.TextContent(type="text", text="HO")])`;

/** What so many model calls of the scripted upstream cost. */
export const usage = (requests: number) => ({
  requests,
  inputTokens: 10 * requests,
  outputTokens: 5 * requests,
  cachedInputTokens: 4 * requests,
  reasoningTokens: 2 * requests,
});

/** A call as events name it. */
export const call = (tool: string, callId: string, agent = 'Desk') => ({
  callId,
  tool,
  agent,
  provenance: 'native' as const,
});

/** A call of the other tool. */
export const lookUp = { name: 'look_up', args: { order: 'A1' }, id: 'call_2' };
/** A call of the tool that needs approval, as the scripted model makes it. */
export const refundOf = (order: string, id: string) => ({ name: 'refund', args: { order }, id });

/** What every event of an ended call has. */
export const ended = { type: 'tool_ended', durationMs: expect.any(Number) };
/** Arguments of a call for order A1, as the model writes them. */
export const written = '{"order":"A1"}';

/** A worker whose model answers from a script, and how a run of it goes on. */
export async function deskWorker(
  source: string,
  turns: readonly Turn[],
  changes: Parameters<typeof loadedWorker>[2] = {},
) {
  const upstream = await startUpstream(...turns);
  const { worker } = await loadedWorker({ 'agent.py': source }, upstream.baseUrl, changes);
  return { worker, upstream };
}

/** A run that tells what it adds to its conversation. */
export function asked(changes: Partial<RunInput> = {}): Partial<WorkerRun> {
  return { input: runInput({ tellsItems: true, ...changes }) };
}

/** Goes on with what interrupted a run, as another request. */
export async function resumed(
  worker: PythonWorker,
  events: readonly RunEvent[],
  decisions: readonly CallDecision[],
  changes: Partial<WorkerRun> = asked(),
): Promise<RunEvent[]> {
  const context = {
    request_id: 'req_2',
    run_id: 'run_2',
    key: { id: 'key_1', name: 'alice' },
    metadata: {},
    model_id: 'default/sample',
  };
  const resume = { state: interruptedBy(events).state, decisions, results: [] };
  return worker.eventsOf('', { runId: 'run_2', context, resume, ...changes });
}

/** The last event of a run that waits; throws where it does not. */
export function interruptedBy(
  events: readonly RunEvent[],
): Extract<RunEvent, { type: 'interrupted' }> {
  const last = events.at(-1);
  if (last?.type === 'interrupted') return last;
  throw new Error(`The run is not interrupted: ${JSON.stringify(events)}`);
}

/** Names of the calls that an interrupted run waits for. */
export function waitingIn(events: readonly RunEvent[]): readonly string[] {
  return interruptedBy(events).approvals.map(({ callId }) => callId);
}
