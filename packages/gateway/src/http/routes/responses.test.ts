import { describe, expect, test } from 'vitest';
import {
  asCaller,
  type FakeGateway,
  fakeGateway,
  hello,
  someUsage,
} from '../../../test/support/http-fakes.ts';
import { GatewayError } from '../../errors.ts';
import type { RunEvent } from '../../protocol/run.ts';
import { createApp } from '../app.ts';

describe('POST /v1/responses', () => {
  test.each(['/v1/responses', '/responses'])('answers whole at %s', async (url) => {
    const response = await post(fakeGateway(), {}, url);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({
      id: 'resp_42',
      object: 'response',
      status: 'completed',
      model: 'echo',
      output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hello' }] }],
      usage: { input_tokens: 30, output_tokens: 12, total_tokens: 42 },
    });
  });

  test('shows tools in a whole answer too', async () => {
    const tool = { callId: 'c', tool: 'get_weather', agent: 'A', provenance: 'native' } as const;
    const response = await post(saying([{ type: 'tool_started', ...tool }, ...hello]));
    expect(response.json().output).toMatchObject([
      { type: 'reasoning', summary: [{ text: 'Calling get_weather…\n' }] },
      { type: 'message' },
    ]);
  });

  test('becomes a run: instructions first, then the items, with settings and form', async () => {
    const gateway = fakeGateway();
    await post(gateway, {
      instructions: 'Be brief.',
      input: [
        { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'A' }] },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'Look' },
            { type: 'input_image', image_url: 'https://example.com/a.png', detail: 'low' },
            { type: 'input_image', file_id: 'file_1', image_url: null },
            { type: 'input_file', file_data: 'AA==', filename: 'a.pdf' },
            { type: 'input_file', file_url: 'https://example.com/a.pdf' },
            { type: 'input_file', file_id: 'file_2' },
            { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
          ],
        },
        { id: 'rs_1', type: 'reasoning', summary: [] },
        { id: 'mcp_1', type: 'mcp_call', name: 'x', arguments: '{}', server_label: 'A' },
        { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}', id: 'fc_1' },
        { type: 'function_call', call_id: 'c2', name: 'g', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c2', output: 'Two' },
        {
          type: 'function_call_output',
          call_id: 'c1',
          output: [{ type: 'input_text', text: 'One' }],
        },
        {
          id: 'msg_1',
          type: 'message',
          status: 'completed',
          role: 'assistant',
          content: [{ type: 'output_text', text: 'Nine.', annotations: [], logprobs: [] }],
        },
        { role: 'assistant', content: [] },
        { role: 'user', content: 'Thanks' },
      ],
      max_output_tokens: 7,
      temperature: 0,
      top_p: 0.5,
      parallel_tool_calls: false,
      reasoning: { effort: 'low', summary: 'auto' },
      service_tier: 'auto',
      text: {
        format: { type: 'json_schema', name: 'a', schema: {}, strict: true },
        verbosity: 'low',
      },
      tools: [{ type: 'function', name: 'f' }],
      user: 'ann',
      metadata: { team: 'x' },
      include: ['reasoning.encrypted_content'],
      truncation: 'auto',
      store: true,
    });
    expect(gateway.inputs).toEqual([
      {
        place: { conversationId: null, prefixHash: expect.stringMatching(/^[0-9a-f]{64}$/) },
        offeredTools: [
          { name: 'f', parameters: { type: 'object', properties: {} }, strict: false },
        ],
        modelId: 'echo',
        items: [
          { role: 'system', text: 'Be brief.' },
          { role: 'system', text: 'A' },
          {
            role: 'user',
            parts: [
              { type: 'text', text: 'Look' },
              { type: 'image', url: 'https://example.com/a.png', detail: 'low' },
              { type: 'image', fileId: 'file_1' },
              { type: 'file', data: 'AA==', filename: 'a.pdf' },
              { type: 'file', url: 'https://example.com/a.pdf' },
              { type: 'file', fileId: 'file_2' },
              { type: 'audio', data: 'AA==', format: 'wav' },
            ],
          },
          { role: 'tool_call', callId: 'c1', name: 'f', arguments: '{"a":1}' },
          { role: 'tool_call', callId: 'c2', name: 'g', arguments: '{}' },
          { role: 'tool_result', callId: 'c2', name: 'g', text: 'Two' },
          { role: 'tool_result', callId: 'c1', name: 'f', text: 'One' },
          { role: 'assistant', text: 'Nine.' },
          { role: 'user', parts: [{ type: 'text', text: 'Thanks' }] },
        ],
        settings: {
          maxOutputTokens: 7,
          temperature: 0,
          topP: 0.5,
          parallelToolCalls: false,
          reasoningEffort: 'low',
          verbosity: 'low',
          serviceTier: 'auto',
        },
        outputFormat: { type: 'json_schema', name: 'a', schema: {}, strict: true },
        streamed: false,
        clientTools: true,
        user: 'ann',
        metadata: { team: 'x' },
      },
    ]);
  });

  test('tells what of the request it took', async () => {
    const { previous_response_id: _, ...asked } = {
      previous_response_id: null,
      instructions: 'Be brief.',
      max_output_tokens: 9,
      truncation: 'auto',
      text: { format: { type: 'json_object' } },
      metadata: { team: 'x' },
      temperature: 0.5,
    };
    expect((await post(fakeGateway(), asked)).json()).toMatchObject(asked);
  });

  test('says in a header which fields had no effect, by their own names', async () => {
    const gateway = fakeGateway({ run: { ignored: ['reasoningEffort', 'tools'] } });
    const response = await post(gateway, { prompt_cache_retention: '24h' });
    expect(response.headers['x-agent-ignored']).toBe(
      'reasoning.effort, tools, prompt_cache_retention',
    );
  });

  test('tells what an agent does not take of the field that it came in', async () => {
    const gateway = fakeGateway({
      startRun: async () => {
        const message = 'This agent decides. Leave out `outputFormat`.';
        throw new GatewayError('unsupported_value', message, { param: 'outputFormat' });
      },
    });
    expect((await post(gateway)).json().error).toMatchObject({
      message: 'This agent decides. Leave out `text.format`.',
      param: 'text.format',
    });
  });

  test.each([
    ['no input', { input: undefined }, 'missing_required_parameter', 'input'],
    ['an empty input', { input: [] }, 'invalid_value', 'input'],
    ['nothing but thoughts', { input: [{ type: 'reasoning' }] }, 'invalid_value', 'input'],
    ['an item of no type', { input: [{ type: 'gossip' }] }, 'invalid_value', 'input[0].type'],
    [
      'a local file as image',
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'file:///a' }] }] },
      'invalid_value',
      'input[0].content[0].image_url',
    ],
    [
      'an empty file',
      { input: [{ role: 'user', content: [{ type: 'input_file' }] }] },
      'missing_required_parameter',
      'input[0].content[0]',
    ],
    [
      'a result without a call',
      { input: [{ type: 'function_call_output', call_id: 'c', output: '' }] },
      'invalid_value',
      'input',
    ],
    [
      'a call without a result',
      { input: [{ type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }] },
      'invalid_value',
      'input',
    ],
    [
      'two turns to follow',
      { previous_response_id: 'resp_1', conversation: { id: 'conv_1' } },
      'invalid_value',
      'previous_response_id',
    ],
    ['a stored prompt', { prompt: { id: 'pmpt_1' } }, 'unsupported_parameter', 'prompt'],
    ['log probabilities', { top_logprobs: 2 }, 'unsupported_parameter', 'top_logprobs'],
    [
      'log probabilities again',
      { include: ['message.output_text.logprobs'] },
      'unsupported_value',
      'include[0]',
    ],
    ['another truncation', { truncation: 'all' }, 'invalid_value', 'truncation'],
    ['text for a number', { max_output_tokens: '5' }, 'invalid_type', 'max_output_tokens'],
  ])('refuses %s with 400', async (_title, body, code, param) => {
    const gateway = fakeGateway();
    const response = await post(gateway, body);
    expect(response.statusCode).toBe(400);
    expect(response.json().error).toMatchObject({ code, param });
    expect(gateway.inputs).toEqual([]);
  });

  test('answers a failed run with its status, and invites no retry after a tool', async () => {
    const tool = { callId: 'c', tool: 'pay', agent: 'A', provenance: 'native' } as const;
    const response = await post(
      saying([
        { type: 'tool_started', ...tool },
        { type: 'failed', code: 'upstream_failed', message: 'Gone.', usage: someUsage },
      ]),
    );
    expect([response.statusCode, response.headers['x-should-retry']]).toEqual([502, 'false']);
    expect(response.json().error).toMatchObject({ code: 'upstream_error', message: 'Gone.' });
  });

  test('does not show what a guardrail stopped', async () => {
    const blocked: readonly RunEvent[] = [
      { type: 'text', delta: 'secret' },
      { type: 'finished', reason: 'content_filter', usage: someUsage, blockedBy: 'no_secrets' },
    ];
    expect((await post(saying(blocked))).json()).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'content_filter' },
      output: [{ content: [{ text: "I can't help with that." }] }],
    });
    const asError = fakeGateway({
      says: () => blocked,
      run: { presentation: { toolEvents: 'off', guardrailResponse: 'error' } },
    });
    const response = await post(asError);
    expect([response.statusCode, response.json().error.code]).toEqual([
      400,
      'content_policy_violation',
    ]);
  });

  test('refuses a whole answer that is too long to be held', async () => {
    const delta = 'x'.repeat(6 * 1024 * 1024);
    const response = await post(saying(Array(3).fill({ type: 'text', delta })));
    expect(response.statusCode).toBe(500);
    expect(response.json().error.message).toMatch(/longer than 16777216 characters.*over chat/);
  });
});

function post(gateway: FakeGateway, body: object = {}, url = '/v1/responses') {
  return createApp(gateway).inject({
    method: 'POST',
    url,
    headers: asCaller,
    payload: { model: 'echo', input: 'Hi', ...body },
  });
}

function saying(events: readonly RunEvent[]): FakeGateway {
  return fakeGateway({ says: () => events });
}
