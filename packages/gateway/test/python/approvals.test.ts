import { describe, expect, test } from 'vitest';
import type { RunEvent, RunInput } from '../../src/protocol/run.ts';
import type { CallDecision, WorkerRun } from '../../src/protocol/worker/messages.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import { loadedWorker, type PythonWorker } from '../support/python-worker.ts';
import { startUpstream, type Turn } from '../support/scripted-upstream.ts';
import { runInput } from '../support/worker-run.ts';

const missing = await missingPython();

const desk = `
from agents import Agent, RunContextWrapper, function_tool

made = []

@function_tool(needs_approval=True)
def refund(context: RunContextWrapper, order: str) -> str:
    made.append(order)
    return f"{context.context['request_id']} refunded {order}, {len(made)} in all"

@function_tool
def look_up(order: str) -> str:
    return f"{order} is paid"

agent = Agent(name="Desk", tools=[refund, look_up])
`;

const usage = (requests: number) => ({
  requests,
  inputTokens: 10 * requests,
  outputTokens: 5 * requests,
  cachedInputTokens: 4 * requests,
  reasoningTokens: 2 * requests,
});

const call = (tool: string, callId: string, agent = 'Desk') => ({
  callId,
  tool,
  agent,
  provenance: 'native' as const,
});

const lookUp = { name: 'look_up', args: { order: 'A1' }, id: 'call_2' };
const refundOf = (order: string, id: string) => ({ name: 'refund', args: { order }, id });

const ended = { type: 'tool_ended', durationMs: expect.any(Number) };
const written = '{"order":"A1"}';

/** A worker whose model answers from a script, and how a run of it goes on. */
async function deskWorker(
  source: string,
  turns: readonly Turn[],
  changes: Parameters<typeof loadedWorker>[2] = {},
) {
  const upstream = await startUpstream(...turns);
  const { worker } = await loadedWorker({ 'agent.py': source }, upstream.baseUrl, changes);
  return { worker, upstream };
}

function asked(changes: Partial<RunInput> = {}): Partial<WorkerRun> {
  return { input: runInput({ tellsItems: true, ...changes }) };
}

/** Goes on with what interrupted a run, as another request. */
async function resumed(
  worker: PythonWorker,
  events: readonly RunEvent[],
  decisions: readonly CallDecision[],
  changes: Partial<WorkerRun> = asked(),
): Promise<RunEvent[]> {
  const context = {
    request_id: 'req_2',
    run_id: 'run_2',
    key: { id: 'key_1', name: 'alice' },
    metadata: {},
    model_id: 'default/sample',
  };
  const resume = { state: interruptedBy(events).state, decisions, results: [] };
  return worker.eventsOf('', { runId: 'run_2', context, resume, ...changes });
}

function interruptedBy(events: readonly RunEvent[]): Extract<RunEvent, { type: 'interrupted' }> {
  const last = events.at(-1);
  if (last?.type === 'interrupted') return last;
  throw new Error(`The run is not interrupted: ${JSON.stringify(events)}`);
}

/** Names of the calls that an interrupted run waits for. */
function waitingIn(events: readonly RunEvent[]): readonly string[] {
  return interruptedBy(events).approvals.map(({ callId }) => callId);
}

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
});
