import { Agent, type MCPServer, run, tool } from '@openai/agents';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { answering, approved, goOn, waitingEnd } from '../../../test/support/approval-kit.ts';
import { startUpstream } from '../../../test/support/scripted-upstream.ts';
import { eventsOf, loadedModule, modelAt, textOf } from '../../../test/support/worker-run.ts';
import type { ToolVerdicts } from '../../protocol/worker/messages.ts';
import { gatewayTool } from '../agent-api.ts';

const call = { name: 'pay', args: { amount: ' 7 ' } };

/** A tool that tells what it is called with, and an agent that calls it in its first turns. */
async function cashier(
  options: { needsApproval?: boolean; args?: object | string; turns?: number } = {},
) {
  const { needsApproval = false, args = call.args, turns = 1 } = options;
  const asking = Array.from({ length: turns }, () => ({ calls: [{ name: 'pay', args }] }));
  const upstream = await startUpstream(...asking, { text: ['Paid.'] });
  const paid: unknown[] = [];
  const pay = tool({
    name: 'pay',
    description: 'x',
    // The SDK gives tools what their schema makes of the arguments.
    parameters: z.object({ amount: z.string().trim() }),
    needsApproval,
    execute: ({ amount }) => {
      paid.push(amount);
      return 'paid';
    },
  });
  const model = modelAt(upstream.baseUrl);
  const module = loadedModule(new Agent({ name: 'Cashier', model, tools: [pay] }));
  return { module, paid, upstream, pay, model };
}

const verdicts = (verdict: ToolVerdicts['otherwise'], name = 'pay'): ToolVerdicts => ({
  otherwise: 'allow',
  tools: { [name]: verdict },
});

describe('a tool that a rule has approved', () => {
  const rule = { verdicts: verdicts('require_approval') };

  test('waits before each call, and is asked about once more at the call', async () => {
    const { module, paid } = await cashier();
    const { state, approvals } = waitingEnd(await eventsOf(module, rule));
    expect(approvals).toMatchObject([{ tool: 'pay', arguments: '{"amount":" 7 "}' }]);
    expect(paid).toEqual([]);
    const gateway = answering({ authorize_tool: true });
    const decisions = approved('call_pay');
    const events = await goOn(module, { state, decisions }, { ...rule, ask: gateway.ask });
    expect(textOf(events)).toBe('Paid.');
    expect(paid).toEqual(['7']);
    expect(gateway.asked).toEqual([
      {
        ask: 'authorize_tool',
        tool: 'pay',
        arguments: { amount: ' 7 ' },
        provenance: 'native',
        toolCallId: 'call_pay',
      },
    ]);
  });

  test('does not run where the gateway knows of no approval', async () => {
    const { module, paid, upstream } = await cashier();
    const { state } = waitingEnd(await eventsOf(module, rule));
    const { ask } = answering({ authorize_tool: false });
    const events = await goOn(module, { state, decisions: approved('call_pay') }, { ...rule, ask });
    expect(paid).toEqual([]);
    expect(events.find(({ type }) => type === 'tool_ended')).toMatchObject({ outcome: 'denied' });
    expect(JSON.stringify(upstream.calls[1]?.body)).toContain('without the approval of a person');
  });

  test('waits in one run and runs in another at the same time, by the rules of each', async () => {
    const { module, paid } = await cashier({ turns: 2 });
    const [waiting, free] = await Promise.all([
      eventsOf(module, { ...rule, runId: 'run_1' }),
      eventsOf(module, { verdicts: verdicts('allow'), runId: 'run_2' }),
    ]);
    waitingEnd(waiting);
    expect(textOf(free)).toBe('Paid.');
    expect(paid).toEqual(['7']);
  });

  test('is not asked about where its arguments are no JSON', async () => {
    const { module, paid } = await cashier({ args: '{"amount":' });
    const { ask } = answering({ authorize_tool: false });
    expect(textOf(await eventsOf(module, { ...rule, ask }))).toBe('Paid.');
    expect(paid).toEqual([]);
  });
});

describe('a tool whose arguments decide', () => {
  const rule = { verdicts: verdicts('ask_approval') };

  test('runs where nobody has to approve it', async () => {
    const { module, paid } = await cashier();
    const gateway = answering({ approval_needed: false, authorize_tool: true });
    expect(textOf(await eventsOf(module, { ...rule, ask: gateway.ask }))).toBe('Paid.');
    expect(paid).toEqual(['7']);
    expect(gateway.asked[0]).toEqual({
      ask: 'approval_needed',
      tool: 'pay',
      arguments: { amount: '7' },
      provenance: 'native',
    });
    expect(gateway.asked.map(({ ask }) => ask)).toEqual(['approval_needed', 'authorize_tool']);
  });

  test.each([
    { what: 'the gateway says so', answers: { approval_needed: true } },
    { what: 'the gateway cannot be asked', answers: {} },
  ])('waits where $what', async ({ answers }) => {
    const { module, paid } = await cashier();
    const { ask } = answering(answers);
    waitingEnd(await eventsOf(module, { ...rule, ask }));
    expect(paid).toEqual([]);
  });

  test('waits where its own author wants it, and the gateway is not asked', async () => {
    const { module } = await cashier({ needsApproval: true });
    const { ask, asked } = answering({ approval_needed: false });
    waitingEnd(await eventsOf(module, { ...rule, ask }));
    expect(asked).toEqual([]);
  });
});

test.each(['allow', 'ask'] as const)(
  'the author’s own word holds beside a rule that says %s',
  async (verdict) => {
    const { module } = await cashier({ needsApproval: true });
    waitingEnd(await eventsOf(module, { verdicts: verdicts(verdict) }));
  },
);

describe('a rule holds for', () => {
  test('an agent that is a tool', async () => {
    const upstream = await startUpstream({ calls: [{ name: 'expert', args: { input: 'x' } }] });
    const model = modelAt(upstream.baseUrl);
    const expert = new Agent({ name: 'Expert', model });
    const tools = [expert.asTool({ toolName: 'expert', toolDescription: 'x' })];
    const module = loadedModule(new Agent({ name: 'Desk', model, tools }));
    const events = await eventsOf(module, { verdicts: verdicts('require_approval', 'expert') });
    expect(waitingEnd(events).approvals).toMatchObject([{ tool: 'expert', agent: 'Desk' }]);
    expect(events.map(({ type }) => type)).toEqual(['interrupted']);
  });

  test('a tool inside an agent that is a tool', async () => {
    const inner = await cashier();
    const upstream = await startUpstream({ calls: [{ name: 'expert', args: { input: 'x' } }] });
    const expert = inner.module.value as Agent;
    const tools = [expert.asTool({ toolName: 'expert', toolDescription: 'x' })];
    const model = modelAt(upstream.baseUrl);
    const module = loadedModule(new Agent({ name: 'Desk', model, tools }));
    const events = await eventsOf(module, { verdicts: verdicts('require_approval') });
    expect(waitingEnd(events).approvals).toMatchObject([{ tool: 'pay', agent: 'Cashier' }]);
  });

  test('the tool of an MCP server', async () => {
    const upstream = await startUpstream({ calls: [call] }, { text: ['Paid.'] });
    const paid: unknown[] = [];
    const agent = new Agent({
      name: 'Desk',
      model: modelAt(upstream.baseUrl),
      mcpServers: [bank(paid)],
    });
    const module = loadedModule(agent);
    const rule = { verdicts: verdicts('require_approval') };
    const { state, approvals } = waitingEnd(await eventsOf(module, rule));
    expect(approvals).toMatchObject([{ tool: 'pay', provenance: 'mcp' }]);
    const { ask } = answering({ authorize_tool: true });
    const events = await goOn(module, { state, decisions: approved('call_pay') }, { ...rule, ask });
    expect(textOf(events)).toBe('Paid.');
    expect(paid).toEqual([{ amount: ' 7 ' }]);
  });

  test('a tool of the gateway', async () => {
    const upstream = await startUpstream({ calls: [call] }, { text: ['Paid.'] });
    const model = modelAt(upstream.baseUrl);
    const agent = new Agent({ name: 'Desk', model, tools: [gatewayTool('pay')] });
    const module = loadedModule(agent);
    const rule = { verdicts: verdicts('require_approval') };
    const { state, approvals } = waitingEnd(await eventsOf(module, rule));
    expect(approvals).toMatchObject([{ tool: 'pay', provenance: 'gateway' }]);
    const gateway = answering({ call_tool: { outcome: 'ok', text: 'paid' } });
    const decisions = approved('call_pay');
    const events = await goOn(module, { state, decisions }, { ...rule, ask: gateway.ask });
    expect(textOf(events)).toBe('Paid.');
    expect(gateway.asked).toMatchObject([{ ask: 'call_tool', toolCallId: 'call_pay' }]);
  });
});

describe('nobody goes on with', () => {
  test('a run of the module’s own: the call is refused in it', async () => {
    const inner = await cashier();
    const upstream = await startUpstream(
      { calls: [{ name: 'consult', args: {} }] },
      { text: ['Not paid.'] },
    );
    const consult = tool({
      name: 'consult',
      description: 'x',
      parameters: z.object({}),
      execute: async () => (await run(inner.module.value as Agent, 'Pay.')).finalOutput ?? '',
    });
    const model = modelAt(upstream.baseUrl);
    const module = loadedModule(new Agent({ name: 'Desk', model, tools: [consult] }));
    const { ask } = answering({ authorize_tool: false });
    const events = await eventsOf(module, { verdicts: verdicts('require_approval'), ask });
    expect(textOf(events)).toBe('Not paid.');
    expect(inner.paid).toEqual([]);
    expect(JSON.stringify(inner.upstream.calls[1]?.body)).toContain('approval of a person');
  });

  test.each([
    { what: 'a rule', needsApproval: false, rule: verdicts('require_approval') },
    { what: 'its author', needsApproval: true, rule: verdicts('allow') },
  ])('a run of a workflow: $what ends it with what to do', async ({ needsApproval, rule }) => {
    const { module, paid } = await cashier({ needsApproval });
    const workflow = async () => ({
      output_text: (await run(module.value as Agent, 'Pay.')).finalOutput,
    });
    const { ask } = answering({ authorize_tool: false });
    const served = loadedModule(workflow, { kind: 'workflow' });
    expect((await eventsOf(served, { verdicts: rule, ask })).at(-1)).toMatchObject({
      type: 'failed',
      code: 'approval_unsupported',
      message: expect.stringContaining('Export the agent itself'),
    });
    expect(paid).toEqual([]);
  });
});

/** A server with one tool, which tells what it is called with. */
function bank(paid: unknown[]): MCPServer {
  return {
    name: 'bank',
    cacheToolsList: false,
    connect: async () => undefined,
    close: async () => undefined,
    invalidateToolsCache: async () => undefined,
    listTools: async () => [
      {
        name: 'pay',
        description: 'x',
        inputSchema: {
          type: 'object',
          properties: { amount: { type: 'string' } },
          required: [],
          additionalProperties: false,
        },
      },
    ],
    callTool: async (_name, args) => {
      paid.push(args);
      return [{ type: 'text', text: 'paid' }];
    },
  };
}
