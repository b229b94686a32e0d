import { Agent, type MCPServer, type Tool, tool } from '@openai/agents';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { approved, goOn, waitingEnd } from '../../../test/support/approval-kit.ts';
import { startUpstream, type Turn } from '../../../test/support/scripted-upstream.ts';
import {
  eventsOf,
  loadedModule,
  modelAt,
  runInput,
  textOf,
} from '../../../test/support/worker-run.ts';
import type { ClientTool, RunInput } from '../../protocol/run.ts';

const editFile: ClientTool = {
  name: 'edit_file',
  description: 'Changes a file.',
  parameters: {
    type: 'object',
    properties: { path: { type: 'string', pattern: '^/' }, lines: { type: 'integer' } },
    required: ['path'],
    additionalProperties: false,
  },
  strict: false,
};

const edit = { name: 'edit_file', args: { path: '/a' } };

const offered = (changes: Partial<RunInput> = {}) =>
  runInput({ clientTools: true, offeredTools: [editFile], tellsItems: true, ...changes });

async function coder(
  turns: readonly Turn[],
  agentOf: (kit: Kit) => Agent = ({ model, tools }) => new Agent({ name: 'Coder', model, tools }),
) {
  const upstream = await startUpstream(...turns);
  const ran: string[] = [];
  const made = (name: string, needsApproval: boolean) =>
    tool({
      name,
      description: 'x',
      parameters: z.object({}),
      needsApproval,
      execute: () => {
        ran.push(name);
        return `${name} done`;
      },
    });
  const model = modelAt(upstream.baseUrl);
  const agent = agentOf({ model, tools: [made('test', false), made('push', true)] });
  return { module: loadedModule(agent), ran, upstream };
}

type Kit = { readonly model: ReturnType<typeof modelAt>; readonly tools: Tool[] };

type Body = {
  readonly tools?: readonly { readonly name: string }[];
  readonly input?: readonly object[];
  readonly tool_choice?: unknown;
};

function bodyOf(call: { readonly body: object } | undefined): Body {
  return call?.body ?? {};
}

describe.each([{ streamed: false }, { streamed: true }])(
  'a tool of the caller’s own (streamed: $streamed)',
  ({ streamed }) => {
    const input = offered({ streamed });

    test('is offered as it was sent, and a call of it interrupts the run', async () => {
      const { module, upstream } = await coder([{ text: ['Let me see.'], calls: [edit] }]);
      const events = await eventsOf(module, { input });
      const { tools } = bodyOf(upstream.calls[0]);
      expect(tools?.map(({ name }) => name)).toEqual(['test', 'push', 'edit_file']);
      expect(tools?.at(-1)).toMatchObject({ ...editFile, type: 'function' });
      expect(textOf(events)).toBe('Let me see.');
      expect(events.map(({ type }) => type)).not.toContain('tool_started');
      expect(waitingEnd(events)).toMatchObject({
        approvals: [],
        clientCalls: [{ callId: 'call_edit_file', tool: 'edit_file', arguments: '{"path":"/a"}' }],
        items: [{ role: 'assistant', text: 'Let me see.' }],
      });
    });

    test('gives what the caller brings', async () => {
      const { module, upstream } = await coder([{ calls: [edit] }, { text: ['Changed.'] }]);
      const { state } = waitingEnd(await eventsOf(module, { input }));
      const results = [{ callId: 'call_edit_file', text: '2 lines changed' }];
      const events = await goOn(module, { state, results }, { input });
      expect(events.map(({ type }) => type)).toEqual(['text', 'finished']);
      expect(events.at(-1)).toMatchObject({ items: [{ role: 'assistant', text: 'Changed.' }] });
      expect(bodyOf(upstream.calls[1]).input).toContainEqual(
        expect.objectContaining({
          type: 'function_call_output',
          call_id: 'call_edit_file',
          output: '2 lines changed',
        }),
      );
    });

    test('waits beside calls of the agent’s own, which run, and beside approvals', async () => {
      const own = [
        { name: 'test', args: {} },
        { name: 'push', args: {} },
      ];
      const { module, ran } = await coder([{ calls: [...own, edit] }, { text: ['Done.'] }]);
      const first = waitingEnd(await eventsOf(module, { input }));
      expect(ran).toEqual(['test']);
      expect(first.approvals.map(({ tool }) => tool)).toEqual(['push']);
      expect(first.clientCalls?.map(({ tool }) => tool)).toEqual(['edit_file']);
      expect(first.items).toMatchObject([{ role: 'tool_call' }, { role: 'tool_result' }]);
      const decisions = approved('call_push');
      const half = await goOn(module, { state: first.state, decisions }, { input });
      const second = waitingEnd(half);
      expect(second.approvals).toEqual([]);
      expect(second.clientCalls).toEqual(first.clientCalls);
      expect(ran).toEqual(['test', 'push']);
      const results = [{ callId: 'call_edit_file', text: 'ok' }];
      const events = await goOn(module, { state: second.state, results }, { input });
      expect(textOf(events)).toBe('Done.');
      expect(ran).toEqual(['test', 'push']);
    });

    test('is offered to agents that are handed off to, not to agents that are tools', async () => {
      const { module, upstream } = await coder(
        [
          { calls: [{ name: 'expert', args: { input: 'x' } }] },
          { text: ['Expertise.'] },
          { calls: [{ name: 'transfer_to_Editor', args: {} }] },
          { calls: [edit] },
        ],
        ({ model }) => {
          const expert = new Agent({ name: 'Expert', model });
          const tools = [expert.asTool({ toolName: 'expert', toolDescription: 'x' })];
          const handoffs = [new Agent({ name: 'Editor', model })];
          return new Agent({ name: 'Coder', model, tools, handoffs });
        },
      );
      const { clientCalls } = waitingEnd(await eventsOf(module, { input }));
      expect(clientCalls).toHaveLength(1);
      const names = upstream.calls.map((call) =>
        (bodyOf(call).tools ?? []).map(({ name }) => name),
      );
      expect(names).toEqual([
        ['expert', 'edit_file', 'transfer_to_Editor'],
        [],
        ['expert', 'edit_file', 'transfer_to_Editor'],
        ['edit_file'],
      ]);
    });
  },
);

describe('a tool of the caller’s own', () => {
  test.each([
    { what: 'a tool', name: 'push' },
    { what: 'a tool of one it hands off to', name: 'review' },
    { what: 'a handoff', name: 'transfer_to_Reviewer' },
  ])('may not have the name of $what of the agent', async ({ name }) => {
    const { module, upstream } = await coder([{ text: ['x'] }], ({ model, tools }) => {
      const review = tool({
        name: 'review',
        description: 'x',
        parameters: z.object({}),
        execute: () => 'x',
      });
      const reviewer = new Agent({ name: 'Reviewer', model, tools: [review] });
      return new Agent({ name: 'Coder', model, tools, handoffs: [reviewer] });
    });
    const input = offered({ offeredTools: [{ ...editFile, name }] });
    expect(await eventsOf(module, { input })).toMatchObject([
      { type: 'failed', code: 'invalid_value', message: expect.stringContaining(`"${name}"`) },
    ]);
    expect(upstream.calls).toEqual([]);
  });

  test('may not have the name of a tool of an MCP server of the agent', async () => {
    const server: MCPServer = {
      name: 'files',
      cacheToolsList: false,
      connect: async () => undefined,
      close: async () => undefined,
      invalidateToolsCache: async () => undefined,
      listTools: async () => [{ name: 'edit_file', inputSchema: editFile.parameters as never }],
      callTool: async () => [],
    };
    const { module, upstream } = await coder([{ text: ['x'] }], ({ model }) => {
      return new Agent({ name: 'Coder', model, mcpServers: [server] });
    });
    expect(await eventsOf(module, { input: offered() })).toMatchObject([
      { type: 'failed', code: 'invalid_value', message: expect.stringContaining('"edit_file"') },
    ]);
    expect(upstream.calls).toEqual([]);
  });

  test('is not offered in runs that the module’s own code begins', async () => {
    const { run } = await import('@openai/agents');
    const { module, upstream } = await coder(
      [{ calls: [{ name: 'consult', args: {} }] }, { text: ['inner'] }, { text: ['outer'] }],
      ({ model }) => {
        const consult = tool({
          name: 'consult',
          description: 'x',
          parameters: z.object({}),
          execute: async () => (await run(new Agent({ name: 'Inner', model }), 'x')).finalOutput,
        });
        return new Agent({ name: 'Coder', model, tools: [consult] });
      },
    );
    expect(textOf(await eventsOf(module, { input: offered() }))).toBe('outer');
    expect(bodyOf(upstream.calls[1]).tools ?? []).toEqual([]);
  });

  test('is strict where its caller wants it', async () => {
    const { module, upstream } = await coder([{ text: ['x'] }]);
    await eventsOf(module, { input: offered({ offeredTools: [{ ...editFile, strict: true }] }) });
    expect(bodyOf(upstream.calls[0]).tools?.at(-1)).toMatchObject({
      ...editFile,
      strict: true,
    });
  });
});

describe('the choice of tools', () => {
  test.each([
    { toolChoice: 'required', sent: 'required' },
    { toolChoice: { name: 'edit_file' }, sent: { type: 'function', name: 'edit_file' } },
  ] as const)('holds for the first turn alone: $toolChoice', async ({ toolChoice, sent }) => {
    const { module, upstream } = await coder([
      { calls: [{ name: 'test', args: {} }] },
      { text: ['x'] },
    ]);
    await eventsOf(module, { input: offered({ toolChoice }) });
    const choices = upstream.calls.map((call) => bodyOf(call).tool_choice);
    expect(choices).toEqual([sent, undefined]);
  });

  test('is over the author’s own, which holds from the second turn on', async () => {
    const { module, upstream } = await coder(
      [{ calls: [{ name: 'test', args: {} }] }, { text: ['x'] }],
      ({ model, tools }) => {
        const modelSettings = { toolChoice: 'test', temperature: 0.5 };
        return new Agent({ name: 'Coder', model, tools, modelSettings, resetToolChoice: false });
      },
    );
    await eventsOf(module, { input: offered({ toolChoice: 'required' }) });
    expect(upstream.calls.map(({ body }) => [body.tool_choice, body.temperature])).toEqual([
      ['required', 0.5],
      [{ type: 'function', name: 'test' }, 0.5],
    ]);
  });

  test('is none of an agent that is a tool', async () => {
    const { module, upstream } = await coder(
      [
        { calls: [{ name: 'expert', args: { input: 'x' } }] },
        { text: ['inner'] },
        { text: ['outer'] },
      ],
      ({ model }) => {
        const expert = new Agent({ name: 'Expert', model });
        const tools = [expert.asTool({ toolName: 'expert', toolDescription: 'x' })];
        return new Agent({ name: 'Coder', model, tools });
      },
    );
    await eventsOf(module, { input: offered({ toolChoice: 'required' }) });
    const choices = upstream.calls.map((call) => bodyOf(call).tool_choice);
    expect(choices).toEqual(['required', undefined, undefined]);
  });

  test('can be none', async () => {
    const { module, upstream } = await coder([{ text: ['x'] }]);
    await eventsOf(module, { input: offered({ toolChoice: 'none' }) });
    expect(bodyOf(upstream.calls[0]).tool_choice).toBe('none');
  });

  test('holds no more where the run goes on', async () => {
    const { module, upstream } = await coder([{ calls: [edit] }, { text: ['Changed.'] }]);
    const input = offered({ toolChoice: 'required' });
    const { state } = waitingEnd(await eventsOf(module, { input }));
    const results = [{ callId: 'call_edit_file', text: 'ok' }];
    expect(textOf(await goOn(module, { state, results }, { input }))).toBe('Changed.');
    expect(bodyOf(upstream.calls[1]).tool_choice).toBeUndefined();
  });

  test('is none of an agent that is handed off to', async () => {
    const { module, upstream } = await coder(
      [{ calls: [{ name: 'transfer_to_Editor', args: {} }] }, { text: ['x'] }],
      ({ model }) => {
        const handoffs = [new Agent({ name: 'Editor', model })];
        return new Agent({ name: 'Coder', model, handoffs });
      },
    );
    await eventsOf(module, { input: offered({ toolChoice: 'required' }) });
    const choices = upstream.calls.map((call) => bodyOf(call).tool_choice);
    expect(choices).toEqual(['required', undefined]);
  });
});
