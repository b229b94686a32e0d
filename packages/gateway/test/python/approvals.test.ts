import { describe, expect, onTestFinished, test } from 'vitest';
import {
  asked,
  call,
  desk,
  deskWorker,
  ended,
  interruptedBy,
  lookUp,
  refundOf,
  resumed,
  shouter,
  usage,
  waitingIn,
  written,
} from '../support/python-approvals.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import { loadedWorker } from '../support/python-worker.ts';
import { openUpstream, type Turn } from '../support/scripted-upstream.ts';

const missing = await missingPython();

describe.skipIf(missing)(`approvals of a Python agent (${missing ?? 'runs'})`, () => {
  test.each([
    ['responses', true],
    ['responses', false],
    ['chat_completions', true],
    ['chat_completions', false],
  ] as const)(
    'a run over %s waits for a person and goes on where it was (streamed: %s)',
    async (api, streamed) => {
      const turns: readonly Turn[] = [
        {
          text: ['Let me see.'],
          calls: [refundOf('A1', 'call_1'), lookUp],
        },
        { text: ['Done.'] },
      ];
      const { worker, upstream } = await deskWorker(desk, turns, { upstreams: { openai: api } });
      const events = await worker.eventsOf('', asked({ streamed }));
      const told = expect.arrayContaining([
        { type: 'tool_started', ...call('look_up', 'call_2') },
        {
          ...ended,
          ...call('look_up', 'call_2'),
          outcome: 'ok',
          argumentBytes: 14,
          resultBytes: 10,
        },
        { type: 'text', delta: 'Let me see.' },
      ]);
      expect(events.slice(0, -1)).toEqual(told);
      expect(events).toHaveLength(4);
      expect(events.at(-1)).toEqual({
        type: 'interrupted',
        state: expect.any(String),
        approvals: [{ ...call('refund', 'call_1'), arguments: written }],
        items: [
          { role: 'assistant', text: 'Let me see.' },
          { role: 'tool_call', callId: 'call_2', name: 'look_up', arguments: written },
          { role: 'tool_result', callId: 'call_2', name: 'look_up', text: 'A1 is paid' },
        ],
        usage: usage(1),
      });
      const decisions = [{ callId: 'call_1', approve: true }];
      const next = await resumed(worker, events, decisions, asked({ streamed }));
      const text = 'req_2 refunded A1, 1 in all';
      const sizes = { argumentBytes: 14, resultBytes: text.length };
      expect(next).toEqual([
        { type: 'tool_started', ...call('refund', 'call_1') },
        { ...ended, ...call('refund', 'call_1'), outcome: 'ok', ...sizes },
        { type: 'text', delta: 'Done.' },
        {
          type: 'finished',
          reason: 'stop',
          items: [
            { role: 'tool_call', callId: 'call_1', name: 'refund', arguments: written },
            { role: 'tool_result', callId: 'call_1', name: 'refund', text },
            { role: 'assistant', text: 'Done.' },
          ],
          usage: usage(1),
        },
      ]);
      expect(upstream.calls).toHaveLength(2);
    },
  );

  test('what nobody decided on interrupts it again; a denial tells the model why; `always` holds for the rest', async () => {
    const turns = [
      { calls: ['1', '2', '3'].map((number) => refundOf(`A${number}`, `call_${number}`)) },
      { calls: [refundOf('A4', 'call_4')] },
      { text: ['Done.'] },
    ];
    const { worker, upstream } = await deskWorker(desk, turns);
    const first = await worker.eventsOf('', asked());
    expect(waitingIn(first)).toEqual(['call_1', 'call_2', 'call_3']);
    const second = await resumed(worker, first, [
      { callId: 'call_2', approve: false, reason: 'It is too old.' },
    ]);
    expect(waitingIn(second)).toEqual(['call_1', 'call_3']);
    expect(second.slice(0, -1)).toEqual([
      { type: 'tool_started', ...call('refund', 'call_2') },
      { ...ended, ...call('refund', 'call_2'), outcome: 'denied', argumentBytes: 14 },
    ]);
    const third = await resumed(worker, second, [{ callId: 'call_3', approve: true }]);
    expect(waitingIn(third)).toEqual(['call_1']);
    const last = await resumed(worker, third, [{ callId: 'call_1', approve: true, always: true }]);
    expect(last.at(-1)).toMatchObject({
      type: 'finished',
      items: [
        { role: 'tool_call', callId: 'call_1' },
        { role: 'tool_result', callId: 'call_1', text: 'req_2 refunded A1, 2 in all' },
        { role: 'tool_call', callId: 'call_4' },
        { role: 'tool_result', callId: 'call_4', text: 'req_2 refunded A4, 3 in all' },
        { role: 'assistant', text: 'Done.' },
      ],
      usage: usage(2),
    });
    const given = upstream.calls[1]?.body.input as readonly Record<string, unknown>[];
    expect(
      Object.fromEntries(
        given.flatMap(({ type, call_id, output }) =>
          type === 'function_call_output' ? [[call_id, output]] : [],
        ),
      ),
    ).toEqual({
      call_1: 'req_2 refunded A1, 2 in all',
      call_2: 'It is too old.',
      call_3: 'req_2 refunded A3, 1 in all',
    });
  });

  test('an agent used as a tool waits too, behind a handoff, in a context of the module that is no JSON', async () => {
    const source = `${desk}
import threading

class Context(dict):
    def __init__(self, request_id):
        super().__init__(request_id=request_id, lock=threading.Lock())

expert = Agent(name="Expert", tools=[refund])
back = Agent(name="Back", tools=[expert.as_tool("ask_expert", "Asks the expert.")])
back.handoffs = [agent]
agent.handoffs = [back]
__gateway__ = {"context": Context}
`;
    const turns = [
      { calls: [{ name: 'transfer_to_back', args: {}, id: 'call_0' }] },
      { calls: [{ name: 'ask_expert', args: { input: 'Refund A1' }, id: 'call_1' }] },
      { calls: [refundOf('A1', 'call_2')] },
      { text: ['Refunded.'] },
      { text: ['Done.'] },
    ];
    const { worker, upstream } = await deskWorker(source, turns);
    const first = await worker.eventsOf('', asked({ streamed: true }));
    const expert = call('ask_expert', 'call_1', 'Back');
    expect(first).toMatchObject([
      { type: 'handed_off', fromAgent: 'Desk', toAgent: 'Back' },
      { type: 'tool_started', ...expert },
      { approvals: [{ ...call('refund', 'call_2', 'Expert'), arguments: written }] },
    ]);
    expect(interruptedBy(first).state).not.toContain('req_1');
    const again = await resumed(worker, first, [], asked({ streamed: true }));
    expect(again).toMatchObject([
      { type: 'tool_started', ...expert },
      { approvals: [{ callId: 'call_2' }], usage: usage(0) },
    ]);
    const decisions = [{ callId: 'call_2', approve: true }];
    const { worker: later } = await loadedWorker({ 'agent.py': source }, upstream.baseUrl);
    expect(await resumed(later, again, decisions, asked({ streamed: true }))).toMatchObject([
      { type: 'tool_started', ...expert },
      { type: 'tool_ended', ...expert, outcome: 'ok' },
      { type: 'text', delta: 'Done.' },
      {
        type: 'finished',
        items: [
          { role: 'tool_call', callId: 'call_1' },
          { role: 'tool_result', callId: 'call_1', text: 'Refunded.' },
          { role: 'assistant', text: 'Done.' },
        ],
        usage: usage(2),
      },
    ]);
    expect(upstream.calls[3]?.body.input).toContainEqual({
      type: 'function_call_output',
      call_id: 'call_2',
      output: 'req_2 refunded A1, 1 in all',
    });
  });

  test('goes on with a handoff that came with a call that waits, and with a tool whose result ends the run', async () => {
    const source = `${desk}
agent.handoffs = [Agent(name="Back", tools=[refund], tool_use_behavior="stop_on_first_tool")]
`;
    const handoff = { name: 'transfer_to_back', args: {}, id: 'call_0' };
    const turns = [
      { calls: [refundOf('A1', 'call_1'), handoff] },
      { calls: [refundOf('A2', 'call_2')] },
    ];
    const { worker } = await deskWorker(source, turns);
    const first = await worker.eventsOf('', asked());
    const second = await resumed(worker, first, [{ callId: 'call_1', approve: true }]);
    expect(second).toMatchObject([
      { type: 'tool_started', ...call('refund', 'call_1') },
      { type: 'tool_ended', outcome: 'ok' },
      { type: 'handed_off', fromAgent: 'Desk', toAgent: 'Back' },
      {
        type: 'interrupted',
        items: [
          { role: 'tool_call', callId: 'call_1' },
          { role: 'tool_call', callId: 'call_0' },
          { role: 'tool_result', callId: 'call_1' },
          { role: 'tool_result', callId: 'call_0' },
        ],
      },
    ]);
    const last = await resumed(worker, second, [{ callId: 'call_2', approve: true }]);
    const text = 'req_2 refunded A2, 2 in all';
    expect(last).toMatchObject([
      { type: 'tool_started', ...call('refund', 'call_2', 'Back') },
      { type: 'tool_ended', outcome: 'ok' },
      { type: 'text', delta: text },
      { items: [{ role: 'tool_call' }, { role: 'tool_result', text }], usage: usage(0) },
    ]);
  });

  test('several agents as tools wait, and go on, each for itself and in another process', async () => {
    const source = `${desk}
expert = Agent(name="Expert", tools=[refund])
other = Agent(name="Other", tools=[refund])
agent = Agent(
    name="Desk",
    tools=[expert.as_tool("ask_expert", "Asks."), other.as_tool("ask_other", "Asks."), look_up],
)
`;
    const calls = ['expert', 'other'].map((name) => ({
      name: `ask_${name}`,
      args: { input: name },
      id: `call_${name}`,
    }));
    const upstream = await openUpstream(({ body }) => {
      const said = JSON.stringify(body.input);
      if (JSON.stringify(body.tools).includes('ask_expert')) {
        return said.includes('function_call_output')
          ? { text: ['Done.'] }
          : { calls: [...calls, lookUp] };
      }
      if (said.includes('function_call_output')) return { text: ['Seen to.'] };
      return { calls: [refundOf('A1', said.includes('expert') ? 'refund_1' : 'refund_2')] };
    });
    onTestFinished(upstream.stop);
    const { worker } = await loadedWorker({ 'agent.py': source }, upstream.baseUrl);
    const first = await worker.eventsOf('', asked());
    expect(waitingIn(first)).toEqual(['refund_1', 'refund_2']);
    const second = await resumed(worker, first, [{ callId: 'refund_1', approve: true }]);
    expect(waitingIn(second)).toEqual(['refund_2']);
    expect(interruptedBy(second).items).toMatchObject([
      { role: 'tool_call', callId: 'call_expert' },
      { role: 'tool_result', callId: 'call_expert', text: 'Seen to.' },
    ]);
    const { worker: later } = await loadedWorker({ 'agent.py': source }, upstream.baseUrl);
    const denial = { callId: 'refund_2', approve: false, reason: 'Not that.' };
    const last = await resumed(later, second, [denial]);
    expect(last.at(-1)).toMatchObject({
      type: 'finished',
      items: [
        { role: 'tool_call', callId: 'call_other' },
        { role: 'tool_result', callId: 'call_other' },
        { role: 'assistant', text: 'Done.' },
      ],
    });
    const outputs = upstream.calls
      .slice(3, -1)
      .map(({ body }) => (body.input as readonly Record<string, unknown>[]).at(-1)?.output);
    expect(outputs).toEqual(['req_2 refunded A1, 1 in all', 'Not that.']);
  });

  test('goes on with the agent that handed back to the one that is served', async () => {
    const source = `${desk}
back = Agent(name="Back", handoffs=[agent])
agent.handoffs = [back]
`;
    const turns = [
      { calls: [{ name: 'transfer_to_back', args: {}, id: 'call_1' }] },
      { calls: [{ name: 'transfer_to_desk', args: {}, id: 'call_2' }] },
      { calls: [refundOf('A1', 'call_3')] },
      { text: ['{"done":true}'] },
    ];
    const { worker } = await deskWorker(source, turns);
    const outputFormat = { type: 'json_schema', name: 'x', schema: {}, strict: false } as const;
    const input = asked({ outputFormat });
    const first = await worker.eventsOf('', input);
    const decisions = [{ callId: 'call_3', approve: true }];
    expect(await resumed(worker, first, decisions, input)).toMatchObject([
      { type: 'tool_started', ...call('refund', 'call_3') },
      { type: 'tool_ended', outcome: 'ok' },
      { type: 'text', delta: '{"done":true}' },
      { type: 'finished' },
    ]);
  });

  test('a run whose state is too long to be kept fails', async () => {
    const source = desk.replace('return f"{order} is paid"', 'return "x" * 7_000_000');
    const { worker } = await deskWorker(source, [{ calls: [lookUp, refundOf('A1', 'call_1')] }]);
    expect((await worker.eventsOf('', asked())).at(-1)).toMatchObject({
      type: 'failed',
      code: 'run_failed',
      message:
        'The run waits for an approval, and its state is larger than 6 MiB, so that it cannot be kept. Let its tools give less.',
    });
  });

  test('tools of MCP servers wait, of hosted ones and of those of the module', async () => {
    const source = `
from agents import Agent, HostedMCPTool
${shouter}

config = {"type": "mcp", "server_label": "files", "server_url": "https://mcp.example.com", "require_approval": "always"}
agent = Agent(
    name="Desk",
    tools=[HostedMCPTool(tool_config=config)],
    mcp_servers=[Shouter(require_approval="always")],
)
`;
    const request = { type: 'mcp_approval_request', id: 'mcpr_1', server_label: 'files' };
    const shout = { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'shout' };
    const output = [
      { ...request, name: 'read', arguments: '{"path":"a"}' },
      { ...shout, arguments: '{}', status: 'completed' },
    ];
    const body = JSON.stringify({ id: 'resp_1', object: 'response', status: 'completed', output });
    const turns = [{ answer: { status: 200, body } }, { text: ['Done.'] }];
    const { worker, upstream } = await deskWorker(source, turns);
    const events = await worker.eventsOf('', asked());
    const waiting = [
      { ...call('shout', 'call_1'), provenance: 'mcp', arguments: '{}' },
      { ...call('read', 'mcpr_1'), provenance: 'hosted', arguments: '{"path":"a"}' },
    ];
    expect(interruptedBy(events).approvals).toEqual(expect.arrayContaining(waiting));
    const next = await resumed(worker, events, [
      { callId: 'call_1', approve: true },
      { callId: 'mcpr_1', approve: false, reason: 'Not that file.' },
    ]);
    expect(next.at(-1)).toMatchObject({ type: 'finished' });
    expect(next).toContainEqual({
      type: 'tool_started',
      ...call('shout', 'call_1'),
      provenance: 'mcp',
    });
    const denied = { approval_request_id: 'mcpr_1', approve: false, reason: 'Not that file.' };
    expect(upstream.calls[1]?.body.input).toContainEqual({
      type: 'mcp_approval_response',
      ...denied,
    });
  });

  test('a state that cannot be read is a failure, and no tool is called', async () => {
    const turns = [{ calls: [refundOf('A1', 'call_1')] }, { text: ['Done.'] }];
    const { worker, upstream } = await deskWorker(desk, turns);
    const { state } = interruptedBy(await worker.eventsOf('', asked()));
    const later = state.replace(/"\$schemaVersion":"[\d.]+"/, '"$schemaVersion":"99.0"');
    const noAgent = state.replaceAll('"Desk"', '"Gone"');
    const unread = [
      [state.slice(0, -1), 'it is no state of such an agent'],
      ['{}', 'it is no state of such an agent'],
      [noAgent, 'its SDK says: Run state agent not found in agent map'],
      [later, expect.stringContaining('its SDK says: Run state schema version')],
    ] as const;
    for (const [kept, why] of unread) {
      const resume = { state: kept, decisions: [{ callId: 'call_1', approve: true }], results: [] };
      const [failure, ...others] = await worker.eventsOf('', { ...asked(), resume });
      expect(others).toEqual([]);
      expect(failure).toMatchObject({ code: 'run_state_unreadable', usage: usage(0) });
      const [, told, advice] =
        /^The run that was interrupted cannot be gone on with: (.*?)\. (Ask anew; .*)$/.exec(
          failure?.type === 'failed' ? failure.message : '',
        ) ?? [];
      expect(told).toEqual(why);
      expect(advice).toBe(
        'Ask anew; the agent has to be the one that was interrupted, with the same SDK.',
      );
    }
    expect(upstream.calls).toHaveLength(1);
  });
});
