import { Agent, type AgentInputItem, Runner, run, withTrace } from '@openai/agents';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startUpstream } from '../../../test/support/scripted-upstream.ts';
import {
  eventsOf,
  loadedModule,
  modelAt,
  runInput,
  textOf,
} from '../../../test/support/worker-run.ts';

type WorkflowInput = { readonly input_as_text: string };

/** What Agent Builder exports: two steps, the conversation pushed along, objects returned. */
function exported(classifier: Agent<unknown, never> | Agent, answerer: Agent) {
  return (workflow: WorkflowInput) =>
    withTrace('Jobs', async () => {
      const history: AgentInputItem[] = [
        { role: 'user', content: [{ type: 'input_text', text: workflow.input_as_text }] },
      ];
      const runner = new Runner({ traceMetadata: { workflow_id: 'wf_1' } });
      const first = await runner.run(classifier as Agent, [...history]);
      history.push(...first.newItems.map((item) => item.rawItem as AgentInputItem));
      if (!first.finalOutput) throw new Error('Agent result is undefined');
      const second = await runner.run(answerer, [...history], { context: { step: 2 } });
      if (!second.finalOutput) throw new Error('Agent result is undefined');
      return { output_text: second.finalOutput };
    });
}

const conversation = runInput({
  items: [
    { role: 'user', parts: [{ type: 'text', text: 'Hello' }] },
    { role: 'assistant', text: 'Hi' },
    { role: 'user', parts: [{ type: 'text', text: 'Any jobs?' }] },
  ],
});

const workflowOf = (value: unknown) => loadedModule(value, { kind: 'workflow' });

describe.each([true, false])('an exported workflow (streamed: %s)', (streamed) => {
  test('tells the text of its last step once, and all that it cost', async () => {
    const upstream = await startUpstream(
      { text: ['{"topic":"jobs"}'] },
      { text: ['Three ', 'positions.'] },
    );
    const model = modelAt(upstream.baseUrl);
    const classifier = new Agent({
      name: 'Agent',
      model,
      outputType: z.object({ topic: z.string() }),
    });
    const answerer = new Agent({ name: 'Agent', model });
    const events = await eventsOf(workflowOf(exported(classifier as never, answerer)), {
      input: { ...conversation, streamed },
    });
    expect(textOf(events)).toBe('Three positions.');
    expect(events.at(-1)).toMatchObject({
      type: 'finished',
      reason: 'stop',
      usage: { requests: 2, inputTokens: 20, outputTokens: 10 },
    });
    expect(upstream.calls.map((call) => Boolean(call.body.stream))).toEqual([streamed, streamed]);
    if (streamed) expect(events[0]).toEqual({ type: 'reasoning', delta: '{"topic":"jobs"}' });
  });

  test('gives each step the conversation that came before', async () => {
    const upstream = await startUpstream({ text: ['one'] }, { text: ['two'] });
    const model = modelAt(upstream.baseUrl);
    const agents = [new Agent({ name: 'A', model }), new Agent({ name: 'B', model })] as const;
    const events = await eventsOf(workflowOf(exported(...agents)), {
      input: { ...conversation, streamed },
    });
    const inputs = upstream.calls.map(({ body }) =>
      (body.input as { role?: string }[]).map(({ role }) => role),
    );
    expect(inputs).toEqual([
      ['user', 'assistant', 'user'],
      ['user', 'assistant', 'user', 'assistant'],
    ]);
    expect(textOf(events)).toBe('one\n\ntwo');
  });

  test('answers with what it returns where no step said it', async () => {
    const upstream = await startUpstream({ text: ['draft'] });
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl) });
    const workflow = async ({ input_as_text }: WorkflowInput) => {
      const result = await run(agent, input_as_text);
      return { message: `Final: ${result.finalOutput}` };
    };
    const events = await eventsOf(workflowOf(workflow), { input: runInput({ streamed }) });
    expect(textOf(events)).toBe('draft\n\nFinal: draft');
  });

  test('answers with the last step where it returns nothing', async () => {
    const upstream = await startUpstream({ text: ['{"a":1}'] });
    const agent = new Agent({
      name: 'A',
      model: modelAt(upstream.baseUrl),
      outputType: z.object({ a: z.number() }),
    });
    const workflow = async () => {
      await run(agent, 'go');
    };
    const events = await eventsOf(workflowOf(workflow), { input: runInput({ streamed }) });
    expect(textOf(events)).toBe('{"a":1}');
  });

  test('ends with content_filter where it returns a failed check', async () => {
    const workflow = async () => ({ pii: { failed: false }, jailbreak: { failed: true } });
    const events = await eventsOf(workflowOf(workflow), { input: runInput({ streamed }) });
    expect(events).toMatchObject([
      { type: 'finished', reason: 'content_filter', blockedBy: 'jailbreak' },
    ]);
  });

  test('fails with the cause of a step that fails', async () => {
    const upstream = await startUpstream({ answer: { status: 429, body: '{"error":{}}' } });
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl) });
    const events = await eventsOf(workflowOf(exported(agent, agent)), {
      input: runInput({ streamed }),
    });
    expect(events).toMatchObject([{ type: 'failed', code: 'upstream_rate_limited' }]);
  });

  test('is cancelled with its model call', async () => {
    const upstream = await startUpstream({ text: ['Hel'], ending: 'hang' });
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl) });
    const controller = new AbortController();
    const running = eventsOf(workflowOf(exported(agent, agent)), {
      input: runInput({ streamed }),
      signal: controller.signal,
    });
    await expect.poll(() => upstream.calls.length).toBe(1);
    controller.abort();
    expect((await running).at(-1)).toMatchObject({ type: 'failed', code: 'run_cancelled' });
    await upstream.calls[0]?.aborted;
    expect(upstream.calls).toHaveLength(1);
  });

  test('keeps steps that run side by side apart', async () => {
    const upstream = await startUpstream({ text: ['same ', 'words'] });
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl) });
    const workflow = async () => {
      const results = await Promise.all([run(agent, 'a'), run(agent, 'b')]);
      return { output_text: results.map((result) => result.finalOutput).join('+') };
    };
    const events = await eventsOf(workflowOf(workflow), { input: runInput({ streamed }) });
    expect(textOf(events)).toBe('same words\n\nsame words\n\nsame words+same words');
  });

  test('reads its own streams itself', async () => {
    const upstream = await startUpstream({ text: ['a', 'b'] });
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl) });
    const workflow = async () => {
      const result = await run(agent, 'go', { stream: true });
      let length = 0;
      for await (const delta of result.toTextStream()) length += delta.length;
      return `${length} letters`;
    };
    const events = await eventsOf(workflowOf(workflow), { input: runInput({ streamed }) });
    expect(textOf(events)).toBe('2 letters');
    expect(events.at(-1)).toMatchObject({ usage: { requests: 1 } });
  });

  test('answers whole where its SDK copy cannot be tapped', async () => {
    const module = { ...workflowOf(() => 'plain answer'), sdk: null };
    const events = await eventsOf(module, { input: runInput({ streamed }) });
    expect(textOf(events)).toBe('plain answer');
  });
});

test('a tapped SDK copy is itself again outside a run', async () => {
  const upstream = await startUpstream({ text: ['free'] });
  const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl) });
  await eventsOf(workflowOf(exported(agent, agent)));
  const result = await new Runner().run(agent, 'hi');
  expect(result.finalOutput).toBe('free');
  expect(upstream.calls.at(-1)?.body.input).toMatchObject([{ role: 'user', content: 'hi' }]);
});

test('pictures of the current message reach the first step', async () => {
  const upstream = await startUpstream({ text: ['A cat.'] });
  const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl) });
  const input = runInput({
    items: [
      {
        role: 'user',
        parts: [
          { type: 'text', text: 'What is it?' },
          { type: 'image', url: 'https://example.com/cat.png' },
        ],
      },
    ],
  });
  await eventsOf(workflowOf(exported(agent, agent)), { input });
  expect(upstream.calls[0]?.body.input).toMatchObject([
    { content: [{ type: 'input_text' }, { type: 'input_image' }] },
  ]);
});
