import { describe, expect, test } from 'vitest';
import { hello, interrupted, someUsage, waiting } from '../../../../test/support/http-fakes.ts';
import { GatewayError } from '../../../errors.ts';
import type { RunEvent } from '../../../protocol/run.ts';
import type { TurnAnswer } from '../../../runs/turns/turn-types.ts';
import type { ResponseOptions } from './response-events.ts';
import { createResponsesStream } from './responses-stream.ts';

type Told = { readonly type: string; readonly [field: string]: unknown };

const head = {
  id: 'resp_42',
  createdSeconds: 1_790_000_000,
  isKept: false,
  request: { model: 'default/echo', input: 'Hi' },
};
const tool = { callId: 'c1', tool: 'get_weather', agent: 'A', provenance: 'native' } as const;
const used: readonly RunEvent[] = [
  { type: 'tool_started', ...tool },
  { type: 'tool_ended', ...tool, outcome: 'failed', durationMs: 3 },
];
const finished: RunEvent = { type: 'finished', reason: 'stop', usage: someUsage };

describe('the stream of a response', () => {
  test('tells each step in order, numbered from 0, and ends with [DONE]', () => {
    const stream = write(hello);
    const events = eventsOf(stream);
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(events.map((event) => event.sequence_number)).toEqual([...events.keys()]);
    expect(stream.endsWith('\n\ndata: [DONE]\n\n')).toBe(true);
    expect(events[4]).toEqual({
      type: 'response.output_text.delta',
      sequence_number: 4,
      item_id: 'msg_42_0',
      output_index: 0,
      content_index: 0,
      delta: 'Hel',
      logprobs: [],
    });
  });

  test('tells in its last event the whole response, with every key that OpenAI promises', () => {
    const [response] = eventsOf(write(hello))
      .slice(-1)
      .map((event) => event.response);
    expect(response).toEqual({
      id: 'resp_42',
      object: 'response',
      created_at: 1_790_000_000,
      completed_at: expect.any(Number),
      status: 'completed',
      error: null,
      incomplete_details: null,
      model: 'default/echo',
      previous_response_id: null,
      instructions: null,
      tools: [],
      tool_choice: 'auto',
      truncation: 'disabled',
      parallel_tool_calls: true,
      text: { format: { type: 'text' } },
      top_p: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      top_logprobs: 0,
      temperature: 1,
      reasoning: { effort: null, summary: null },
      max_output_tokens: null,
      max_tool_calls: null,
      store: false,
      background: false,
      service_tier: 'default',
      metadata: {},
      safety_identifier: null,
      prompt_cache_key: null,
      output: [
        {
          id: 'msg_42_0',
          type: 'message',
          status: 'completed',
          role: 'assistant',
          content: [{ type: 'output_text', text: 'Hello', annotations: [], logprobs: [] }],
        },
      ],
      usage: {
        input_tokens: 30,
        input_tokens_details: { cached_tokens: 4, cache_write_tokens: 0 },
        output_tokens: 12,
        output_tokens_details: { reasoning_tokens: 5 },
        total_tokens: 42,
      },
    });
  });

  test('shows tools, handoffs and thoughts as reasoning between the texts', () => {
    const events = eventsOf(
      write([
        { type: 'text', delta: 'I look.' },
        { type: 'reasoning', delta: 'Hm' },
        ...used,
        { type: 'handed_off', fromAgent: 'A', toAgent: 'B' },
        { type: 'text', delta: '\n\nSunny.' },
        finished,
      ]),
    );
    expect(outputOf(events)).toMatchObject([
      { type: 'message', content: [{ text: 'I look.' }] },
      {
        type: 'reasoning',
        summary: [
          {
            type: 'summary_text',
            text: 'Hm\nCalling get_weather…\nget_weather failed.\nHanding off to B…\n',
          },
        ],
      },
      { type: 'message', content: [{ text: '\n\nSunny.' }] },
    ]);
    const reasoning = events.filter(({ type }) => type.startsWith('response.reasoning_summary'));
    expect(reasoning.map(({ type }) => type)).toEqual([
      'response.reasoning_summary_part.added',
      ...Array(4).fill('response.reasoning_summary_text.delta'),
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
    ]);
  });

  test('shows tools as calls of their own where the agent asks for it, without what they held', () => {
    const events = eventsOf(
      write(
        [
          ...used,
          { type: 'tool_started', ...tool, callId: 'c2' },
          { type: 'text', delta: 'x' },
          finished,
        ],
        'extension',
      ),
    );
    expect(outputOf(events)).toMatchObject([
      {
        type: 'mcp_call',
        id: 'mcp_42_0',
        status: 'failed',
        server_label: 'A',
        name: 'get_weather',
        arguments: '{}',
        output: null,
        error: 'get_weather failed.',
      },
      { type: 'mcp_call', id: 'mcp_42_1', status: 'failed', error: 'get_weather was ended.' },
      { type: 'message' },
    ]);
    expect(events.slice(2, 7).map(({ type }) => type)).toEqual([
      'response.output_item.added',
      'response.mcp_call.in_progress',
      'response.mcp_call_arguments.done',
      'response.mcp_call.failed',
      'response.output_item.done',
    ]);
    const call = { name: 'get_weather', call_id: 'c1', agent: 'A', provenance: 'native' };
    expect(events[2]?.x_agent).toEqual({ type: 'tool_started', ...call });
    expect(events[6]?.x_agent).toEqual({
      type: 'tool_ended',
      ...call,
      outcome: 'failed',
      duration_ms: 3,
    });
  });

  test('shows no tools and no thoughts where the agent hides them', () => {
    const events = eventsOf(write([{ type: 'reasoning', delta: 'Hm' }, ...used, ...hello], 'off'));
    expect(outputOf(events)).toMatchObject([{ type: 'message' }]);
  });

  test('tells a failure as an error, and then the failed response with what came before', () => {
    const stream = write([
      { type: 'text', delta: 'Hal' },
      { type: 'failed', code: 'tool_failed', message: 'A tool failed.', usage: someUsage },
    ]);
    expect(eventsOf(stream).slice(-2)).toMatchObject([
      {
        type: 'error',
        code: 'tool_error',
        message: 'A tool failed.',
        param: null,
        error: { type: 'server_error', code: 'tool_error', message: 'A tool failed.', param: null },
      },
      {
        type: 'response.failed',
        response: {
          status: 'failed',
          completed_at: null,
          error: { code: 'tool_error', message: 'A tool failed.' },
          output: [{ type: 'message', status: 'incomplete', content: [{ text: 'Hal' }] }],
        },
      },
    ]);
    expect(stream.endsWith('\n\ndata: [DONE]\n\n')).toBe(true);
  });

  test.each([
    ['length', 'max_output_tokens', 'Hel'],
    ['content_filter', 'content_filter', 'Hel'],
  ] as const)('is incomplete where it ended with %s', (reason, told, text) => {
    const events = eventsOf(
      write([
        { type: 'text', delta: 'Hel' },
        { type: 'finished', reason, usage: someUsage },
      ]),
    );
    expect(events.at(-1)).toMatchObject({
      type: 'response.incomplete',
      response: {
        status: 'incomplete',
        incomplete_details: { reason: told },
        output: [{ status: 'incomplete', content: [{ text }] }],
      },
    });
  });

  test('says that approvals are not possible where nobody can be asked, and never the state', () => {
    const stream = write([interrupted]);
    expect(eventsOf(stream).at(-1)?.response).toMatchObject({
      error: { code: 'approval_required' },
    });
    expect(stream).not.toContain('secret-state');
  });

  test('is not longer than there is room for', () => {
    let left = 5;
    const room = {
      add(chars: number) {
        left -= chars;
        if (left < 0) throw new GatewayError('overloaded', 'It is full.');
      },
    };
    const stream = createResponsesStream(
      { head, presentation: presented('off'), room, onAnswer, ...waits },
      'caller',
    );
    stream.start();
    stream.encode({ type: 'text', delta: '1234' });
    expect(() => stream.encode({ type: 'text', delta: '56' })).toThrow('It is full.');
    const events = eventsOf(stream.fail(new GatewayError('overloaded', 'It is full.')));
    expect(events.map(({ type }) => type)).toEqual([
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'error',
      'response.failed',
    ]);
    expect(outputOf(events)).toMatchObject([{ content: [{ text: '1234' }] }]);
  });
});

describe('a run that waits', () => {
  const call = { callId: 'call_1', tool: 'open_door', arguments: '{"n":1}' };

  test('is completed with a request for each call that a person is asked about', () => {
    const kept: TurnAnswer[] = [];
    const events = eventsOf(
      write([{ type: 'text', delta: 'I look.' }, waiting], 'off', {
        onAnswer: (answer) => kept.push(answer),
      }),
    );
    const item = {
      id: 'mcpr_1',
      type: 'mcp_approval_request',
      server_label: 'dropgate',
      name: 'erase',
      arguments: '{"all":true}',
    };
    expect(events.slice(-3)).toMatchObject([
      { type: 'response.output_item.added', output_index: 1, item },
      { type: 'response.output_item.done', output_index: 1, item },
      { type: 'response.completed', response: { status: 'completed', output: [{}, item] } },
    ]);
    const request = { role: 'approval_request', approvalId: 'apr_1', name: 'erase' };
    expect(kept).toMatchObject([
      {
        status: 'completed',
        output: [
          { id: 'msg_42_0', item: { role: 'assistant', text: 'I look.' } },
          { id: 'mcpr_1', item: { ...request, arguments: '{"all":true}' } },
        ],
      },
    ]);
  });

  test('asks in a message of its own where the client reads no requests, which no agent is told later', () => {
    const kept: TurnAnswer[] = [];
    const told = write([{ type: 'text', delta: 'I look.' }, waiting], 'off', {
      asksInText: true,
      onAnswer: (answer) => kept.push(answer),
    });
    const output = outputOf(eventsOf(told)) as readonly {
      type: string;
      content: { text: string }[];
    }[];
    expect(output.map(({ type }) => type)).toEqual(['message', 'message']);
    expect(output[1]?.content[0]?.text).toContain('- `approve K7Q2-M9XD`');
    expect(kept[0]?.output.map(({ id }) => id)).toEqual(['msg_42_0', 'mcpr_1']);
  });

  test('tells whoever may not answer who can', () => {
    const asked = { id: 'apr_1', code: null, expiresMs: 0 };
    const approvals = waiting.approvals.map((approval) => ({ ...approval, asked }));
    const output = outputOf(eventsOf(write([{ ...waiting, approvals }])));
    expect(JSON.stringify(output)).toContain('dropgate approvals approve apr_1');
    expect(JSON.stringify(output)).not.toContain('mcp_approval_request');
  });

  test('gives the caller the calls of its own tools', () => {
    const events = eventsOf(write([{ ...waiting, approvals: [], clientCalls: [call] }]));
    const at = { item_id: 'fc_42_0', output_index: 0 };
    const item = {
      id: 'fc_42_0',
      type: 'function_call',
      status: 'completed',
      call_id: 'call_1',
      name: 'open_door',
      arguments: '{"n":1}',
    };
    expect(events.slice(2)).toMatchObject([
      {
        type: 'response.output_item.added',
        item: { ...item, status: 'in_progress', arguments: '' },
      },
      { type: 'response.function_call_arguments.delta', ...at, delta: '{"n":1}' },
      {
        type: 'response.function_call_arguments.done',
        ...at,
        name: 'open_door',
        arguments: '{"n":1}',
      },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: { output: [item] } },
    ]);
  });
});

const onAnswer = () => undefined;
const waits = { waitingRunId: 'run_42', asksInText: false };

function write(
  events: readonly RunEvent[],
  toolEvents: ToolEvents = 'reasoning',
  options: Partial<ResponseOptions> = {},
): string {
  const room = { add: () => undefined };
  const stream = createResponsesStream(
    { head, presentation: presented(toolEvents), room, onAnswer, ...waits, ...options },
    'caller',
  );
  return stream.start() + events.map(stream.encode).join('');
}

type ToolEvents = 'off' | 'reasoning' | 'extension';

function presented(toolEvents: ToolEvents) {
  return { toolEvents, guardrailResponse: 'content_filter' } as const;
}

/** What each event says; its name has to be its type. */
function eventsOf(stream: string): Told[] {
  return stream
    .split('\n\n')
    .filter((event) => event.startsWith('event: '))
    .map((event) => {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(event) ?? [];
      const told: Told = JSON.parse(data ?? '');
      expect(told.type).toBe(name);
      return told;
    });
}

function outputOf(events: readonly Told[]): unknown {
  return Object(events.at(-1)?.response).output;
}
