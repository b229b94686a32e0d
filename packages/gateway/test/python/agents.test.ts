import { describe, expect, test } from 'vitest';
import type { RunInput } from '../../src/protocol/run.ts';
import type { WorkerRun } from '../../src/protocol/worker/messages.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import { loadedWorker } from '../support/python-worker.ts';
import { startUpstream } from '../support/scripted-upstream.ts';
import { runInput, textOf } from '../support/worker-run.ts';

const missing = await missingPython();

/** What a run says, and changes of its input. */
function asked(text: string, changes: Partial<RunInput> = {}): Partial<WorkerRun> {
  const items = [{ role: 'user' as const, parts: [{ type: 'text' as const, text }] }];
  return { input: runInput({ items, streamed: true, ...changes }) };
}

const desk = `
from agents import Agent, GuardrailFunctionOutput, function_tool, input_guardrail
from pydantic import BaseModel

class Answer(BaseModel):
    total: int

@input_guardrail(name="politeness")
async def polite(context, agent, given):
    text = given.lower()
    return GuardrailFunctionOutput(output_info=None, tripwire_triggered="rude" in text)

@function_tool
def look_up(number: int) -> str:
    raise ValueError(f"no order {number}")

@function_tool(failure_error_function=None)
def strict_look_up(number: int) -> str:
    raise LookupError("gone")

billing = Agent(name="Billing", tools=[look_up, strict_look_up])
triage = Agent(name="Triage", handoffs=[billing], input_guardrails=[polite])
counter = Agent(name="Counter", output_type=Answer, handoffs=[triage])
triage.tools.append(counter.as_tool("count", "Counts."))
agent = triage
`;

const toBilling = { calls: [{ name: 'transfer_to_billing', args: {} }] };

describe.skipIf(missing)(`agents of the SDK in a Python worker (${missing ?? 'runs'})`, () => {
  test('tells handoffs, what a tool raised, and guardrails, refusals and limits by their names', async () => {
    const upstream = await startUpstream(
      toBilling,
      { calls: [{ name: 'look_up', args: { number: 3 } }] },
      { text: ['Sorry.'] },
      toBilling,
      { calls: [{ name: 'strict_look_up', args: { number: 3 } }] },
      { refusal: 'I may not.' },
      toBilling,
      {
        answer: {
          status: 429,
          body: '{}',
          headers: { 'retry-after': '7', 'x-should-retry': 'false' },
        },
      },
      {
        answer: {
          status: 429,
          body: '{"error":{"message":"Used up.","code":"insufficient_quota"}}',
          headers: { 'x-dropgate-failure': 'quota_exhausted', 'x-should-retry': 'false' },
        },
      },
      { text: ['Hm.'] },
    );
    const { worker, manifest } = await loadedWorker({ 'agent.py': desk }, upstream.baseUrl);
    expect(manifest.agents).toMatchObject([
      { name: 'Triage', handoffs: ['Billing'], inputGuardrails: ['politeness'] },
      {
        name: 'Billing',
        tools: [{ name: 'look_up', type: 'function' }, { name: 'strict_look_up' }],
      },
    ]);
    expect(await worker.eventsOf('x', asked('Where is it?'))).toMatchObject([
      { type: 'handed_off', fromAgent: 'Triage', toAgent: 'Billing' },
      { type: 'tool_started', tool: 'look_up', agent: 'Billing' },
      {
        type: 'tool_ended',
        outcome: 'failed',
        detail: { class: 'ValueError', message: 'no order 3', line: 15, stage: 'tool' },
      },
      { type: 'text', delta: 'Sorry.' },
      { type: 'finished', reason: 'stop', usage: { requests: 3, inputTokens: 30 } },
    ]);
    expect((await worker.eventsOf('x', asked('Now?'))).slice(-2)).toMatchObject([
      { type: 'tool_ended', outcome: 'failed', detail: { class: 'LookupError', line: 19 } },
      {
        type: 'failed',
        code: 'tool_failed',
        message: 'A tool of the agent failed.',
        detail: { class: 'LookupError', message: 'gone', line: 19, stage: 'tool' },
        usage: { requests: 2 },
      },
    ]);
    expect(await worker.eventsOf('x', asked('May you?'))).toMatchObject([
      { type: 'finished', reason: 'content_filter', blockedBy: 'refusal of the model' },
    ]);
    expect((await worker.eventsOf('x', { ...asked('Loop'), maxTurns: 1 })).at(-1)).toMatchObject({
      type: 'failed',
      code: 'max_turns_exceeded',
    });
    expect((await worker.eventsOf('x', asked('Busy?'))).at(-1)).toMatchObject({
      type: 'failed',
      code: 'upstream_rate_limited',
      retryAfterSeconds: 7,
      detail: { class: 'RateLimitError', stage: 'model' },
    });
    expect((await worker.eventsOf('x', asked('More?'))).at(-1)).toMatchObject({
      type: 'failed',
      code: 'quota_exhausted',
      message: 'Used up.',
    });
    expect((await worker.eventsOf('x', asked('You are rude'))).at(-1)).toMatchObject({
      type: 'finished',
      reason: 'content_filter',
      blockedBy: 'politeness',
    });
    const { input } = asked('Hi');
    const items = [{ role: 'system' as const, text: 'Be kind.' }, ...(input?.items ?? [])];
    expect((await worker.eventsOf('x', asked('Hi', { items }))).at(-1)).toMatchObject({
      type: 'failed',
      detail: {
        line: 10,
        stage: 'guardrail',
        message:
          "The guardrail politeness takes a text alone; a conversation is a list of items. ('list' object has no attribute 'lower')",
      },
    });
  });

  test('holds tools to the verdicts of the run, and asks where they say so', async () => {
    const longName = 'double'.repeat(200);
    const upstream = await startUpstream(
      { calls: [{ name: 'double', args: { n: 2 } }] },
      { calls: [{ name: 'double', args: { n: 4 }, id: 'call_2' }] },
      { text: ['Four.'] },
      { calls: [{ name: 'double', args: { n: 2 } }] },
      { text: ['No.'] },
      { calls: [{ name: longName, args: {} }] },
      { text: ['Never.'] },
    );
    const module = `
from agents import Agent, function_tool

@function_tool(name_override="double" * 200)
def any() -> str:
    return "ran"

@function_tool
def double(n: int) -> int:
    return 2 * n

agent = Agent(name="Doubler", tools=[double, any])
`;
    const { worker } = await loadedWorker({ 'agent.py': module }, upstream.baseUrl);
    const ask = { verdicts: { otherwise: 'deny', tools: { double: 'ask' } } } as const;
    const denied = { tool: 'double', provenance: 'native', answer: 'deny' } as const;
    const first = worker.eventsOf('2?', { ...asked('2?'), ...ask });
    const { callId, question } = await worker.next('question');
    expect(question).toEqual({
      ask: 'authorize_tool',
      tool: 'double',
      arguments: { n: 2 },
      provenance: 'native',
      toolCallId: 'call_double',
    });
    const deny = { verdicts: { otherwise: 'deny', tools: {} } } as const;
    worker.send({ type: 'decisions', runId: 'run_1', ...deny });
    worker.send({ type: 'decisions', runId: 'another', ...deny });
    worker.send({ type: 'reply', callId, result: true });
    expect(await first).toMatchObject([
      { type: 'tool_started' },
      { type: 'tool_ended', outcome: 'ok' },
      { type: 'tool_started' },
      { type: 'tool_ended', outcome: 'denied' },
      { type: 'text', delta: 'Four.' },
      { type: 'finished' },
    ]);
    expect(worker.heard.filter(({ type }) => type === 'tool_decided')).toEqual([
      { type: 'tool_decided', runId: 'run_1', ...denied },
    ]);
    expect(await worker.eventsOf('2?', { ...asked('2?'), ...deny })).toMatchObject([
      { type: 'tool_started', tool: 'double', agent: 'Doubler', provenance: 'native' },
      { type: 'tool_ended', outcome: 'denied' },
      { type: 'text', delta: 'No.' },
      { type: 'finished', reason: 'stop' },
    ]);
    const told = JSON.stringify(upstream.calls[4]?.body.input);
    expect(told).toContain('The tool double may not be called here.');
    // No rule can speak of such a name.
    const allow = { verdicts: { otherwise: 'allow', tools: {} } } as const;
    expect(await worker.eventsOf('Any?', { ...asked('Any?'), ...allow })).toMatchObject([
      { type: 'tool_started', tool: longName },
      { type: 'tool_ended', outcome: 'denied' },
      { type: 'text', delta: 'Never.' },
      { type: 'finished', reason: 'stop' },
    ]);
    expect(worker.heard.findLast(({ type }) => type === 'tool_decided')).toMatchObject({
      tool: longName.slice(0, 1024),
      answer: 'deny',
    });
  });

  test('passes on settings and the output form that the caller asks for', async () => {
    const upstream = await startUpstream(
      { text: ['{"n":1}'] },
      { text: ['{"total":'], cut: 'length' },
    );
    const module = `
from agents import Agent
def build_agent(model, *, client=None, **options):
    return Agent(name="Plain", model="own-model")
__gateway__ = {"model": "set-model", "client_settings": ["temperature", "seed"]}
`;
    const { worker, manifest } = await loadedWorker({ 'agent.py': module }, upstream.baseUrl, {
      upstreams: { openai: 'chat_completions' },
      defaultModel: { name: 'default-model', source: 'config' },
    });
    expect(manifest).toMatchObject({
      exportName: 'build_agent',
      model: { name: 'set-model', source: '__gateway__' },
    });
    const schema = { type: 'object', properties: { n: { type: 'integer' } } };
    const settings = { temperature: 0.5, seed: 3, topP: 0.1, maxOutputTokens: 9 };
    const outputFormat = { type: 'json_schema', name: 'count', schema, strict: false } as const;
    const streamed = false;
    const whole = await worker.eventsOf('n?', asked('n?', { settings, outputFormat, streamed }));
    expect(whole).toMatchObject([
      { type: 'text', delta: '{"n":1}' },
      { type: 'finished', reason: 'stop' },
    ]);
    expect(upstream.calls[0]?.body).toMatchObject({
      model: 'set-model',
      temperature: 0.5,
      seed: 3,
      max_tokens: 9,
      response_format: { type: 'json_schema', json_schema: { schema } },
    });
    expect(upstream.calls[0]?.body).not.toHaveProperty('top_p');
    const cut = await worker.eventsOf('n?', asked('n?', { settings, streamed }));
    expect(textOf(cut)).toBe('{"total":');
    expect(cut.at(-1)).toMatchObject({ type: 'finished', reason: 'length' });
  });
});
