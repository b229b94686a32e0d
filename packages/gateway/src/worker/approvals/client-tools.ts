import type { ClientTool } from '../../protocol/run.ts';
import { type AgentShape, handoffGraph } from '../agent-shape.ts';
import type { RunRequest } from '../loaded-module.ts';
import { type RunScope, RunStop } from '../run/run-scope.ts';
import { fieldsOf, nameOf, type SdkTool } from '../sdk.ts';
import { handoffNames } from '../tools/recorded-servers.ts';
import type { PlainPolicies } from './approval-policy.ts';

const clientToolMark: unique symbol = Symbol('dropgate.clientTool');

/** True for a tool of the caller's own. */
export function isClientTool(tool: unknown): boolean {
  return typeof tool === 'object' && tool !== null && clientToolMark in tool;
}

/**
 * The tools of an agent with those that the caller sent along, in the run that the gateway goes on with: not within agents
 * that are tools, nor in runs of the module's own.
 *
 * @throws RunStop `invalid_value` where one has the name of a tool that the agent has itself.
 */
export function withClientTools(
  tools: readonly SdkTool[],
  {
    agent,
    scope,
    plain,
  }: {
    readonly agent: unknown;
    readonly scope: RunScope | undefined;
    readonly plain: PlainPolicies;
  },
): readonly SdkTool[] {
  const offered = scope?.request.input.offeredTools ?? [];
  if (scope?.place !== 'main' || offered.length === 0) return tools;
  refuseClash(offered, tools.map(nameOf), nameOf(agent));
  return [...tools, ...offered.map((tool) => clientTool(tool, scope.request, plain))];
}

/** Refuses tools of the caller that an agent of the run, as far as it is known before it runs, has by the same name. */
export async function refuseClientTools(
  root: AgentShape,
  { offeredTools = [] }: RunRequest['input'],
  runContext: unknown,
): Promise<void> {
  if (offeredTools.length === 0) return;
  for (const agent of handoffGraph(root)) {
    const names = [...agent.tools.map(nameOf), ...(await handoffNames(agent, runContext))];
    refuseClash(offeredTools, names, agent.name);
  }
}

function refuseClash(
  offered: readonly ClientTool[],
  names: readonly string[],
  agent: string,
): void {
  const clash = offered.find(({ name }) => names.includes(name));
  if (!clash) return;
  const message = `The agent "${agent}" has a tool or handoff called "${clash.name}" itself: give that tool of yours another name.`;
  throw new RunStop('invalid_value', message);
}

/** Asks for approval of every call, which interrupts the run; an approved one gives what the caller brought. */
function clientTool(
  { name, description = '', parameters, strict }: ClientTool,
  { resume }: RunRequest,
  plain: PlainPolicies,
): SdkTool {
  const tool = {
    type: 'function',
    name,
    description,
    parameters,
    strict,
    needsApproval: plain(true),
    isEnabled: async () => true,
    inputGuardrails: [],
    outputGuardrails: [],
    invoke: async (_context: unknown, _input: string, details?: unknown) => {
      const { callId } = fieldsOf(fieldsOf(details).toolCall);
      const given = resume?.results.find((result) => result.callId === callId);
      if (!given) throw new Error(`The caller brought no result of its tool ${name}.`);
      return given.text;
    },
  };
  return Object.defineProperty(tool, clientToolMark, { value: true });
}
