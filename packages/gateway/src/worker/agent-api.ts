import { gatewayToolMark, parsedArguments } from './run/guard-tools.ts';
import { Refused, runScope } from './run/run-scope.ts';

/** A tool as the Agents SDK takes it in an agent's `tools`; written for its types, which want lists that may change. */
export type GatewayTool = {
  type: 'function';
  name: string;
  description: string;
  parameters: {
    type: 'object';
    properties: Record<string, never>;
    required: never[];
    additionalProperties: true;
  };
  strict: false;
  invoke: (context: unknown, input: string) => Promise<string>;
  needsApproval: () => Promise<boolean>;
  isEnabled: () => Promise<boolean>;
  inputGuardrails: never[];
  outputGuardrails: never[];
};

/**
 * A tool that the gateway owns and executes, for an agent's `tools`: `tools: [gatewayTool('fetch_doc')]`.
 * Its calls go to the gateway; what the gateway refuses is told to the model, and so is that there is no gateway.
 */
export function gatewayTool(name: string, description?: string): GatewayTool {
  const tool: GatewayTool = {
    type: 'function',
    name,
    description: description ?? `Gateway tool "${name}".`,
    parameters: { type: 'object', properties: {}, required: [], additionalProperties: true },
    strict: false,
    invoke: (_context, input) => callGateway(name, input),
    needsApproval: async () => false,
    isEnabled: async () => true,
    inputGuardrails: [],
    outputGuardrails: [],
  };
  return Object.assign(tool, { [gatewayToolMark]: true });
}

async function callGateway(name: string, input: string): Promise<string> {
  const scope = runScope.getStore();
  if (!scope) return `The gateway tool "${name}" can be called only in a run of the gateway.`;
  try {
    const question = { ask: 'call_tool', tool: name, arguments: parsedArguments(input) } as const;
    const result = await scope.request.ask(question);
    return typeof result === 'string' ? result : JSON.stringify(result ?? null);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.message || `The tool ${name} may not be called here.`;
  }
}
