/** A tool as the Agents SDK takes it in an agent's `tools`. */
export type GatewayToolStub = {
  readonly type: 'function';
  readonly name: string;
  readonly description: string;
  readonly parameters: {
    readonly type: 'object';
    readonly properties: Readonly<Record<string, never>>;
    readonly required: readonly never[];
    readonly additionalProperties: true;
  };
  readonly strict: false;
  readonly invoke: () => Promise<string>;
  readonly needsApproval: () => Promise<boolean>;
  readonly isEnabled: () => Promise<boolean>;
  readonly inputGuardrails: readonly never[];
  readonly outputGuardrails: readonly never[];
};

/**
 * A tool that the gateway owns and executes, for an agent's `tools`: `tools: [gatewayTool('fetch_doc')]`.
 * This gateway has no tools yet, so the tool tells the model that none of that name is configured.
 */
export function gatewayTool(name: string): GatewayToolStub {
  return {
    type: 'function',
    name,
    description: `Gateway tool "${name}" (not configured).`,
    parameters: { type: 'object', properties: {}, required: [], additionalProperties: true },
    strict: false,
    invoke: async () => `No gateway tool named "${name}" is configured.`,
    needsApproval: async () => false,
    isEnabled: async () => true,
    inputGuardrails: [],
    outputGuardrails: [],
  };
}
