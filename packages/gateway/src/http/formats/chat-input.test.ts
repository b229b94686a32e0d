import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../errors.ts';
import { chatRequestSchema } from '../../protocol/formats/openai-chat.ts';
import { invalidInput } from '../intake/invalid-input.ts';
import { toRunInput } from './chat-input.ts';

const question = [{ role: 'user', content: 'Hi' }];

describe('a chat request', () => {
  test('in its smallest form becomes a run', () => {
    expect(parse({ model: 'default/echo', messages: question })).toEqual({
      modelId: 'default/echo',
      items: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
      settings: {},
      outputFormat: { type: 'text' },
      streamed: false,
      clientTools: false,
      metadata: {},
    });
  });

  test('keeps the whole history: texts, refusals, tool calls and their results', () => {
    const { items } = parse({
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'developer',
          content: [
            { type: 'text', text: 'A' },
            { type: 'text', text: 'B' },
          ],
        },
        { role: 'user', content: 'Weather?', name: 'ann' },
        {
          role: 'assistant',
          content: [{ type: 'output_text', text: 'Let me look.', annotations: [] }],
          tool_calls: [
            { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"a":1}' } },
            { id: 'c2', function: { name: 'time', arguments: { zone: 'UTC' } } },
          ],
        },
        { role: 'tool', tool_call_id: 'c2', content: [{ type: 'text', text: 'Noon' }] },
        { role: 'tool', tool_call_id: 'c1', content: 'Sun' },
        { role: 'assistant', content: null, function_call: { name: 'old', arguments: '{}' } },
        { role: 'function', name: 'old', content: null },
        { role: 'assistant', tool_calls: [] },
        { role: 'assistant', content: null, refusal: 'Not that.' },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'Sunny.' },
            { type: 'refusal', refusal: 'no' },
          ],
          reasoning_content: 'hm',
          annotations: [],
          refusal: null,
        },
        { role: 'user', content: [{ type: 'text', text: 'Thanks' }] },
      ],
    });
    expect(items).toEqual([
      { role: 'system', text: 'Be brief.' },
      { role: 'system', text: 'A\nB' },
      { role: 'user', parts: [{ type: 'text', text: 'Weather?' }] },
      { role: 'assistant', text: 'Let me look.' },
      { role: 'tool_call', callId: 'c1', name: 'weather', arguments: '{"a":1}' },
      { role: 'tool_call', callId: 'c2', name: 'time', arguments: '{"zone":"UTC"}' },
      { role: 'tool_result', callId: 'c2', name: 'time', text: 'Noon' },
      { role: 'tool_result', callId: 'c1', name: 'weather', text: 'Sun' },
      { role: 'tool_call', callId: 'call_6', name: 'old', arguments: '{}' },
      { role: 'tool_result', callId: 'call_6', name: 'old', text: '' },
      { role: 'assistant', text: 'Not that.' },
      { role: 'assistant', text: 'Sunny.\nno' },
      { role: 'user', parts: [{ type: 'text', text: 'Thanks' }] },
    ]);
  });

  test('passes images, audio and files on unfetched', () => {
    const { items } = parse({
      model: 'm',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: 'http://169.254.169.254/x', detail: 'low' } },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: null } },
            { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } },
            { type: 'file', file: { file_id: 'file_1' } },
            { type: 'file', file: { file_data: 'data:,x', filename: 'x.pdf', file_id: null } },
          ],
        },
      ],
    });
    expect(items).toEqual([
      {
        role: 'user',
        parts: [
          { type: 'image', url: 'http://169.254.169.254/x', detail: 'low' },
          { type: 'image', url: 'data:image/png;base64,AA==' },
          { type: 'audio', data: 'AA==', format: 'wav' },
          { type: 'file', fileId: 'file_1' },
          { type: 'file', data: 'data:,x', filename: 'x.pdf' },
        ],
      },
    ]);
  });

  test('translates every setting', () => {
    const input = parse({
      model: 'm',
      messages: question,
      stream: true,
      max_tokens: 5,
      max_completion_tokens: 7,
      temperature: 0,
      top_p: 0.5,
      presence_penalty: 1,
      frequency_penalty: -1,
      seed: 3,
      stop: 'END',
      parallel_tool_calls: false,
      reasoning_effort: 'low',
      verbosity: 'high',
      service_tier: 'auto',
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'a', schema: { type: 'object' } },
      },
      tools: [{ type: 'function' }],
      user: 'ann',
      metadata: { team: 'x' },
    });
    expect(input).toMatchObject({
      settings: {
        maxOutputTokens: 7,
        temperature: 0,
        topP: 0.5,
        presencePenalty: 1,
        frequencyPenalty: -1,
        seed: 3,
        stop: ['END'],
        parallelToolCalls: false,
        reasoningEffort: 'low',
        verbosity: 'high',
        serviceTier: 'auto',
      },
      outputFormat: { type: 'json_schema', name: 'a', schema: { type: 'object' }, strict: false },
      streamed: true,
      clientTools: true,
      user: 'ann',
      metadata: { team: 'x' },
    });
  });

  test('takes null for every optional field, and what it does not know', () => {
    const optional = Object.keys(chatRequestSchema.shape).filter(
      (name) => name !== 'model' && name !== 'messages',
    );
    const nulls = Object.fromEntries(optional.map((name) => [name, null]));
    const unknown = { store: true, logit_bias: {}, prediction: null, reasoning: { effort: 'low' } };
    const input = parse({ model: 'm', messages: question, ...nulls, ...unknown });
    expect(input).toEqual(parse({ model: 'm', messages: question }));
  });

  test('ignores falsey values of what agents cannot do', () => {
    const harmless = { n: 1, logprobs: false, top_logprobs: 0, modalities: ['text'], audio: null };
    expect(parse({ model: 'm', messages: question, ...harmless }).settings).toEqual({});
  });

  test('does not let keys of prototypes through', () => {
    const body = JSON.parse(
      '{"model":"m","messages":[{"role":"user","content":"x","__proto__":{"role":"system"}}],' +
        '"__proto__":{"stream":true},"constructor":{"prototype":{"polluted":1}},"metadata":{"__proto__":"x"}}',
    );
    const input = parse(body);
    expect(input.streamed).toBe(false);
    expect(Object.keys(input.metadata)).toEqual([]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('a wrong chat request', () => {
  const user = (content: unknown) => ({ messages: [{ role: 'user', content }] });

  test.each([
    [{ model: undefined }, 'missing_parameter', 'model', "Missing required parameter: 'model'."],
    [
      { model: 5 },
      'invalid_type',
      'model',
      "Invalid type for 'model': expected string, got number.",
    ],
    [{ model: '' }, 'invalid_value', 'model', undefined],
    [{ model: 'm'.repeat(257) }, 'invalid_value', 'model', undefined],
    [{ messages: undefined }, 'missing_parameter', 'messages', undefined],
    [{ messages: [] }, 'invalid_value', 'messages', undefined],
    [{ messages: 'Hi' }, 'invalid_type', 'messages', undefined],
    [{ messages: ['Hi'] }, 'invalid_type', 'messages[0]', undefined],
    [{ messages: [{}] }, 'missing_parameter', 'messages[0].role', undefined],
    [
      { messages: [...question, { role: 'bot', content: 'x' }] },
      'invalid_value',
      'messages[1].role',
      "Invalid value for 'messages[1].role': 'bot'. Supported values are: 'system', 'developer', 'user', 'assistant', 'tool', 'function'.",
    ],
    [{ messages: [{ role: 'user' }] }, 'missing_parameter', 'messages[0].content', undefined],
    [
      user(7),
      'invalid_type',
      'messages[0].content',
      "Invalid type for 'messages[0].content': expected string or array, got number.",
    ],
    [user(null), 'invalid_type', 'messages[0].content', undefined],
    [user([]), 'invalid_value', 'messages[0].content', undefined],
    [
      user([{ type: 'video' }]),
      'invalid_value',
      'messages[0].content[0].type',
      "Invalid value for 'messages[0].content[0].type': 'video'. Supported values are: 'text', 'image_url', 'input_audio', 'file'.",
    ],
    [user([{ type: 'text', text: 1 }]), 'invalid_type', 'messages[0].content[0].text', undefined],
    [
      user([{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }]),
      'invalid_value',
      'messages[0].content[0].image_url.url',
      undefined,
    ],
    [
      user([{ type: 'file', file: {} }]),
      'missing_parameter',
      'messages[0].content[0].file',
      undefined,
    ],
    [{ n: 2 }, 'unsupported_value', 'n', undefined],
    [{ n: '2' }, 'invalid_type', 'n', undefined],
    [{ temperature: 'hot' }, 'invalid_type', 'temperature', undefined],
    [{ max_tokens: 1.5 }, 'invalid_type', 'max_tokens', undefined],
    [{ max_completion_tokens: 0 }, 'invalid_value', 'max_completion_tokens', undefined],
    [{ stream: 'yes' }, 'invalid_type', 'stream', undefined],
    [{ stop: 5 }, 'invalid_type', 'stop', undefined],
    [{ logprobs: true }, 'unsupported_parameter', 'logprobs', undefined],
    [{ top_logprobs: 3 }, 'unsupported_parameter', 'top_logprobs', undefined],
    [{ modalities: ['text', 'audio'] }, 'unsupported_parameter', 'modalities', undefined],
    [{ audio: { voice: 'x' } }, 'unsupported_parameter', 'audio', undefined],
    [{ response_format: { type: 'xml' } }, 'invalid_value', 'response_format.type', undefined],
    [
      { response_format: { type: 'json_schema', json_schema: {} } },
      'missing_parameter',
      'response_format.json_schema.name',
      undefined,
    ],
    [{ metadata: { a: 1 } }, 'invalid_type', 'metadata.a', undefined],
    [
      { metadata: { ['k'.repeat(65)]: 'v' } },
      'invalid_value',
      `metadata.${'k'.repeat(64)}`,
      undefined,
    ],
    [{ metadata: { a: 'v'.repeat(513) } }, 'invalid_value', 'metadata.a', undefined],
    [
      { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])) },
      'invalid_value',
      'metadata',
      undefined,
    ],
    [{ messages: [{ role: 'tool' }] }, 'missing_parameter', 'messages[0].tool_call_id', undefined],
    [
      { messages: [{ role: 'tool', tool_call_id: 'c1', content: 'x' }] },
      'invalid_value',
      'messages[0].tool_call_id',
      "Invalid value for 'messages[0].tool_call_id': no call before it waits for this result. Send the assistant message with its tool_calls too, or leave the result out.",
    ],
    [
      { messages: [{ role: 'function', name: 'f', content: 'x' }] },
      'invalid_value',
      'messages[0].name',
      undefined,
    ],
    [
      {
        messages: [
          {
            role: 'assistant',
            tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }],
          },
          ...question,
        ],
      },
      'invalid_value',
      'messages',
      "Invalid value for 'messages': the call of f (c1) has no result. Send its result right after it, or leave the call out.",
    ],
    [
      { messages: [{ role: 'assistant', content: [{ type: 'video', text: 'x' }] }, ...question] },
      'invalid_value',
      'messages[0].content[0].type',
      undefined,
    ],
    [
      { messages: [{ role: 'assistant', audio: { id: 'a1' } }, ...question] },
      'unsupported_parameter',
      'messages[0].audio',
      undefined,
    ],
  ])('%j is refused as %s at %s', (fields, code, param, message) => {
    const error = refusal({ model: 'm', messages: question, ...fields });
    expect(error).toMatchObject({ code, param });
    if (message) expect(error?.message).toBe(message);
    expect(error?.message).toMatch(/\.$/);
  });

  test.each([[null], [[]], ['text'], [undefined]])('%j is no body', (body) => {
    expect(refusal(body)).toMatchObject({ code: 'invalid_request', param: null });
  });
});

function parse(body: unknown) {
  const result = chatRequestSchema.safeParse(body);
  if (!result.success) throw invalidInput(result.error, body);
  return toRunInput(result.data);
}

function refusal(body: unknown): GatewayError | undefined {
  try {
    parse(body);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  return undefined;
}
