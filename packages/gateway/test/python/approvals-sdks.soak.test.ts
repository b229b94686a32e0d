import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  asked,
  call,
  desk,
  interruptedBy,
  lookUp,
  refundOf,
  resumed,
  usage,
  waitingIn,
} from '../support/python-approvals.ts';
import { pythonWithSdkOf } from '../support/python-sdks.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import {
  type PythonWorker,
  spawnPythonWorker,
  writePythonModule,
} from '../support/python-worker.ts';
import { startUpstream } from '../support/scripted-upstream.ts';

const missing = await missingPython();

/** A version of openai-agents, and that of `openai` where newer ones do not work with it. */
type Version = readonly [sdk: string, openai: string | null];

const waiting: readonly Version[] = [
  ['0.8.0', '2.14.0'],
  ['0.12.5', '2.26.0'],
  ['0.16.1', '2.26.0'],
  ['0.20.0', null],
];

/** Versions that know nothing of approvals. */
const unable: readonly Version[] = [
  ['0.4.0', '2.14.0'],
  ['0.7.0', '2.14.0'],
];

async function workerOn([version, openai]: Version, source: string, baseUrl: string) {
  const python = await pythonWithSdkOf(version, openai);
  const env = { OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY: 'worker-token' };
  const load = await writePythonModule({ 'agent.py': source }, { env });
  const worker = await spawnPythonWorker(join(load.folder, '..'), { python });
  const answer = await worker.load(load);
  return { worker, answer };
}

async function loadedOn(...how: Parameters<typeof workerOn>) {
  const { worker, answer } = await workerOn(...how);
  if (answer.type !== 'loaded') throw new Error(JSON.stringify(answer.findings));
  return worker;
}

describe.skipIf(missing)(`approvals on older SDKs for Python (${missing ?? 'runs'})`, () => {
  describe.each(waiting)('openai-agents %s', (...version) => {
    test.each([true, false])('waits and goes on (streamed: %s)', async (streamed) => {
      const calls = [lookUp, ...['1', '2', '3'].map((n) => refundOf(`A${n}`, `call_A${n}`))];
      const turns = [{ text: ['Let me see.'], calls }, { text: ['Done.'] }];
      const upstream = await startUpstream(...turns);
      const worker = await loadedOn(version, desk, upstream.baseUrl);
      const input = asked({ streamed });
      const first = await worker.eventsOf('', input);
      expect(waitingIn(first)).toEqual(['call_A1', 'call_A2', 'call_A3']);
      expect(interruptedBy(first).items).toMatchObject([
        { text: 'Let me see.' },
        { role: 'tool_call', callId: 'call_2' },
        { role: 'tool_result', callId: 'call_2' },
      ]);
      const some = [
        { callId: 'call_A1', approve: true },
        { callId: 'call_A2', approve: false, reason: 'It is too old.' },
      ];
      const second = await resumed(worker, first, some, input);
      expect(waitingIn(second)).toEqual(['call_A3']);
      const rest = [{ callId: 'call_A3', approve: true }];
      const last = await resumed(worker, second, rest, input);
      expect(last.at(-1)).toMatchObject({ type: 'finished', usage: usage(1) });
      const told = [first, second, last].flatMap((events) => {
        const end = events.at(-1);
        return end && 'items' in end ? (end.items ?? []) : [];
      });
      const ids = (role: string) =>
        told.flatMap((item) => ('callId' in item && item.role === role ? [item.callId] : []));
      const each = ['call_2', 'call_A1', 'call_A2', 'call_A3'];
      expect([ids('tool_call'), ids('tool_result')]).toEqual([each, each]);
      const given = upstream.calls[1]?.body.input as readonly Record<string, unknown>[];
      expect(given.flatMap(({ output }) => (output === undefined ? [] : [output])).sort()).toEqual([
        'A1 is paid',
        'It is too old.',
        'req_2 refunded A1, 1 in all',
        'req_2 refunded A3, 2 in all',
      ]);
    });

    test('has an approval for one call, also where a model uses its id again', async () => {
      const turns = [
        { calls: [refundOf('A1', 'call_0')] },
        { calls: [refundOf('A2', 'call_0')] },
        { text: ['Done.'] },
      ];
      const { baseUrl, calls } = await startUpstream(...turns);
      const worker = await loadedOn(version, desk, baseUrl);
      const first = await worker.eventsOf('', asked());
      await resumed(worker, first, [{ callId: 'call_0', approve: true }]);
      expect(JSON.stringify(calls.map(({ body }) => body))).not.toContain('refunded A2');
    });

    test('waits within an agent that is a tool, and for tools of the caller’s own, in another process', async () => {
      const source = `${desk}
import threading

class Context(dict):
    def __init__(self, request_id):
        super().__init__(request_id=request_id, lock=threading.Lock())

expert = Agent(name="Expert", tools=[refund])
agent = Agent(name="Desk", tools=[expert.as_tool("ask_expert", "Asks the expert.")])
__gateway__ = {"context": Context}
`;
      const turns = [
        {
          calls: [
            { name: 'ask_expert', args: { input: 'Refund A1' }, id: 'call_1' },
            { name: 'show_map', args: {}, id: 'call_map' },
          ],
        },
        { calls: [refundOf('A1', 'call_2')] },
        { text: ['Refunded.'] },
        { text: ['Done.'] },
      ];
      const upstream = await startUpstream(...turns);
      const worker = await loadedOn(version, source, upstream.baseUrl);
      const showMap = {
        name: 'show_map',
        parameters: { type: 'object', properties: {} },
        strict: false,
      };
      const input = asked({ offeredTools: [showMap] });
      const first = await worker.eventsOf('', input);
      if (version[0] === '0.8.0') {
        expect(first.at(-1)).toMatchObject({
          type: 'failed',
          code: 'approval_unsupported',
          message:
            'The tool refund needs approval, but it is called within an agent that is a tool, with which openai-agents goes on from 0.9.1 alone.',
        });
        return;
      }
      const { state, approvals, clientCalls } = interruptedBy(first);
      expect(approvals).toMatchObject([call('refund', 'call_2', 'Expert')]);
      expect(clientCalls).toMatchObject([{ callId: 'call_map' }]);
      const later = await loadedOn(version, source, upstream.baseUrl);
      const last = await later.eventsOf('', {
        ...input,
        resume: {
          state,
          decisions: [{ callId: 'call_2', approve: true }],
          results: [{ callId: 'call_map', text: 'A map.' }],
        },
      });
      expect(last.at(-1)).toMatchObject({
        type: 'finished',
        items: [{ callId: 'call_1' }, { callId: 'call_1', text: 'Refunded.' }, { text: 'Done.' }],
        usage: usage(2),
      });
      expect(JSON.stringify(upstream.calls[2]?.body)).toContain('req_1 refunded A1, 1 in all');
      expect(JSON.stringify(upstream.calls[3]?.body)).toContain('A map.');
    });
  });

  test.each(unable)('openai-agents %s says what it cannot do', async (...version) => {
    const { answer } = await workerOn(version, desk, 'http://127.0.0.1:9/v1');
    expect(answer).toMatchObject({
      type: 'load_failed',
      findings: [{ code: 'sdk_mismatch', hint: expect.stringContaining('openai-agents>=0.8.0') }],
    });
    const plain = desk.replace('(needs_approval=True)', '');
    const turns = [{ calls: [lookUp] }, { text: ['Done.'] }];
    const upstream = await startUpstream(...turns);
    const worker = await loadedOn(version, plain, upstream.baseUrl);
    expect(await ruled(worker, 'require_approval')).toMatchObject([
      { type: 'tool_started' },
      { type: 'tool_ended', outcome: 'denied' },
      { type: 'text', delta: 'Done.' },
      { type: 'finished' },
    ]);
    expect(JSON.stringify(upstream.calls[1]?.body)).toContain(
      'The tool look_up needs approval by a person, for which the agent needs openai-agents 0.8.0 or newer. It was not called.',
    );
    const parameters = { type: 'object', properties: {} };
    const offeredTools = [{ name: 'show_map', parameters, strict: false }];
    expect(await worker.eventsOf('', asked({ offeredTools }))).toMatchObject([
      { type: 'failed', code: 'unsupported_parameter' },
    ]);
  });
});

function ruled(worker: PythonWorker, verdict: 'require_approval') {
  return worker.eventsOf('', {
    ...asked(),
    verdicts: { otherwise: 'allow', tools: { look_up: verdict } },
  });
}
