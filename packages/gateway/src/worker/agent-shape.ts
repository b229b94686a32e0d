import { takesMessages } from './message-taker.ts';
import { fieldsOf } from './sdk.ts';

/** An agent of any copy of the SDK, told by its shape; every member but these may be missing in old copies. */
export type AgentShape = {
  readonly name: string;
  readonly tools: readonly unknown[];
  readonly handoffs: readonly unknown[];
  model?: unknown;
  modelSettings?: unknown;
};

/** True for an agent of any SDK copy; `instanceof` fails across copies. A `RealtimeAgent` is none. */
export function isAgent(value: unknown): value is AgentShape {
  return hasAgentShape(value) && !isNamed(value, 'RealtimeAgent');
}

/** True for an agent that only speaks over a realtime session. */
export function isRealtimeAgent(value: unknown): boolean {
  return hasAgentShape(value) && isNamed(value, 'RealtimeAgent');
}

/** An object or function with a `run` that takes messages, and is no agent and no runner of the SDK. */
export function isRunnable(value: unknown): boolean {
  return hasRun(value) && takesMessages(value);
}

/** The same, whatever its `run` takes. */
export function hasRun(value: unknown): boolean {
  const { run } = fieldsOf(value);
  return (
    typeof run === 'function' &&
    !isClass(value) &&
    !hasAgentShape(value) &&
    !isNamed(value, 'Runner') &&
    !isNamed(value, 'RealtimeRunner')
  );
}

/** True for a class, which is no function to call. */
export function isClass(value: unknown): boolean {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
}

/** True for a class whose instances would be agents or have `run`. */
export function isAgentClass(value: unknown): boolean {
  if (!isClass(value)) return false;
  const prototype = fieldsOf(fieldsOf(value).prototype);
  return typeof prototype.run === 'function' || agentMethods.every((name) => name in prototype);
}

/** The agents an agent hands off to; entries are agents or handoffs that hold one. */
export function handoffTargets(agent: AgentShape): AgentShape[] {
  return agent.handoffs.map((entry) => fieldsOf(entry).agent ?? entry).filter(isAgent);
}

/** Set on a tool that `asTool` made of an agent: that agent. */
export const agentOfTool: unique symbol = Symbol('dropgate.agentOfTool');

/** The agents that an agent has as tools. */
export function toolAgents(agent: AgentShape): AgentShape[] {
  return agent.tools
    .map((each) => (typeof each === 'object' && each ? Reflect.get(each, agentOfTool) : null))
    .filter(isAgent);
}

/** The agents that an agent hands off to or has as tools. */
export function usedAgents(agent: AgentShape): AgentShape[] {
  return [...handoffTargets(agent), ...toolAgents(agent)];
}

/** The agent and all that it can reach by handoff, itself first, each once. */
export function handoffGraph(agent: AgentShape): AgentShape[] {
  return reachedBy(agent, handoffTargets);
}

/** The agent and all that its runs may come to, as tools too, itself first, each once. */
export function agentGraph(agent: AgentShape): AgentShape[] {
  return reachedBy(agent, usedAgents);
}

function reachedBy(
  agent: AgentShape,
  nextOf: (agent: AgentShape) => readonly AgentShape[],
): AgentShape[] {
  const reached = new Set<AgentShape>();
  const visit = (next: AgentShape): void => {
    if (reached.has(next)) return;
    reached.add(next);
    nextOf(next).forEach(visit);
  };
  visit(agent);
  return [...reached];
}

const agentMethods = ['getSystemPrompt', 'getAllTools', 'asTool', 'clone', 'processFinalOutput'];

function hasAgentShape(value: unknown): boolean {
  return hasAgentMethods(value) && fieldThatIsNoList(value) === null;
}

/** The field of an agent that should be a list and is none; null for anything else. */
export function fieldThatIsNoList(value: unknown): 'tools' | 'handoffs' | null {
  if (!hasAgentMethods(value)) return null;
  const fields = fieldsOf(value);
  return (['tools', 'handoffs'] as const).find((name) => !Array.isArray(fields[name])) ?? null;
}

function hasAgentMethods(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const fields = fieldsOf(value);
  return (
    typeof fields.name === 'string' &&
    agentMethods.every((name) => typeof fields[name] === 'function')
  );
}

/** True for an agent that works in a sandbox, which its run has to be given. */
export function isSandboxAgent(value: unknown): boolean {
  return isNamed(value, 'SandboxAgent');
}

/** True where some class of the value has that name. */
function isNamed(value: unknown, className: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  let prototype: object | null = Object.getPrototypeOf(value);
  while (prototype) {
    if (prototype.constructor?.name === className) return true;
    prototype = Object.getPrototypeOf(prototype);
  }
  return false;
}
