import { Agent, handoff, tool, webSearchTool } from '@openai/agents';
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

const getWeather = () =>
  tool({
    name: 'get_weather',
    description: 'Weather of a city.',
    parameters: z.object({ city: z.string() }),
    execute: ({ city }) => `Sunny in ${city}`,
  });

const twoTurns = [
  { text: ['Let me ', 'look.'], calls: [{ name: 'get_weather', args: { city: 'Paris' } }] },
  { text: ['Sunny', ' in Paris.'] },
];

describe.each(['responses', 'chat_completions'] as const)('an agent on the %s API', (api) => {
  test('streams its text with a blank line between messages and its tools in their place', async () => {
    const upstream = await startUpstream(...twoTurns);
    const agent = new Agent({
      name: 'Sample',
      model: modelAt(upstream.baseUrl, api),
      tools: [getWeather()],
    });
    const events = await eventsOf(loadedModule(agent), { input: runInput({ streamed: true }) });
    const call = {
      callId: 'call_get_weather',
      tool: 'get_weather',
      agent: 'Sample',
      provenance: 'native',
    };
    expect(events).toEqual([
      { type: 'text', delta: 'Let me ' },
      { type: 'text', delta: 'look.' },
      { type: 'tool_started', ...call },
      {
        type: 'tool_ended',
        ...call,
        outcome: 'ok',
        durationMs: expect.any(Number),
        argumentBytes: 16,
        resultBytes: 14,
      },
      { type: 'text', delta: '\n\nSunny' },
      { type: 'text', delta: ' in Paris.' },
      {
        type: 'finished',
        reason: 'stop',
        usage: {
          requests: 2,
          inputTokens: 20,
          outputTokens: 10,
          cachedInputTokens: 8,
          reasoningTokens: 4,
        },
      },
    ]);
  });

  test('answers whole with the same text, tools and usage, without streaming upstream', async () => {
    const upstream = await startUpstream(...twoTurns);
    const agent = new Agent({
      name: 'Sample',
      model: modelAt(upstream.baseUrl, api),
      tools: [getWeather()],
    });
    const events = await eventsOf(loadedModule(agent));
    expect(events.map((event) => event.type)).toEqual([
      'tool_started',
      'tool_ended',
      'text',
      'finished',
    ]);
    expect(textOf(events)).toBe('Let me look.\n\nSunny in Paris.');
    expect(events.at(-1)).toMatchObject({ usage: { requests: 2, inputTokens: 20 } });
    expect(upstream.calls.map((call) => call.body.stream ?? false)).toEqual([false, false]);
  });

  test.each([true, false])(
    'ends with length at the cap of a turn (streamed: %s)',
    async (streamed) => {
      const upstream = await startUpstream({ text: ['Once upon'], cut: 'length' });
      const agent = new Agent({ name: 'Sample', model: modelAt(upstream.baseUrl, api) });
      const input = runInput({ streamed, settings: { maxOutputTokens: 2 } });
      const events = await eventsOf(loadedModule(agent), { input });
      expect(textOf(events)).toBe('Once upon');
      expect(events.at(-1)).toMatchObject({ type: 'finished', reason: 'length' });
      const cap = api === 'responses' ? 'max_output_tokens' : 'max_tokens';
      expect(upstream.calls[0]?.body[cap]).toBe(2);
    },
  );

  test.each([true, false])(
    'ends with content_filter at a refusal (streamed: %s)',
    async (streamed) => {
      const upstream = await startUpstream({ refusal: 'I will not.' });
      const agent = new Agent({ name: 'Sample', model: modelAt(upstream.baseUrl, api) });
      const events = await eventsOf(loadedModule(agent), { input: runInput({ streamed }) });
      expect(events).toEqual([
        expect.objectContaining({
          type: 'finished',
          reason: 'content_filter',
          blockedBy: 'refusal of the model',
        }),
      ]);
    },
  );

  test('gives the answer in the schema a caller asks for', async () => {
    const upstream = await startUpstream({ text: ['{"city":', '"Paris"}'] });
    const agent = new Agent({ name: 'Sample', model: modelAt(upstream.baseUrl, api) });
    const schema = { type: 'object', properties: { city: { type: 'string' } } };
    const input = runInput({
      outputFormat: { type: 'json_schema', name: 'place', schema, strict: true },
    });
    const events = await eventsOf(loadedModule(agent), { input });
    expect(textOf(events)).toBe('{"city":"Paris"}');
    const { body } = upstream.calls[0] as { body: { text?: object; response_format?: object } };
    expect(JSON.stringify(body.text ?? body.response_format)).toContain('"name":"place"');
  });

  test('asks the model for JSON in the form of its API', async () => {
    const upstream = await startUpstream({ text: ['{}'] });
    const agent = new Agent({ name: 'Sample', model: modelAt(upstream.baseUrl, api) });
    const input = runInput({ outputFormat: { type: 'json_object' } });
    await eventsOf(loadedModule(agent), { input });
    const { body } = upstream.calls[0] as {
      body: { text?: { format?: object }; response_format?: object };
    };
    expect(body.text?.format ?? body.response_format).toEqual({ type: 'json_object' });
  });
});

describe('an agent', () => {
  test('keeps tools in their place between the texts for a slow reader', async () => {
    const upstream = await startUpstream(...twoTurns);
    const agent = new Agent({
      name: 'Sample',
      model: modelAt(upstream.baseUrl),
      tools: [getWeather()],
    });
    let busy = false;
    const events = await eventsOf(loadedModule(agent), {
      input: runInput({ streamed: true }),
      async send(event) {
        if (event.type !== 'text') return;
        expect(busy).toBe(false);
        busy = true;
        // Long enough for the tool to have run: its call comes right after these words.
        if (event.delta === 'Let me ') await expect.poll(() => upstream.calls.length).toBe(2);
        busy = false;
      },
    });
    expect(events.map((event) => event.type)).toEqual([
      'text',
      'text',
      'tool_started',
      'tool_ended',
      'text',
      'text',
      'finished',
    ]);
  });

  test.each([true, false])(
    'with an output type answers with its JSON (streamed: %s)',
    async (streamed) => {
      const upstream = await startUpstream({ text: ['{"city"', ':"Paris"}'] });
      const agent = new Agent({
        name: 'Sample',
        model: modelAt(upstream.baseUrl),
        outputType: z.object({ city: z.string() }),
      });
      const events = await eventsOf(loadedModule(agent), { input: runInput({ streamed }) });
      expect(textOf(events)).toBe('{"city":"Paris"}');
    },
  );

  test('tells reasoning summaries apart from text', async () => {
    const upstream = await startUpstream({ reasoning: ['I think'], text: ['Yes'] });
    const agent = new Agent({ name: 'Sample', model: modelAt(upstream.baseUrl) });
    const events = await eventsOf(loadedModule(agent), { input: runInput({ streamed: true }) });
    expect(events.slice(0, 2)).toEqual([
      { type: 'reasoning', delta: 'I think' },
      { type: 'text', delta: 'Yes' },
    ]);
  });

  test.each([true, false])('tells of tools that ran upstream (streamed: %s)', async (streamed) => {
    const upstream = await startUpstream({ hosted: ['web_search'], text: ['Found.'] });
    const agent = new Agent({
      name: 'Sample',
      model: modelAt(upstream.baseUrl),
      tools: [webSearchTool()],
    });
    const events = await eventsOf(loadedModule(agent), { input: runInput({ streamed }) });
    const call = { tool: 'web_search_call', provenance: 'hosted', agent: 'Sample' };
    expect(events.filter((event) => event.type.startsWith('tool'))).toMatchObject([
      { type: 'tool_started', ...call },
      { type: 'tool_ended', ...call, outcome: 'ok' },
    ]);
  });

  test.each([true, false])(
    'tells of handoffs and keeps their order (streamed: %s)',
    async (streamed) => {
      const upstream = await startUpstream(
        { calls: [{ name: 'transfer_to_Billing', args: {} }] },
        { text: ['Billing here.'] },
      );
      const model = modelAt(upstream.baseUrl);
      const billing = new Agent({ name: 'Billing', model });
      const triage = new Agent({ name: 'Triage', model, handoffs: [handoff(billing)] });
      const events = await eventsOf(loadedModule(triage), { input: runInput({ streamed }) });
      expect(events.slice(0, 2)).toEqual([
        { type: 'handed_off', fromAgent: 'Triage', toAgent: 'Billing' },
        { type: 'text', delta: 'Billing here.' },
      ]);
    },
  );

  test('gives its tools the context of the run', async () => {
    const upstream = await startUpstream(
      { calls: [{ name: 'whoami', args: {} }] },
      { text: ['ok'] },
    );
    const seen: unknown[] = [];
    const whoami = tool({
      name: 'whoami',
      description: 'Who asks.',
      parameters: z.object({}),
      execute: (_input, context) => {
        seen.push(context?.context);
        return 'known';
      },
    });
    const agent = new Agent({ name: 'Sample', model: modelAt(upstream.baseUrl), tools: [whoami] });
    await eventsOf(loadedModule(agent));
    expect(seen).toMatchObject([{ run_id: 'run_1', key: { name: 'alice' } }]);
  });

  test.each([true, false])(
    'answers with a tool result that ends the run (streamed: %s)',
    async (streamed) => {
      const upstream = await startUpstream({
        calls: [{ name: 'get_weather', args: { city: 'Rome' } }],
      });
      const agent = new Agent({
        name: 'Sample',
        model: modelAt(upstream.baseUrl),
        tools: [getWeather()],
        toolUseBehavior: 'stop_on_first_tool',
      });
      const events = await eventsOf(loadedModule(agent), { input: runInput({ streamed }) });
      expect(textOf(events)).toBe('Sunny in Rome');
    },
  );

  test('counts runs that its own code starts inside a tool', async () => {
    const upstream = await startUpstream(
      { calls: [{ name: 'consult', args: {} }] },
      { text: ['inner'] },
      { text: ['outer'] },
    );
    const model = modelAt(upstream.baseUrl);
    const expert = new Agent({ name: 'Expert', model });
    const { run } = await import('@openai/agents');
    const consult = tool({
      name: 'consult',
      description: 'Asks an expert.',
      parameters: z.object({}),
      execute: async () => (await run(expert, 'Say something')).finalOutput ?? '',
    });
    const agent = new Agent({ name: 'Sample', model, tools: [consult] });
    const events = await eventsOf(loadedModule(agent));
    expect(events.at(-1)).toMatchObject({ usage: { requests: 3, inputTokens: 30 } });
  });

  test('counts an agent used as a tool once', async () => {
    const upstream = await startUpstream(
      { calls: [{ name: 'expert', args: { input: 'x' } }] },
      { text: ['inner'] },
      { text: ['outer'] },
    );
    const model = modelAt(upstream.baseUrl);
    const expert = new Agent({ name: 'Expert', model }).asTool({
      toolName: 'expert',
      toolDescription: 'Knows.',
    });
    const agent = new Agent({ name: 'Sample', model, tools: [expert] });
    const events = await eventsOf(loadedModule(agent), { input: runInput({ streamed: true }) });
    expect(textOf(events)).toBe('outer');
    expect(events.at(-1)).toMatchObject({ usage: { requests: 3, inputTokens: 30 } });
  });

  test('serves concurrent runs of one module without mixing them', async () => {
    const upstream = await startUpstream({ text: ['ok'] });
    const module = loadedModule(new Agent({ name: 'Sample', model: modelAt(upstream.baseUrl) }));
    const runs = await Promise.all(
      ['a', 'b', 'c'].map((runId) =>
        eventsOf(module, { runId, input: runInput({ streamed: true }) }),
      ),
    );
    expect(runs.map(textOf)).toEqual(['ok', 'ok', 'ok']);
    expect(runs.map((events) => events.at(-1))).toMatchObject([
      { usage: { requests: 1 } },
      { usage: { requests: 1 } },
      { usage: { requests: 1 } },
    ]);
  });
});
