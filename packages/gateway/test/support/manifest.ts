import type { AgentDescription, Manifest } from '../../src/protocol/records.ts';

/** The manifest of an agent with one tool, `get_weather`; `changes` replace what a test is about. */
export function sampleManifest(changes: Partial<Manifest> = {}): Manifest {
  return {
    kind: 'agent',
    exportName: 'agent',
    exports: ['agent'],
    agents: [sampleAgent()],
    settings: {},
    model: { name: null, source: 'default' },
    upstream: { name: 'demo', source: 'default' },
    sdk: null,
    runtime: { name: 'node', version: '24.0.0' },
    files: [],
    warnings: [],
    loadMs: 1,
    ...changes,
  };
}

export function sampleAgent(changes: Partial<AgentDescription> = {}): AgentDescription {
  return {
    name: 'Sample',
    model: null,
    tools: [{ name: 'get_weather', type: 'function', description: null, needsApproval: false }],
    handoffs: [],
    inputGuardrails: [],
    outputGuardrails: [],
    outputType: 'text',
    mcpServers: [],
    ...changes,
  };
}
