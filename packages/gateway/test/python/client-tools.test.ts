import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/protocol/run.ts';
import type { WorkerRun } from '../../src/protocol/worker/messages.ts';
import {
  asked,
  call,
  desk,
  deskWorker,
  ended,
  interruptedBy,
  refundOf,
  shouter,
  usage,
} from '../support/python-approvals.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import type { PythonWorker } from '../support/python-worker.ts';
import { runInput } from '../support/worker-run.ts';

const missing = await missingPython();

/** A schema that the SDK would not take for a strict one. */
const parameters = { type: 'object', properties: { city: { type: 'string', default: 'Paris' } } };

const showMap = { name: 'show_map', description: 'Shows a map.', parameters, strict: false };

const mapCall = { name: 'show_map', args: { city: 'Rome' }, id: 'call_map' };

const offers = { offeredTools: [showMap] };

function withResults(events: readonly RunEvent[], text?: string): Partial<WorkerRun> {
  const results = text === undefined ? [] : [{ callId: 'call_map', text }];
  return { runId: 'run_2', resume: { state: interruptedBy(events).state, decisions: [], results } };
}

function toolsOf(body: Readonly<Record<string, unknown>>): readonly string[] {
  return (body.tools as readonly { name: string }[]).map(({ name }) => name);
}

describe.skipIf(missing)(`tools of the caller's own, in Python (${missing ?? 'runs'})`, () => {
  test.each([true, false])(
    'a call interrupts the run, and what it gave goes on with it (streamed: %s)',
    async (streamed) => {
      const turns = [
        {
          text: ['Look.'],
          calls: [mapCall, { name: 'look_up', args: { order: 'A1' }, id: 'call_2' }],
        },
        { text: ['Done.'] },
      ];
      const { worker, upstream } = await deskWorker(desk, turns);
      const input = asked({ streamed, ...offers });
      const first = await worker.eventsOf('', input);
      expect(interruptedBy(first)).toEqual({
        type: 'interrupted',
        state: expect.any(String),
        approvals: [],
        clientCalls: [{ callId: 'call_map', tool: 'show_map', arguments: '{"city":"Rome"}' }],
        items: [
          { role: 'assistant', text: 'Look.' },
          { role: 'tool_call', callId: 'call_2', name: 'look_up', arguments: '{"order":"A1"}' },
          { role: 'tool_result', callId: 'call_2', name: 'look_up', text: 'A1 is paid' },
        ],
        usage: usage(1),
      });
      expect(first.filter(({ type }) => type === 'tool_started')).toEqual([
        { type: 'tool_started', ...call('look_up', 'call_2') },
      ]);
      expect(upstream.calls[0]?.body.tools).toContainEqual({
        type: 'function',
        name: 'show_map',
        description: 'Shows a map.',
        parameters,
        strict: false,
      });
      const again = await worker.eventsOf('', { ...input, ...withResults(first) });
      expect(interruptedBy(again).clientCalls).toMatchObject([{ callId: 'call_map' }]);
      const last = await worker.eventsOf('', { ...input, ...withResults(again, 'A map.') });
      expect(last).toEqual([
        { type: 'text', delta: 'Done.' },
        {
          type: 'finished',
          reason: 'stop',
          items: [{ role: 'assistant', text: 'Done.' }],
          usage: usage(1),
        },
      ]);
    },
  );

  test('agents reached by handoff have them, those used as tools do not; calls wait beside those for a person', async () => {
    const source = `${desk}
expert = Agent(name="Expert")
back = Agent(name="Back", tools=[refund, expert.as_tool("ask_expert", "Asks.")])
agent.handoffs = [back]
`;
    const turns = [
      { calls: [{ name: 'transfer_to_back', args: {} }] },
      { calls: [{ name: 'ask_expert', args: { input: 'Hi' } }] },
      { text: ['Expert.'] },
      { calls: [mapCall, refundOf('A1', 'call_1')] },
      { text: ['Done.'] },
    ];
    const { worker, upstream } = await deskWorker(source, turns);
    // The served agent is a copy of the module's, with the schema that the caller asks for.
    const outputFormat = { type: 'json_schema', name: 'x', schema: {}, strict: false } as const;
    const choice = { toolChoice: 'required', outputFormat } as const;
    const first = await worker.eventsOf('', asked({ ...offers, ...choice }));
    expect(upstream.calls.map(({ body }) => [body.tool_choice, toolsOf(body)])).toEqual([
      ['required', ['refund', 'look_up', 'show_map', 'transfer_to_back']],
      [undefined, ['refund', 'ask_expert', 'show_map']],
      [undefined, []],
      [undefined, ['refund', 'ask_expert', 'show_map']],
    ]);
    expect(interruptedBy(first)).toMatchObject({
      approvals: [{ ...call('refund', 'call_1', 'Back') }],
      clientCalls: [{ callId: 'call_map' }],
    });
    const { state } = interruptedBy(first);
    const decisions = [{ callId: 'call_1', approve: true }];
    const results = [{ callId: 'call_map', text: 'A map.' }];
    const last = await worker.eventsOf('', {
      ...asked({ ...offers, ...choice }),
      resume: { state, decisions, results },
    });
    expect(last.at(-1)).toMatchObject({ type: 'finished' });
    expect(last).toContainEqual(
      expect.objectContaining({ ...ended, ...call('refund', 'call_1', 'Back'), outcome: 'ok' }),
    );
    expect(upstream.calls[4]?.body.tool_choice).toBeUndefined();
  });

  test('a name that the agent has already, or one behind it, is refused before a model is asked', async () => {
    const source = `${desk}
${shouter}

back = Agent(name="Back", tools=[refund])
agent.handoffs = [back]
agent.tools = [look_up]
agent.mcp_servers = [Shouter()]
`;
    const { worker, upstream } = await deskWorker(source, [{ text: ['Done.'] }]);
    const run = (name: string) =>
      failureOf(worker, { offeredTools: [{ ...showMap, name }], toolChoice: { name } });
    const taken = [
      ['look_up', 'Desk'],
      ['refund', 'Back'],
      ['transfer_to_back', 'Desk'],
      ['shout', 'Desk'],
    ] as const;
    for (const [name, agent] of taken) {
      expect(await run(name)).toEqual({
        type: 'failed',
        code: 'invalid_value',
        message: `The agent "${agent}" has a tool or handoff called "${name}" itself: give that tool of yours another name.`,
        detail: expect.anything(),
        usage: usage(0),
      });
    }
    expect(upstream.calls).toEqual([]);
    expect(await run('show_map')).toMatchObject({ type: 'finished' });
    const choice = { type: 'function', name: 'show_map' };
    expect(upstream.calls.map(({ body }) => body.tool_choice)).toEqual([choice]);
  });
});

async function failureOf(
  worker: PythonWorker,
  changes: Parameters<typeof runInput>[0],
): Promise<RunEvent | undefined> {
  return (await worker.eventsOf('', { input: runInput(changes) })).at(-1);
}
