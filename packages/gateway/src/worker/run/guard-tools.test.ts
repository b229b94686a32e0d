import { Agent, hostedMcpTool, type MCPServer, tool, webSearchTool } from '@openai/agents';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { startUpstream } from '../../../test/support/scripted-upstream.ts';
import { eventsOf, loadedModule, modelAt, textOf } from '../../../test/support/worker-run.ts';
import { processRuns } from './outside-runs.ts';

function counted(name: string) {
  const calls: unknown[] = [];
  const made = tool({
    name,
    description: 'Counts its calls.',
    parameters: z.object({ city: z.string() }),
    execute: (input) => {
      calls.push(input);
      return 'done';
    },
  });
  return { tool: made, calls };
}

const oneCall = (name: string) => [
  { calls: [{ name, args: { city: 'Paris' } }] },
  { text: ['ok'] },
];

/** What the model was told of a tool's result, in its second turn. */
function toldModel(call: { readonly body: object } | undefined): unknown {
  const body = (call?.body ?? {}) as { input?: readonly { type?: string; output?: unknown }[] };
  return body.input?.find((item) => item.type === 'function_call_output')?.output;
}

describe('policy on tools', () => {
  test('keeps a denied tool from running, tells the model and ends the call as denied', async () => {
    const upstream = await startUpstream(...oneCall('lookup'));
    const lookup = counted('lookup');
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl), tools: [lookup.tool] });
    const events = await eventsOf(loadedModule(agent), {
      verdicts: { otherwise: 'allow', tools: { lookup: 'deny' } },
    });
    expect(lookup.calls).toEqual([]);
    expect(toldModel(upstream.calls[1])).toBe('The tool lookup may not be called here.');
    expect(events.find((event) => event.type === 'tool_ended')).toMatchObject({
      tool: 'lookup',
      outcome: 'denied',
    });
    expect(textOf(events)).toBe('ok');
  });

  test.each([
    [true, 1, 'ok'],
    [false, 0, 'denied'],
    ['true', 0, 'denied'],
    [null, 0, 'denied'],
  ] as const)('asks with the arguments where they decide: %s', async (answer, calls, outcome) => {
    const upstream = await startUpstream(...oneCall('lookup'));
    const lookup = counted('lookup');
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl), tools: [lookup.tool] });
    const asked: unknown[] = [];
    const events = await eventsOf(loadedModule(agent), {
      verdicts: { otherwise: 'ask', tools: {} },
      ask: async (question) => {
        asked.push(question);
        return answer;
      },
    });
    const call = { tool: 'lookup', arguments: { city: 'Paris' }, provenance: 'native' };
    const toolCallId = 'call_lookup';
    expect(asked).toEqual([{ ask: 'authorize_tool', ...call, toolCallId }]);
    expect(lookup.calls).toHaveLength(calls);
    expect(events.find((event) => event.type === 'tool_ended')).toMatchObject({ outcome });
  });

  test('tells the gateway once what became of each call that needed no question', async () => {
    const upstream = await startUpstream(
      { calls: [{ name: 'lookup', args: { city: 'Paris' } }] },
      { calls: [{ name: 'erase', args: { city: 'Paris' } }] },
      { calls: [{ name: 'open', args: { city: 'Paris' } }] },
      { text: ['ok'] },
    );
    const tools = ['lookup', 'erase', 'open'].map((name) => counted(name).tool);
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl), tools });
    const told: object[] = [];
    await eventsOf(loadedModule(agent), {
      verdicts: { otherwise: 'allow', tools: { erase: 'deny', open: 'ask' } },
      decided: (decided) => told.push(decided),
    });
    expect(told).toEqual([
      { tool: 'lookup', provenance: 'native', answer: 'allow' },
      { tool: 'erase', provenance: 'native', answer: 'deny' },
    ]);
  });

  test('goes by what holds when a tool is called, not by what held when the run began', async () => {
    const upstream = await startUpstream(
      { calls: [{ name: 'lookup', args: { city: 'Rome' }, id: 'call_rome' }] },
      ...oneCall('lookup'),
    );
    const lookup = counted('lookup');
    const agent = new Agent({
      name: 'A',
      model: modelAt(upstream.baseUrl),
      tools: [lookup.tool, webSearchTool()],
    });
    const told: string[] = [];
    await eventsOf(loadedModule(agent), {
      verdicts: () => ({ otherwise: lookup.calls.length === 0 ? 'allow' : 'deny', tools: {} }),
      decided: ({ tool, answer }) => told.push(`${tool} ${answer}`),
    });
    expect(lookup.calls).toHaveLength(1);
    expect(told).toEqual(['web_search allow', 'lookup allow', 'web_search deny', 'lookup deny']);
  });

  test('denies where the question cannot be asked', async () => {
    const upstream = await startUpstream(...oneCall('lookup'));
    const lookup = counted('lookup');
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl), tools: [lookup.tool] });
    await eventsOf(loadedModule(agent), {
      verdicts: { otherwise: 'ask', tools: {} },
      ask: () => Promise.reject(new Error('the channel is closed')),
    });
    expect(lookup.calls).toEqual([]);
  });

  test('goes by the verdicts of each run, with one guardrail per tool', async () => {
    const upstream = await startUpstream(...oneCall('lookup'), ...oneCall('lookup'));
    const lookup = counted('lookup');
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl), tools: [lookup.tool] });
    const module = loadedModule(agent);
    await eventsOf(module, { verdicts: { otherwise: 'deny', tools: {} } });
    await eventsOf(module, { verdicts: { otherwise: 'allow', tools: {} } });
    expect(lookup.calls).toHaveLength(1);
    expect(lookup.tool.inputGuardrails).toHaveLength(1);
  });

  test('holds for agents reached by handoff', async () => {
    const upstream = await startUpstream(
      { calls: [{ name: 'transfer_to_B', args: {} }] },
      ...oneCall('lookup'),
    );
    const model = modelAt(upstream.baseUrl);
    const lookup = counted('lookup');
    const second = new Agent({ name: 'B', model, tools: [lookup.tool] });
    const first = new Agent({ name: 'A', model, handoffs: [second] });
    await eventsOf(loadedModule(first), {
      verdicts: { otherwise: 'allow', tools: { lookup: 'deny' } },
    });
    expect(lookup.calls).toEqual([]);
    expect(upstream.calls).toHaveLength(3);
  });

  test('holds inside agents used as tools', async () => {
    const upstream = await startUpstream(
      { calls: [{ name: 'expert', args: { input: 'x' } }] },
      ...oneCall('lookup'),
    );
    const model = modelAt(upstream.baseUrl);
    const lookup = counted('lookup');
    const expert = new Agent({ name: 'Expert', model, tools: [lookup.tool] });
    const asTool = expert.asTool({ toolName: 'expert', toolDescription: 'Knows.' });
    const agent = new Agent({ name: 'A', model, tools: [asTool] });
    await eventsOf(loadedModule(agent), {
      verdicts: { otherwise: 'allow', tools: { lookup: 'deny' } },
    });
    expect(lookup.calls).toEqual([]);
  });

  test('holds for tools of MCP servers and names where they come from', async () => {
    const upstream = await startUpstream(...oneCall('files_read'), ...oneCall('files_read'));
    const calls: unknown[] = [];
    const server: MCPServer = {
      name: 'files',
      cacheToolsList: false,
      connect: async () => undefined,
      close: async () => undefined,
      invalidateToolsCache: async () => undefined,
      listTools: async () => [
        {
          name: 'files_read',
          description: 'Reads.',
          inputSchema: {
            type: 'object',
            properties: { city: { type: 'string' } },
            required: [],
            additionalProperties: false,
          },
        },
      ],
      callTool: async (name) => {
        calls.push(name);
        return [{ type: 'text', text: 'content' }];
      },
    };
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl), mcpServers: [server] });
    const module = loadedModule(agent);
    const denied = await eventsOf(module, { verdicts: { otherwise: 'deny', tools: {} } });
    expect(calls).toEqual([]);
    expect(denied.find((event) => event.type === 'tool_ended')).toMatchObject({
      provenance: 'mcp',
      outcome: 'denied',
    });
    await eventsOf(module);
    expect(calls).toEqual(['files_read']);
  });

  test('does not offer the model a hosted tool that is not allowed', async () => {
    const upstream = await startUpstream({ text: ['ok'] });
    const tools = [
      webSearchTool(),
      hostedMcpTool({ serverLabel: 'deepwiki', serverUrl: 'https://example.com' }),
    ];
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl), tools });
    const module = loadedModule(agent);
    const told: object[] = [];
    await eventsOf(module, {
      verdicts: { otherwise: 'allow', tools: { web_search: 'deny' } },
      decided: (decided) => told.push(decided),
    });
    await eventsOf(module);
    expect(told).toEqual([
      { tool: 'web_search', provenance: 'hosted', answer: 'deny' },
      { tool: 'hosted_mcp', provenance: 'hosted', answer: 'allow' },
    ]);
    const offered = upstream.calls.map(({ body }) =>
      (body.tools as { type: string }[]).map(({ type }) => type),
    );
    expect(offered).toEqual([['mcp'], ['web_search', 'mcp']]);
  });

  test('denies a tool whose name is longer than any rule can speak of', async () => {
    const name = 'lookup'.repeat(200);
    const upstream = await startUpstream(...oneCall(name));
    const lookup = counted(name);
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl), tools: [lookup.tool] });
    const told: object[] = [];
    await eventsOf(loadedModule(agent), {
      verdicts: { otherwise: 'allow', tools: {} },
      decided: (decided) => told.push(decided),
    });
    expect(lookup.calls).toEqual([]);
    expect(told).toEqual([{ tool: name.slice(0, 1024), provenance: 'native', answer: 'deny' }]);
  });

  test('guards a frozen tool too', async () => {
    const upstream = await startUpstream(...oneCall('lookup'));
    const lookup = counted('lookup');
    const tools = [Object.freeze(lookup.tool)];
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl), tools });
    await eventsOf(loadedModule(agent), { verdicts: { otherwise: 'deny', tools: {} } });
    expect(lookup.calls).toEqual([]);
  });

  test('wraps the call of a tool that knows no guardrails', async () => {
    const upstream = await startUpstream(...oneCall('lookup'));
    const lookup = counted('lookup');
    const { inputGuardrails, outputGuardrails, ...old } = lookup.tool;
    expect([inputGuardrails, outputGuardrails]).toEqual([[], []]);
    const agent = new Agent({
      name: 'A',
      model: modelAt(upstream.baseUrl),
      tools: [old as typeof lookup.tool],
    });
    const events = await eventsOf(loadedModule(agent), {
      verdicts: { otherwise: 'deny', tools: {} },
    });
    expect(lookup.calls).toEqual([]);
    expect(events.find((event) => event.type === 'tool_ended')).toMatchObject({
      outcome: 'denied',
    });
  });

  test('denies tools outside of every run where the gateway cannot be asked', async () => {
    const decided: unknown[] = [];
    const disconnect = processRuns.connect({
      ask: () => Promise.reject(new Error('no answer')),
      decided: (one) => decided.push(one),
    });
    onTestFinished(disconnect);
    const upstream = await startUpstream({ text: ['ok'] }, ...oneCall('lookup'));
    const lookup = counted('lookup');
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl), tools: [lookup.tool] });
    await eventsOf(loadedModule(agent), { verdicts: { otherwise: 'allow', tools: {} } });
    const { run } = await import('@openai/agents');
    const result = await run(agent, 'Paris?');
    expect(result.finalOutput).toBe('ok');
    expect(lookup.calls).toEqual([]);
    expect(decided).toEqual([{ tool: 'lookup', provenance: 'native', answer: 'deny' }]);
  });

  test('leaves the SDK alone in a process that is no worker', async () => {
    const upstream = await startUpstream({ text: ['ok'] }, ...oneCall('lookup'));
    const lookup = counted('lookup');
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl), tools: [lookup.tool] });
    await eventsOf(loadedModule(agent), { verdicts: { otherwise: 'deny', tools: {} } });
    const { run } = await import('@openai/agents');
    await run(agent, 'Paris?');
    expect(lookup.calls).toHaveLength(1);
  });
});
