import { describe, expect, test } from 'vitest';
import {
  asAdmin,
  asCaller,
  chunksOf,
  type FakeGateway,
  fakeGateway,
  interrupted,
  someUsage,
  waiting,
} from '../../../test/support/http-fakes.ts';
import { GatewayError } from '../../errors.ts';
import type { RunEvent } from '../../protocol/run.ts';
import { createApp } from '../app.ts';

describe('POST /v1/chat/completions', () => {
  test('joins the text and sums the tokens', async () => {
    const response = await post(fakeGateway());
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(response.json()).toEqual({
      id: 'chatcmpl-42',
      object: 'chat.completion',
      created: expect.any(Number),
      model: 'echo',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hello', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: {
        prompt_tokens: 30,
        completion_tokens: 12,
        total_tokens: 42,
        prompt_tokens_details: { cached_tokens: 4 },
        completion_tokens_details: { reasoning_tokens: 5 },
      },
    });
  });

  test('answers under the path without /v1 too', async () => {
    const gateway = fakeGateway();
    const response = await createApp(gateway).inject({
      method: 'POST',
      url: '/chat/completions',
      headers: asCaller,
      payload: { model: 'echo', messages: [{ role: 'user', content: 'Hi' }] },
    });
    expect(response.json().choices[0].message.content).toBe('Hello');
  });

  test('says in a header which fields had no effect', async () => {
    const gateway = fakeGateway({ run: { ignored: ['tools', 'temperature'] } });
    expect((await post(gateway)).headers['x-agent-ignored']).toBe('tools, temperature');
    expect((await post(gateway, { stream: true })).headers['x-agent-ignored']).toBe(
      'tools, temperature',
    );
    expect((await post(fakeGateway())).headers).not.toHaveProperty('x-agent-ignored');
    const unknown = {
      store: true,
      top_k: 4,
      prediction: null,
      'a\r\nb: c': 1,
      __proto__: { d: 1 },
    };
    expect((await post(gateway, unknown)).headers['x-agent-ignored']).toBe(
      'tools, temperature, store, top_k',
    );
  });

  test('refuses a whole answer that is too long to be held', async () => {
    const delta = 'x'.repeat(6 * 1024 * 1024);
    const text = { type: 'text', delta } as const;
    const response = await post(saying([text, text, text]));
    expect(response.statusCode).toBe(500);
    expect(response.json().error.message).toMatch(/longer than 16777216 characters/);
  });

  test('does not show tools and reasoning in a whole answer', async () => {
    const tool = { callId: 'c', tool: 'get_weather', agent: 'A', provenance: 'native' } as const;
    const response = await post(
      saying([
        { type: 'reasoning', delta: 'Hm' },
        { type: 'tool_started', ...tool },
        { type: 'tool_ended', ...tool, outcome: 'ok', durationMs: 1 },
        { type: 'text', delta: 'Sunny.' },
        { type: 'finished', reason: 'length', usage: someUsage },
      ]),
    );
    const [choice] = response.json().choices;
    expect(choice.message).toEqual({ role: 'assistant', content: 'Sunny.', refusal: null });
    expect(choice.finish_reason).toBe('length');
  });

  test.each([
    ['no body', undefined, 'invalid_request_error', null],
    ['an array', '[]', 'invalid_request_error', null],
    ['Latin-1', Buffer.from('{"model":"é"}', 'latin1'), 'invalid_request_error', 'invalid_json'],
    ['UTF-16', Buffer.from('{}', 'utf16le'), 'invalid_request_error', 'invalid_json'],
    [
      'a mark and no messages',
      '\uFEFF{"model":"x"}',
      'invalid_request_error',
      'missing_required_parameter',
    ],
    ['no JSON', '{"model": "x", }', 'invalid_request_error', 'invalid_json'],
    ['JSON nested 20,000 levels deep', deep(20_000), 'invalid_request_error', 'invalid_json'],
    ['JSON of 50,000 values', many(50_000), 'invalid_request_error', 'invalid_json'],
    ['no messages', '{"model":"x"}', 'invalid_request_error', 'missing_required_parameter'],
    ['a long user', saidBy('x'.repeat(1025)), 'invalid_request_error', 'invalid_value'],
  ])('refuses %s with 400', async (_title, payload, type, code) => {
    const gateway = fakeGateway();
    const response = await createApp(gateway).inject({
      method: 'POST',
      url: '/v1/chat/completions',
      headers: { ...asCaller, 'content-type': 'application/json' },
      ...(payload === undefined ? {} : { payload }),
    });
    expect(response.statusCode).toBe(400);
    expect(response.json().error).toMatchObject({ type, code });
    expect(gateway.inputs).toEqual([]);
  });

  test('tells where JSON breaks, not with another’s words', async () => {
    const response = await createApp(fakeGateway()).inject({
      method: 'POST',
      url: '/v1/chat/completions',
      headers: { ...asCaller, 'content-type': 'application/json' },
      payload: '{"model": "x", }',
    });
    expect(response.json().error.message).toBe('The body is not valid JSON (at character 15).');
  });

  test.each(['text/plain', 'multipart/form-data; boundary=x', 'nonsense'])(
    'refuses a body of type %s with 400',
    async (type) => {
      const response = await createApp(fakeGateway()).inject({
        method: 'POST',
        url: '/v1/chat/completions',
        headers: { ...asCaller, 'content-type': type },
        payload: '{}',
      });
      expect(response.statusCode).toBe(400);
      expect(response.json().error.code).toBe('unsupported_content_type');
      expect(response.json().error.message).toContain('Content-Type: application/json');
    },
  );

  test.each([
    ['agent_not_found', 404, {}],
    ['not_allowed', 403, {}],
    ['overloaded', 503, { 'retry-after': '5' }],
    ['run_timeout', 504, { 'x-should-retry': 'false' }],
  ] as const)('answers %s before a stream begins, with %i', async (code, status, headers) => {
    const gateway = fakeGateway({
      startRun: async () => {
        throw new GatewayError(code, 'No.', { param: 'model' });
      },
    });
    const response = await post(gateway, { stream: true });
    expect(response.statusCode).toBe(status);
    expect(response.headers).toMatchObject(headers);
    expect(response.json().error).toMatchObject({ message: 'No.', param: 'model' });
  });
});

describe('a failed run', () => {
  const failed = (fields: object): RunEvent => ({
    type: 'failed',
    code: 'upstream_rate_limited',
    message: 'The model is busy.',
    usage: someUsage,
    ...fields,
  });

  test('invites a retry where nothing has happened yet', async () => {
    const response = await post(saying([failed({ retryAfterSeconds: 12.2 })]));
    expect(response.statusCode).toBe(429);
    expect(response.headers['retry-after']).toBe('13');
    expect(response.headers).not.toHaveProperty('x-should-retry');
  });

  test.each([
    [0, '1'],
    [3600, '60'],
  ])('tells clients to wait %i s as %s', async (retryAfterSeconds, header) => {
    const response = await post(saying([failed({ retryAfterSeconds })]));
    expect(response.headers['retry-after']).toBe(header);
  });

  test('asks for no retry once a tool has run', async () => {
    const tool = { callId: 'c', tool: 'pay', agent: 'A', provenance: 'native' } as const;
    const response = await post(saying([{ type: 'tool_started', ...tool }, failed({})]));
    expect(response.headers['x-should-retry']).toBe('false');
  });

  test('asks for no retry where the agent itself is at fault', async () => {
    const response = await post(saying([failed({ code: 'run_failed', message: 'It failed.' })]));
    expect(response.statusCode).toBe(500);
    expect(response.headers['x-should-retry']).toBe('false');
    expect(response.json().error.code).toBe('agent_error');
  });

  test('withholds what a stranger says from callers, and tells the log', async () => {
    const gateway = fakeGateway({
      says: () => {
        throw new Error('ENOENT /srv/secret');
      },
    });
    const caller = await post(gateway);
    expect(caller.statusCode).toBe(500);
    expect(caller.body).not.toContain('/srv/secret');
    expect(gateway.events).toContainEqual(
      expect.objectContaining({
        type: 'request_failed',
        requestId: caller.headers['x-request-id'],
        error: expect.objectContaining({ message: 'ENOENT /srv/secret' }),
      }),
    );
    const admin = await post(gateway, {}, asAdmin);
    expect(admin.json().error.dropgate.cause).toContain('ENOENT /srv/secret');
  });

  test('is an error even where an answer has begun', async () => {
    const broken = [{ type: 'text', delta: 'Hal' } as const, failed({ code: 'run_failed' })];
    const response = await post(saying(broken));
    expect(response.statusCode).toBe(500);
    const stream = await post(saying(broken), { stream: true });
    expect(chunksOf(stream.body).at(-1).error.code).toBe('agent_error');
    expect(stream.body).toMatch(/data: \[DONE\]\n\n$/);
  });

  test('that waits for an approval says so where nobody can be asked', async () => {
    const response = await post(saying([interrupted]));
    expect([response.statusCode, response.json().error.code]).toEqual([500, 'approval_required']);
  });
});

describe('a run that waits', () => {
  const calls = [{ callId: 'call_1', tool: 'open_door', arguments: '{"n":1}' }];
  const text = { type: 'text', delta: 'I look.' } as const;

  test('asks a person in the same text as it streams, for programs too where the agent wants that', async () => {
    const presentation = { toolEvents: 'extension', guardrailResponse: 'error' } as const;
    const gateway = fakeGateway({ says: () => [text, waiting], run: { presentation } });
    const whole = (await post(gateway)).json();
    const { message, finish_reason } = whole.choices[0];
    expect(finish_reason).toBe('stop');
    expect(whole.x_agent.approvals[0]).toMatchObject({ id: 'apr_1', run_id: 'run_42' });
    const streamed = chunksOf((await post(gateway, { stream: true })).body);
    const deltas = streamed.flatMap(({ choices }) => choices[0].delta.content ?? []);
    expect(message.content).toBe(deltas.join(''));
    expect(message.content).toMatch(/^I look\.\n\n`Desk` asks/);
  });

  test('tells of tools as the request asks, where the agent does not hide them from callers', async () => {
    const asked = { 'x-agent-tool-events': 'extension' };
    const isTold = async (toolEvents: 'off' | 'reasoning', headers: Record<string, string>) => {
      const presentation = { toolEvents, guardrailResponse: 'error' } as const;
      const gateway = fakeGateway({ says: () => [text, waiting], run: { presentation } });
      const payload = { model: 'echo', messages: [{ role: 'user', content: 'Hi' }] };
      const url = '/v1/chat/completions';
      const answer = await createApp(gateway).inject({ method: 'POST', url, headers, payload });
      return [answer.statusCode, 'x_agent' in answer.json()];
    };
    expect(await isTold('reasoning', { ...asCaller, ...asked })).toEqual([200, true]);
    expect(await isTold('reasoning', asCaller)).toEqual([200, false]);
    expect(await isTold('off', { ...asCaller, ...asked })).toEqual([200, false]);
    expect(await isTold('off', { ...asAdmin, ...asked })).toEqual([200, true]);
    const wrong = { ...asCaller, 'x-agent-tool-events': 'all' };
    expect(await isTold('reasoning', wrong)).toEqual([400, false]);
  });

  test('gives the caller the calls of its own tools', async () => {
    const gateway = saying([{ ...waiting, approvals: [], clientCalls: calls }]);
    const [choice] = (await post(gateway)).json().choices;
    expect(choice).toEqual({
      index: 0,
      message: {
        role: 'assistant',
        content: null,
        refusal: null,
        tool_calls: [
          {
            id: 'call_1',
            type: 'function',
            function: { name: 'open_door', arguments: '{"n":1}' },
          },
        ],
      },
      logprobs: null,
      finish_reason: 'tool_calls',
    });
  });
});

describe('a guardrail’s stop', () => {
  const blocked: readonly RunEvent[] = [
    { type: 'text', delta: 'The secret is' },
    { type: 'finished', reason: 'content_filter', usage: someUsage, blockedBy: 'no_secrets' },
  ];

  test('is a safe answer that shows nothing of what was stopped', async () => {
    const [choice] = (await post(saying(blocked))).json().choices;
    expect(choice).toMatchObject({
      message: { content: "I can't help with that.", refusal: null },
      finish_reason: 'content_filter',
    });
  });

  test('is a 400 where the agent wants it so', async () => {
    const gateway = fakeGateway({
      says: () => blocked,
      run: { presentation: { toolEvents: 'off', guardrailResponse: 'error' } },
    });
    const response = await post(gateway);
    expect(response.statusCode).toBe(400);
    expect(response.json().error.code).toBe('content_policy_violation');
    expect(response.body).not.toContain('no_secrets');
  });
});

function saying(events: readonly RunEvent[]): FakeGateway {
  return fakeGateway({ says: () => events });
}

function post(gateway: FakeGateway, body: object = {}, headers = asCaller) {
  return createApp(gateway).inject({
    method: 'POST',
    url: '/v1/chat/completions',
    headers,
    payload: { model: 'echo', messages: [{ role: 'user', content: 'Hi' }], ...body },
  });
}

function many(values: number): string {
  return JSON.stringify({ model: 'echo', messages: Array.from({ length: values }, () => ({})) });
}

function saidBy(user: string): string {
  return JSON.stringify({ model: 'echo', messages: [{ role: 'user', content: 'Hi' }], user });
}

function deep(levels: number): string {
  return `{"model":"x","messages":${'['.repeat(levels)}${']'.repeat(levels)}}`;
}
