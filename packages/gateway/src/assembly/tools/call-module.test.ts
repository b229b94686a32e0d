import { expect, test } from 'vitest';
import { scriptedLoad } from '../../../test/support/scripted-pool.ts';
import { keyOf } from '../../../test/support/tools-kit.ts';
import type { GatewayEvent } from '../../events.ts';
import type { Decision, Question } from '../../protocol/policy.ts';
import type { PoolRun } from '../../protocol/pool.ts';
import { noUsage, type RunEvent } from '../../protocol/run.ts';
import type { HostedTool } from '../../protocol/tools/hosted-tools.ts';
import { createCallModule } from './call-module.ts';

const ended = { callId: 'c', tool: 't', agent: '', provenance: 'native', durationMs: 1 } as const;
const finished: RunEvent = { type: 'finished', reason: 'stop', usage: noUsage };
const text = (delta: string): RunEvent => ({ type: 'text', delta });

/** Calls a module whose worker says this, once it was asked what `during` does with the run. */
async function callOf(
  events: readonly RunEvent[],
  { during, rule = null }: { during?: (run: PoolRun) => unknown; rule?: Decision['rule'] } = {},
) {
  const asked: Question[] = [];
  const emitted: GatewayEvent[] = [];
  const entered: ((tool: HostedTool) => string)[] = [];
  let left = 0;
  const call = createCallModule({
    run: (_load, request) => ({
      async sendTo(sink) {
        await during?.(request);
        for (const event of events) await sink.write(event);
        request.ending.end(finished as never);
      },
      decide: () => undefined,
    }),
    enterHosted({ decide }) {
      entered.push(decide);
      return () => {
        left += 1;
      };
    },
    unknownHostedTools: () => 'allow',
    decide(question) {
      asked.push(question);
      return { answer: rule ? 'deny' : 'allow', rule };
    },
    emit: (event) => emitted.push(event),
  })(scriptedLoad('', { agentId: 'tool:t', name: 't' }));
  const context = { caller: keyOf('key_9'), requestId: 'req_1', maxBytes: 10 };
  const result = await call({ a: 1 }, new AbortController().signal, context).catch(
    (error: unknown) => error,
  );
  return { result, asked, emitted, entered, left: () => left };
}

test('the texts of a call are its result, as far as there is room', async () => {
  const done: RunEvent = { type: 'tool_ended', ...ended, outcome: 'ok' };
  expect((await callOf([text('a'), text('b'), done, finished])).result).toBe('ab');
  expect((await callOf([text('123456'), text('789012'), text('never')])).result).toBe(
    '123456789012',
  );
});

test.each([
  ['worker_crashed', 'Its process ended unexpectedly.'],
  ['agent_unavailable', 'It is not available just now; try again later.'],
  ['overloaded', 'Too much is going on; try again shortly.'],
  ['tool_failed', 'Its module failed.'],
] as const)('a run that failed with %s is told as what it is', async (code, message) => {
  const { result, left } = await callOf([{ type: 'failed', code, message: 'x', usage: noUsage }]);
  expect(result).toMatchObject({ name: 'ToolError', message });
  expect(left()).toBe(1);
});

test('a tool that failed has what the SDK says of it, and is late where it took too long', async () => {
  const late: RunEvent = { type: 'tool_ended', ...ended, outcome: 'timeout' };
  expect((await callOf([text('Too late.'), late])).result).toMatchObject({
    message: 'Too late.',
    isTimeout: true,
  });
});

test('what its code does itself is asked about as of an agent, for the key that calls', async () => {
  const answers: unknown[] = [];
  const during = async ({ answer }: PoolRun) => {
    answers.push(await answer({ ask: 'authorize_tool', tool: 'inner', arguments: { b: 2 } }));
    answers.push(await answer({ ask: 'call_tool', tool: 'other', arguments: {} }).catch(String));
  };
  const { asked, emitted } = await callOf([finished], { during });
  expect(answers).toEqual([
    { type: 'value', value: true },
    'GatewayError: The module of a tool cannot call other tools of the gateway.',
  ]);
  expect(asked).toMatchObject([
    { principal: { id: 'tool:t', key: { id: 'key_9' } }, resource: 'inner', args: { b: 2 } },
  ]);
  expect(emitted).toHaveLength(1);
});

test('a hosted tool that its models are told of is decided about for the key, and recorded once', async () => {
  const rule = {
    id: 'no',
    effect: 'deny',
    action: 'call_tool',
    tier: 3,
    source: 'config',
  } as const;
  const { entered, asked, emitted } = await callOf([finished], {
    rule: { ...rule, principals: ['*'], resources: ['*'] },
  });
  const search = { name: 'web_search', aliases: [], isKnown: true };
  expect([entered[0]?.(search), entered[0]?.(search)]).toEqual(['deny', 'deny']);
  expect(asked[0]).toMatchObject({
    principal: { id: 'tool:t', key: { id: 'key_9' } },
    context: { provenance: 'hosted' },
  });
  expect(emitted).toHaveLength(1);
});
