import type { Finding } from '../../protocol/diagnostics.ts';
import {
  type AgentShape,
  agentGraph,
  handoffGraph,
  isAgent,
  isSandboxAgent,
} from '../agent-shape.ts';
import type { TopLevel } from '../load/choose-agent.ts';
import { fieldsOf, nameOf } from '../sdk.ts';
import { isGatewayTool } from '../tools/gateway-tool.ts';
import { type Place, placeOf } from './code-place.ts';
import { findRunModel } from './run-model.ts';
import { sandboxHint } from './sandbox-hint.ts';
import { findStoredPrompts } from './stored-prompts.ts';
import { misspelt, unfitParts } from './unfit-parts.ts';
import { findUnservedApprovals, type Served } from './unserved-approvals.ts';

/** What is known of the module whose agents are looked at. */
export type AgentSource = {
  readonly entry: { readonly file: string; readonly text: string };
  readonly topLevel: TopLevel;
};

/** What every run of an agent, or of one that it hands off to or has as a tool, would fail of. */
export function findUnfit(agent: AgentShape, source: AgentSource): Finding[] {
  return [
    // What makes a tool of an agent may give it its sandbox.
    ...handoffGraph(agent).flatMap((each) => findMissingSandbox(each, source)),
    ...agentGraph(agent).flatMap((each) => findBadTools(each, source)),
    ...agentGraph(agent).flatMap((each) => findBadParts(each, source)),
  ];
}

/** Warnings of what runs of a module will not do as its author may think. */
export async function findDoubtful(served: Served, source: AgentSource): Promise<Finding[]> {
  const { agent } = served;
  return [
    ...(agent ? findRunModel(agent, source.entry) : []),
    ...(agent ? findStoredPrompts(agent, source.entry) : []),
    ...(agent ? findDuplicateTools(agent, source) : []),
    ...(await findUnservedApprovals(served, source)),
  ];
}

/** A run of the gateway brings no sandbox: only the module's own `run` can. */
function findMissingSandbox(agent: AgentShape, source: AgentSource): Finding[] {
  if (!isSandboxAgent(agent)) return [];
  const name = variableOf(agent, source) ?? 'agent';
  return [
    unfit(source, placeOfAgent(agent, source), {
      code: 'sandbox_client_missing',
      message: `"${agent.name}" is a SandboxAgent, and a run of the gateway gives it no sandbox client.`,
      hint: sandboxHint(name),
    }),
  ];
}

function findBadTools(agent: AgentShape, source: AgentSource): Finding[] {
  return agent.tools.flatMap((tool, index) => {
    const wrong = wrongTool(tool);
    if (!wrong) return [];
    const place = placeOfField('tools', agent, source);
    const message = `Tool ${index + 1} of agent "${agent.name}" is ${wrong.is}, not a tool.`;
    return [unfit(source, place, { code: 'bad_tool', message, hint: wrong.hint })];
  });
}

function findBadParts(agent: AgentShape, source: AgentSource): Finding[] {
  return unfitParts(agent).map(({ field, ...about }) =>
    unfit(source, placeOfField(field, agent, source), about),
  );
}

function wrongTool(tool: unknown): { is: string; hint: string } | null {
  if (tool === undefined || tool === null) {
    return { is: String(tool), hint: misspelt };
  }
  if (isAgent(tool)) {
    const hint = 'Make a tool of it: `.asTool({ toolName, toolDescription })`.';
    return { is: `the agent "${tool.name}"`, hint };
  }
  if (typeof tool === 'function') {
    const name = tool.name || 'execute';
    const hint = `Make a tool of it: \`tool({ name, description, parameters, execute: ${name} })\`.`;
    return { is: `the function \`${name}\``, hint };
  }
  if (typeof tool !== 'object') return { is: `a ${typeof tool}`, hint: 'Remove it.' };
  const { type, name } = fieldsOf(tool);
  const hint = 'Give it to `tool(…)`, which makes one of it.';
  return typeof type === 'string' ? null : { is: `an object${name ? ` ("${name}")` : ''}`, hint };
}

/** Warns of tools of one name: the SDK offers the last of them alone. */
function findDuplicateTools(agent: AgentShape, source: AgentSource): Finding[] {
  return agentGraph(agent).flatMap((each) => duplicatesOf(each, source));
}

function duplicatesOf(agent: AgentShape, source: AgentSource): Finding[] {
  // Of one of the gateway and one of the module's own, the gateway tells.
  const functions = agent.tools.filter(
    (tool) => fieldsOf(tool).type === 'function' && !isGatewayTool(tool),
  );
  const names = functions.map(nameOf);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...twice].map((name) => ({
    ...unfit(source, placeOfField('tools', agent, source), {
      code: 'duplicate_tool',
      message: `Agent "${agent.name}" has two tools called \`${name}\`, of which the last alone is offered.`,
      hint: 'Give one of them another `name`, or remove it.',
    }),
    severity: 'warning' as const,
  }));
}

function unfit(
  { entry }: AgentSource,
  place: Place | null,
  about: Pick<Finding, 'code' | 'message' | 'hint'>,
): Finding {
  return { stage: 'load', severity: 'error', ...about, file: entry.file, ...place };
}

function variableOf(agent: AgentShape, { topLevel }: AgentSource): string | null {
  const { values, facts } = topLevel;
  return facts.declared.find((name) => values[name] === agent) ?? null;
}

function placeOfAgent(agent: AgentShape, source: AgentSource): Place | null {
  const name = variableOf(agent, source);
  return name === null ? null : (source.topLevel.facts.places[name] ?? null);
}

/** The first field of that name at or below the agent's declaration. */
function placeOfField(field: string, agent: AgentShape, source: AgentSource): Place | null {
  const declared = placeOfAgent(agent, source);
  if (!declared) return null;
  const lines = source.entry.text.split('\n').slice(declared.line - 1);
  const below = placeOf(lines.join('\n'), new RegExp(`\\b${field}\\b`));
  return below ? { line: declared.line + below.line - 1, column: below.column } : declared;
}
