import { GatewayError } from '../../../errors.ts';
import type { ClientTool, RunInput } from '../../../protocol/run.ts';
import { boundedSchema } from './bounded-schema.ts';
import { type Fields, fieldsOf, invalid } from './sent-fields.ts';
import { toToolChoice } from './tool-choice.ts';

/** What of a run's input the caller's own tools are. */
export type OfferedTools = Pick<
  RunInput,
  'clientTools' | 'offeredTools' | 'toolChoice' | 'toolsProblem' | 'leavesTools'
>;

/** The tools of a request, and where the functions among them say what they are. */
export type SentTools = {
  readonly tools: readonly unknown[];
  /** Tools of an older form, which no agent is offered. */
  readonly legacy?: readonly unknown[];
  readonly toolChoice: unknown;
  /** The key of a tool below which its function stands; empty where it is the tool itself. */
  readonly below: 'function' | '';
};

const MOST_TOOLS = 128;
const LONGEST_DESCRIPTION = 8192;

/**
 * The caller's own tools. What is wrong with them is told in the input: agents that leave them out do not care. A tool that
 * is no function is left out.
 */
export function toOfferedTools({ tools, legacy = [], toolChoice, below }: SentTools): OfferedTools {
  const sent = tools.map(fieldsOf).filter((tool) => !isOurLabel(tool));
  const clientTools = sent.length + legacy.length > 0;
  if (!clientTools) return { clientTools };
  try {
    const functions = functionsOf(tools, below);
    const leaves = legacy.length > 0 || sent.some(({ type }) => type !== 'function');
    const names = functions.map(({ name }) => name);
    const choice = toolChoice == null ? undefined : toToolChoice(toolChoice, { names, below });
    return {
      clientTools,
      ...(functions.length > 0 ? { offeredTools: functions } : {}),
      ...(choice !== undefined && functions.length > 0 ? { toolChoice: choice } : {}),
      ...(leaves ? { leavesTools: true } : {}),
    };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { clientTools, toolsProblem: { message: error.message, param: error.param ?? 'tools' } };
  }
}

/** Whoever declares it says that it reads requests for approval. */
function isOurLabel({ type, server_label }: Fields): boolean {
  return type === 'mcp' && server_label === 'dropgate';
}

function functionsOf(tools: readonly unknown[], below: SentTools['below']): ClientTool[] {
  const seen = new Set<string>();
  const functions = tools.map(fieldsOf).flatMap((tool, index) => {
    if (tool.type !== 'function') return [];
    const at = `tools[${index}]${below === '' ? '' : `.${below}`}`;
    const named = toClientTool(below === '' ? tool : fieldsOf(tool[below]), at);
    if (seen.has(named.name)) throw invalid(`${at}.name`, `'${named.name}' is there twice`);
    seen.add(named.name);
    return [named];
  });
  if (functions.length <= MOST_TOOLS) return functions;
  throw invalid('tools', `there may be at most ${MOST_TOOLS} functions`);
}

function toClientTool({ name, description, parameters, strict }: Fields, at: string): ClientTool {
  if (typeof name !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
    throw invalid(`${at}.name`, 'a name has 1 to 64 letters, digits, _ or -');
  }
  if (description != null && typeof description !== 'string') {
    throw invalid(`${at}.description`, 'a description is a text');
  }
  if ((description?.length ?? 0) > LONGEST_DESCRIPTION) {
    throw invalid(`${at}.description`, `it may have at most ${LONGEST_DESCRIPTION} characters`);
  }
  const problem = parameters == null ? null : boundedSchema(parameters);
  if (problem !== null) throw invalid(`${at}.parameters`, problem);
  return {
    name,
    ...(description == null ? {} : { description }),
    parameters: parameters == null ? { type: 'object', properties: {} } : fieldsOf(parameters),
    strict: strict === true,
  };
}
