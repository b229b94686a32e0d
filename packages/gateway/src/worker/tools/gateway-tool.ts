import { maxToolArguments } from '../../protocol/worker/frame-limits.ts';
import { Refused, type RunScope, runScope } from '../run/run-scope.ts';
import { fieldsOf } from '../sdk.ts';
import { isNestedTooDeep, MAX_NESTING, parsedArguments } from './parsed-arguments.ts';
import { processTools } from './process-tools.ts';
import type { GatewayToolAnswer } from './tool-results.ts';

const gatewayToolMark: unique symbol = Symbol('dropgate.gatewayTool');

/** A tool as the Agents SDK takes it in an agent's `tools`; written for its types, which want lists that may change. */
export type GatewayTool = {
  type: 'function';
  name: string;
  readonly description: string;
  readonly parameters: {
    type: 'object';
    properties: Record<string, never>;
    required: never[];
    additionalProperties: true;
  };
  strict: false;
  invoke: (context: unknown, input: string, details?: unknown) => Promise<string>;
  needsApproval: () => Promise<boolean>;
  isEnabled: () => Promise<boolean>;
  inputGuardrails: never[];
  outputGuardrails: never[];
};

/** How a module uses a gateway tool. */
export type GatewayToolUse = {
  readonly name: string;
  /** In place of what the gateway says of it. */
  readonly description: string | undefined;
  /** Calls it anew each time, whatever is kept of equal calls. */
  readonly noCache: boolean;
};

/**
 * Makes the stand-in for a tool of the gateway, which follows what the gateway says of it. Its calls go to the gateway;
 * what that refuses is told to the model. Outside of a gateway a call throws.
 */
export function makeGatewayTool({ name, description, noCache }: GatewayToolUse): GatewayTool {
  const known = () => {
    const found = processTools.find(name);
    return found === 'unknown' ? null : found;
  };
  const tool: GatewayTool = {
    type: 'function',
    name,
    // The gateway may change its tools while the agent lives.
    get description() {
      return description ?? known()?.description ?? `Gateway tool "${name}".`;
    },
    get parameters() {
      return (known()?.parameters as GatewayTool['parameters'] | undefined) ?? anyArguments;
    },
    strict: false,
    invoke: (_context, input, details) => callGateway({ name, noCache }, input, details),
    needsApproval: async () => false,
    isEnabled: async () => processTools.find(name) !== 'unknown',
    inputGuardrails: [],
    outputGuardrails: [],
  };
  return Object.defineProperty(tool, gatewayToolMark, { value: true });
}

/** True for a tool that the gateway executes. */
export function isGatewayTool(tool: unknown): boolean {
  return typeof tool === 'object' && tool !== null && gatewayToolMark in tool;
}

const anyArguments: GatewayTool['parameters'] = {
  type: 'object',
  properties: {},
  required: [],
  additionalProperties: true,
};

async function callGateway(
  { name, noCache }: { readonly name: string; readonly noCache: boolean },
  input: string,
  details: unknown,
): Promise<string> {
  const scope = runScope.getStore();
  if (!scope && !processTools.isConnected()) throw new Error(noGateway(name));
  if (!scope) return `The gateway tool "${name}" can be called only in a run of the gateway.`;
  if (input.length > maxToolArguments) {
    return `The arguments are longer than ${maxToolArguments} characters. Send less.`;
  }
  if (isNestedTooDeep(input)) {
    return `The arguments are nested more than ${MAX_NESTING} levels deep. Send flatter ones.`;
  }
  const { callId } = fieldsOf(fieldsOf(details).toolCall);
  const question = {
    ask: 'call_tool',
    tool: name,
    arguments: parsedArguments(input),
    ...(noCache ? { noCache } : {}),
    ...(typeof callId === 'string' ? { toolCallId: callId } : {}),
    ...scope.request.toolCount.add(name, input).told,
  } as const;
  const { outcome, text } = await ask(scope, question);
  if (outcome !== 'ok') scope.activity.endsAs(String(callId ?? name), outcome);
  return text;
}

async function ask(
  scope: RunScope,
  question: Parameters<RunScope['request']['ask']>[0],
): Promise<GatewayToolAnswer> {
  try {
    return (await scope.request.ask(question)) as GatewayToolAnswer;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const text = error.message || `The tool ${question.tool} may not be called here.`;
    return { outcome: 'denied', text };
  }
}

function noGateway(name: string): string {
  return `The gateway tool "${name}" is executed by Dropgate, and no gateway runs this process. Start one with \`npx dropgate dev\` in the project's folder and ask the agent there; in a test of your own, give the agent a tool of your own in its place.`;
}
