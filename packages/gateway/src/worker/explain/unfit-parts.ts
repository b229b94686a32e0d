import { type AgentShape, isAgent } from '../agent-shape.ts';
import { fieldsOf } from '../sdk.ts';

/** Something that an agent is made of and that no run can use. */
export type UnfitPart = {
  /** Name of the agent's field. */
  readonly field: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
};

/** What an agent is made of, beside its tools, that every run would fail of: the SDK looks at it only then. */
export function unfitParts(agent: AgentShape): UnfitPart[] {
  return [
    ...unfitEntries(agent, 'handoffs'),
    ...unfitEntries(agent, 'inputGuardrails'),
    ...unfitEntries(agent, 'outputGuardrails'),
    ...unfitEntries(agent, 'mcpServers'),
    ...unfitValue(agent, 'model'),
    ...unfitValue(agent, 'instructions'),
    ...unfitValue(agent, 'outputType'),
    ...unfitToolChoice(agent),
  ];
}

type Kind = {
  readonly code: string;
  /** `a handoff`, as the sentence needs it. */
  readonly wanted: string;
  readonly fits: (value: unknown) => boolean;
  readonly hint: string;
};

const has = (value: unknown, name: string) => typeof fieldsOf(value)[name] === 'function';

const guardrail: Kind = {
  code: 'bad_guardrail',
  wanted: 'a guardrail',
  fits: (value) => has(value, 'execute'),
  hint: "Write `{ name: '…', execute: async (…) => ({ tripwireTriggered, outputInfo }) }`.",
};

const entryKinds = {
  handoffs: {
    code: 'bad_handoff',
    wanted: 'an agent',
    fits: (value) => isAgent(value) || isAgent(fieldsOf(value).agent),
    hint: 'List agents, or what `handoff(agent)` makes of one.',
  },
  inputGuardrails: guardrail,
  outputGuardrails: guardrail,
  mcpServers: {
    code: 'bad_mcp_server',
    wanted: 'a server of tools',
    fits: (value) => has(value, 'listTools'),
    hint: "Make one: `new MCPServerStreamableHttp({ url: '…' })` or `new MCPServerStdio({ fullCommand: '…' })`.",
  },
} as const satisfies Readonly<Record<string, Kind>>;

const valueKinds = {
  model: {
    code: 'bad_model',
    wanted: 'a name of a model',
    fits: (value) => typeof value === 'string' || has(value, 'getResponse'),
    hint: "Name it: `model: '…'`, or give an object with `getResponse` and `getStreamedResponse`.",
  },
  instructions: {
    code: 'bad_instructions',
    wanted: 'a text',
    fits: (value) => typeof value === 'string' || typeof value === 'function',
    hint: 'Give a text, or a function that returns one.',
  },
  outputType: {
    code: 'bad_output_type',
    wanted: 'a schema',
    fits: isSchema,
    hint: 'Make it with zod, `z.object({ … })`, or write a JSON schema: `{ type: "json_schema", name, strict, schema }`.',
  },
} as const satisfies Readonly<Record<string, Kind>>;

function unfitEntries(agent: AgentShape, field: keyof typeof entryKinds): UnfitPart[] {
  const kind: Kind = entryKinds[field];
  const list = fieldsOf(agent)[field];
  const entries: unknown[] = Array.isArray(list) ? list : [];
  return entries.flatMap((entry, index) => {
    if (kind.fits(entry)) return [];
    const message = `Entry ${index + 1} of \`${field}\` of agent "${agent.name}" is ${shownValue(entry)}, not ${kind.wanted}.`;
    const hint = entry === undefined ? misspelt : kind.hint;
    return [{ field, code: kind.code, message, hint }];
  });
}

/** What to do about something that is undefined. */
export const misspelt =
  'See where its name comes from: a misspelt import, or a use before it is made.';

function unfitValue(agent: AgentShape, field: keyof typeof valueKinds): UnfitPart[] {
  const kind: Kind = valueKinds[field];
  const value = fieldsOf(agent)[field];
  if (value === undefined || value === null || kind.fits(value)) return [];
  const message = `\`${field}\` of agent "${agent.name}" is ${shownValue(value)}, not ${kind.wanted}.`;
  return [{ field, code: kind.code, message, hint: kind.hint }];
}

/** A schema of any library, or one of JSON as the SDK wants it. */
function isSchema(value: unknown): boolean {
  if (value === 'text') return true;
  const fields = fieldsOf(value);
  return (
    fields.type === 'json_schema' || ['~standard', '_def', '_zod'].some((key) => key in fields)
  );
}

/** A tool that the model has to call, and that there is not. */
function unfitToolChoice(agent: AgentShape): UnfitPart[] {
  const { toolChoice } = fieldsOf(agent.modelSettings);
  const { mcpServers } = fieldsOf(agent);
  const mayHaveMore = Array.isArray(mcpServers) && mcpServers.length > 0;
  if (typeof toolChoice !== 'string' || mayHaveMore) return [];
  const isNone = agent.tools.length === 0 && agent.handoffs.length === 0;
  const functions = agent.tools.filter((tool) => fieldsOf(tool).type === 'function');
  const names = functions.map((tool) => fieldsOf(tool).name);
  const isUnknown =
    !['auto', 'none', 'required', ...names].includes(toolChoice) &&
    functions.length === agent.tools.length &&
    agent.handoffs.length === 0;
  if (!isUnknown && !(toolChoice === 'required' && isNone)) return [];
  const told =
    names.length === 0
      ? 'it has no tools'
      : `its tools are ${names.map((name) => `\`${name}\``).join(', ')}`;
  return [
    {
      field: 'toolChoice',
      code: 'bad_tool_choice',
      message: `\`toolChoice\` of agent "${agent.name}" is "${toolChoice}", but ${told}.`,
      hint: 'Name one of its tools, or remove `toolChoice`.',
    },
  ];
}

function shownValue(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value === 'function') return `the function \`${value.name || 'without a name'}\``;
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object'
    ? 'an object'
    : `a ${typeof value === 'string' ? 'text' : typeof value}`;
}
