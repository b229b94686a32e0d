import { describe, expect, test } from 'vitest';
import {
  chunksOf,
  hello,
  interrupted,
  someUsage,
  waiting,
} from '../../../test/support/http-fakes.ts';
import type { RunEvent } from '../../protocol/run.ts';
import { type ChatStreamOptions, createChatStream } from './chat-stream.ts';

const head = { id: 'chatcmpl-42', model: 'default/echo', createdSeconds: 1_790_000_000 };
const same = {
  id: 'chatcmpl-42',
  object: 'chat.completion.chunk',
  created: 1_790_000_000,
  model: 'default/echo',
};

const started: RunEvent = {
  type: 'tool_started',
  callId: 'c1',
  tool: 'get_weather',
  agent: 'Weather',
  provenance: 'native',
};
const ended: RunEvent = { ...started, type: 'tool_ended', outcome: 'ok', durationMs: 12.4 };
const handedOff: RunEvent = { type: 'handed_off', fromAgent: 'Triage', toAgent: 'Weather' };
const finished: RunEvent = { type: 'finished', reason: 'stop', usage: someUsage };

describe('the stream of a run', () => {
  test('opens with the role, ends with one finish chunk and [DONE]', () => {
    const stream = write(hello);
    expect(chunksOf(stream)).toEqual([
      { ...same, choices: [choice({ role: 'assistant', content: '' })] },
      { ...same, choices: [choice({ content: 'Hel' })] },
      { ...same, choices: [choice({ content: 'lo' })] },
      { ...same, choices: [choice({}, 'stop')] },
    ]);
    expect(stream.endsWith('\n\ndata: [DONE]\n\n')).toBe(true);
    expect(stream.match(/\[DONE\]/g)).toHaveLength(1);
  });

  test('tells usage in a last chunk without choices, only if asked', () => {
    const chunks = chunksOf(write(hello, { includeUsage: true }));
    expect(chunks.at(-1)).toEqual({
      ...same,
      choices: [],
      usage: {
        prompt_tokens: 30,
        completion_tokens: 12,
        total_tokens: 42,
        prompt_tokens_details: { cached_tokens: 4 },
        completion_tokens_details: { reasoning_tokens: 5 },
      },
    });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
  });

  test('keeps any text on one line', () => {
    const delta = 'a\n\nb\r\u2028"\\ 🙂 data: [DONE]\n\n';
    const stream = write([{ type: 'text', delta }, finished]);
    expect(chunksOf(stream)[1].choices[0].delta.content).toBe(delta);
  });

  test('says nothing for an empty delta', () => {
    expect(format().encode({ type: 'text', delta: '' })).toBe('');
  });
});

describe('what an agent does meanwhile', () => {
  const run = [started, ended, handedOff, { type: 'text', delta: 'Sunny.' }, finished] as const;

  test('is a line of reasoning each by default', () => {
    expect(reasoningOf(write(run))).toEqual([
      'Calling get_weather…\n',
      'Handing off to Weather…\n',
    ]);
  });

  test('says when a tool failed or was denied', () => {
    const failed = { ...ended, outcome: 'failed' } as RunEvent;
    const denied = { ...ended, outcome: 'denied' } as RunEvent;
    expect(reasoningOf(write([failed, denied, finished]))).toEqual([
      'get_weather failed.\n',
      'get_weather was denied.\n',
    ]);
  });

  test('starts a line of its own after the model’s reasoning', () => {
    const stream = write([{ type: 'reasoning', delta: 'Hm' }, started, finished]);
    expect(reasoningOf(stream).join('')).toBe('Hm\nCalling get_weather…\n');
  });

  test('is an extension of an empty chunk where the agent wants it', () => {
    const chunks = chunksOf(write(run, { toolEvents: 'extension' }));
    expect(chunks.slice(1, 4)).toEqual([
      {
        ...same,
        choices: [choice({})],
        x_agent: {
          type: 'tool_started',
          name: 'get_weather',
          call_id: 'c1',
          agent: 'Weather',
          provenance: 'native',
        },
      },
      {
        ...same,
        choices: [choice({})],
        x_agent: {
          type: 'tool_ended',
          name: 'get_weather',
          call_id: 'c1',
          agent: 'Weather',
          provenance: 'native',
          outcome: 'ok',
          duration_ms: 12,
        },
      },
      {
        ...same,
        choices: [choice({})],
        x_agent: { type: 'handed_off', agent: 'Weather', from_agent: 'Triage' },
      },
    ]);
  });

  test('is a status that Open WebUI shows too, where the agent wants it', () => {
    const failed = { ...ended, outcome: 'failed' } as RunEvent;
    const chunks = chunksOf(
      write([started, ended, failed, handedOff], { toolEvents: 'openwebui' }),
    );
    const status = (description: string, done: boolean) => ({
      ...same,
      choices: [choice({})],
      x_agent: expect.objectContaining({ type: expect.any(String) }),
      event: { type: 'status', data: { description, done } },
    });
    expect(chunks.slice(1)).toEqual([
      status('Calling get_weather…', false),
      status('get_weather is done.', true),
      status('get_weather failed.', true),
      status('Handing off to Weather…', true),
    ]);
  });

  test('stays hidden where the agent wants it', () => {
    const stream = write([{ type: 'reasoning', delta: 'Hm' }, ...run], { toolEvents: 'off' });
    expect(chunksOf(stream)).toHaveLength(3);
  });

  test.each(['off', 'reasoning', 'extension', 'openwebui'] as const)(
    'is never a tool call nor an event of its own (%s)',
    (toolEvents) => {
      const stream = write(run, { toolEvents });
      expect(stream).not.toContain('tool_calls');
      expect(stream).not.toMatch(/^event:/m);
      expect(chunksOf(stream).every((chunk) => Array.isArray(chunk.choices))).toBe(true);
    },
  );
});

describe('a run that does not finish well', () => {
  test('ends in an error and [DONE], without a finish chunk', () => {
    const stream = write([
      { type: 'text', delta: 'Hal' },
      { type: 'failed', code: 'tool_failed', message: 'A tool failed.', usage: someUsage },
    ]);
    expect(chunksOf(stream).at(-1)).toEqual({
      error: { message: 'A tool failed.', type: 'server_error', param: null, code: 'tool_error' },
    });
    expect(stream).toMatch(/\}\n\ndata: \[DONE\]\n\n$/);
    expect(stream).not.toContain('"finish_reason":"');
  });

  test('shows details to an admin only', () => {
    const failed: RunEvent = {
      type: 'failed',
      code: 'run_failed',
      message: 'The agent failed.',
      detail: {
        class: 'TypeError',
        message: 'x is undefined',
        file: '/srv/agent.ts',
        stage: 'run',
      },
      usage: someUsage,
    };
    expect(write([failed])).not.toContain('/srv/agent.ts');
    expect(write([failed], { role: 'admin' })).toContain('/srv/agent.ts');
  });

  test('says that approvals are not possible where nobody can be asked', () => {
    const stream = write([interrupted]);
    expect(chunksOf(stream).at(-1).error.code).toBe('approval_required');
    expect(stream).not.toContain('secret-state');
  });

  const blocked: RunEvent = {
    type: 'finished',
    reason: 'content_filter',
    usage: someUsage,
    blockedBy: 'no_math',
  };

  test('answers safely where a guardrail stopped it before any text', () => {
    const chunks = chunksOf(write([blocked]));
    expect(chunks.slice(1).map((chunk) => chunk.choices[0])).toEqual([
      choice({ content: "I can't help with that." }),
      choice({}, 'content_filter'),
    ]);
  });

  test('adds nothing to text that is already out', () => {
    const chunks = chunksOf(write([{ type: 'text', delta: 'So' }, blocked]));
    expect(chunks.slice(2).map((chunk) => chunk.choices[0])).toEqual([
      choice({}, 'content_filter'),
    ]);
  });

  test('is an error where the agent wants its guardrails told so', () => {
    const stream = write([blocked], { guardrailResponse: 'error' });
    expect(chunksOf(stream).at(-1).error.code).toBe('content_policy_violation');
    expect(stream).not.toContain('no_math');
  });
});

describe('a run that waits', () => {
  const calls = [
    { callId: 'call_1', tool: 'open_door', arguments: '{"n":1}' },
    { callId: 'call_2', tool: 'open_door', arguments: '{"n":2}' },
  ];

  test('asks a person in text, behind what was said, and stops', () => {
    const stream = write([{ type: 'text', delta: 'I look.' }, waiting]);
    const [, said, asked, end, ...rest] = chunksOf(stream);
    expect(said.choices[0].delta.content).toBe('I look.');
    expect(asked.choices[0].delta.content).toMatch(/^\n\n`Desk` asks for approval to call `erase`/);
    expect(asked.choices[0].delta.content).toContain('- `approve K7Q2-M9XD`');
    expect(end.choices).toEqual([choice({}, 'stop')]);
    expect(rest).toEqual([]);
    expect(stream.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(stream).not.toContain('secret-state');
  });

  test('tells programs where the agent wants that', () => {
    const told = chunksOf(write([waiting], { toolEvents: 'extension' })).find(
      (chunk) => chunk.x_agent,
    );
    expect(told.x_agent).toEqual({
      type: 'approvals_asked',
      approvals: [
        {
          id: 'apr_1',
          run_id: 'run_42',
          tool: 'erase',
          arguments: '{"all":true}',
          expires_at: '2026-12-01T10:39:00.000Z',
          may_answer: true,
        },
      ],
    });
    expect(write([waiting])).not.toContain('x_agent');
    const [call] = waiting.approvals;
    const others = { ...waiting, approvals: [{ ...call, asked: { ...call?.asked, code: null } }] };
    const asked = chunksOf(write([others as typeof waiting], { toolEvents: 'extension' }));
    const { approvals } = asked.find((chunk) => chunk.x_agent).x_agent;
    expect(approvals[0].may_answer).toBe(false);
  });

  test('gives the caller the calls of its own tools, each with its place', () => {
    const chunks = chunksOf(write([{ ...waiting, approvals: [], clientCalls: calls }]));
    expect(chunks.slice(1).map((chunk) => chunk.choices[0])).toEqual([
      choice({ tool_calls: [toolCall(0, 'call_1', '{"n":1}')] }),
      choice({ tool_calls: [toolCall(1, 'call_2', '{"n":2}')] }),
      choice({}, 'tool_calls'),
    ]);
  });

  test('asks a person beside such calls', () => {
    const chunks = chunksOf(write([{ ...waiting, clientCalls: calls.slice(0, 1) }]));
    expect(chunks[1].choices[0].delta.content).toContain('approve K7Q2-M9XD');
    expect(chunks[2].choices[0].delta.tool_calls[0].id).toBe('call_1');
    expect(chunks[3].choices[0].finish_reason).toBe('tool_calls');
  });

  function toolCall(index: number, id: string, written: string) {
    return { index, id, type: 'function', function: { name: 'open_door', arguments: written } };
  }
});

type Wanted = Partial<ChatStreamOptions> & Partial<ChatStreamOptions['presentation']>;

function format(wanted: Wanted = {}) {
  const { toolEvents = 'reasoning', guardrailResponse = 'content_filter' } = wanted;
  return createChatStream(head, {
    presentation: { toolEvents, guardrailResponse },
    includeUsage: false,
    waitingRunId: 'run_42',
    role: 'caller',
    ...wanted,
  });
}

function write(events: readonly RunEvent[], wanted: Wanted = {}): string {
  const stream = format(wanted);
  return stream.start() + events.map(stream.encode).join('');
}

function choice(delta: object, finish_reason: string | null = null) {
  return { index: 0, delta, finish_reason };
}

function reasoningOf(stream: string): string[] {
  return chunksOf(stream).flatMap(({ choices }) => choices[0].delta.reasoning_content ?? []);
}
