import { describe, expect, test } from 'vitest';
import { GatewayError } from '../errors.ts';
import { logEntries } from './log-entry.ts';

describe('log entries', () => {
  test('show a finding with its place, its fix and what still serves', () => {
    const [entry] = logEntries({
      type: 'findings_reported',
      agentId: 'default/a',
      modulePath: 'src/agents/A/agent.ts',
      servingGeneration: 3,
      findings: [
        {
          stage: 'load',
          code: 'syntax_error',
          severity: 'error',
          message: 'Expected a semicolon.',
          file: '/p/src/agents/A/agent.ts',
          line: 3,
          column: 7,
          hint: 'Add one.',
        },
      ],
    });
    expect(entry).toEqual({
      level: 'error',
      message: 'Expected a semicolon.',
      fields: {
        agent_id: 'default/a',
        module_path: 'src/agents/A/agent.ts',
        error_stage: 'load',
        code: 'syntax_error',
        file: '/p/src/agents/A/agent.ts',
        line: 3,
        column: 7,
        hint: 'Add one.',
        still_serving_generation: 3,
      },
    });
  });

  test('show a failed run with request, agent, module path, stage and cause', () => {
    const [entry] = logEntries({
      type: 'run_ended',
      runId: 'run_1',
      requestId: 'req_1',
      keyId: 'key_1',
      agentId: 'default/a',
      modulePath: 'src/agents/A/agent.ts',
      outcome: 'failed',
      code: 'tool_failed',
      detail: { class: 'TypeError', message: 'x is undefined', stage: 'tool', line: 9 },
      durationMs: 12.345,
      firstTextMs: null,
      usage: {
        requests: 1,
        inputTokens: 10,
        outputTokens: 2,
        cachedInputTokens: 0,
        reasoningTokens: 0,
      },
    });
    expect(entry).toMatchObject({
      level: 'error',
      message: 'run failed',
      fields: {
        request_id: 'req_1',
        agent_id: 'default/a',
        module_path: 'src/agents/A/agent.ts',
        error_stage: 'tool',
        error_class: 'TypeError',
        error: 'x is undefined',
        line: 9,
        duration_ms: 12.3,
      },
    });
  });

  test('name the line of a tool that threw, though the run went on', () => {
    const called = {
      type: 'tool_called',
      runId: 'run_1',
      requestId: 'req_1',
      agentId: 'default/a',
      modulePath: 'src/agents/A/agent.ts',
      tool: 'lookup',
      provenance: 'native',
      durationMs: 3,
    } as const;
    const detail = {
      class: 'RangeError',
      message: 'too far',
      stack: 'RangeError: too far\n    at lookup (/p/a.ts:9:3)',
      file: '/p/a.ts',
      line: 9,
      column: 3,
      stage: 'tool',
    } as const;
    expect(logEntries({ ...called, outcome: 'failed', detail })).toMatchObject([
      {
        level: 'warn',
        message: 'tool failed',
        fields: {
          request_id: 'req_1',
          tool: 'lookup',
          error_stage: 'tool',
          error_class: 'RangeError',
          error: 'too far',
          file: '/p/a.ts',
          line: 9,
          stack: detail.stack,
        },
      },
    ]);
    const [fine] = logEntries({ ...called, outcome: 'ok', detail: null });
    expect(fine).toMatchObject({ level: 'info', message: 'tool ok' });
    expect(fine?.fields).not.toHaveProperty('error');
  });

  test('show the cause behind a failure that a caller saw', () => {
    const error = new GatewayError('gateway_failed', 'Safe.', { cause: new RangeError('secret') });
    const [entry] = logEntries({
      type: 'request_failed',
      requestId: 'req_1',
      code: 'gateway_failed',
      error,
    });
    expect(entry).toMatchObject({
      level: 'error',
      fields: { request_id: 'req_1', error_class: 'RangeError', error: 'secret' },
    });
  });

  test('keep a worker that was told to go out of sight', () => {
    const ended = {
      type: 'worker_ended',
      pid: 7,
      agentId: 'default/a',
      modulePath: 'src/agents/A/agent.ts',
      generation: 1,
      exitCode: 0,
      signal: null,
      detail: null,
    } as const;
    expect(logEntries({ ...ended, reason: 'evicted' })[0]?.level).toBe('debug');
    expect(logEntries({ ...ended, reason: 'crashed' })[0]).toMatchObject({
      level: 'error',
      fields: { error_stage: 'worker', worker_pid: 7 },
    });
  });

  test('show a denial and leave what is allowed to the debug level', () => {
    const decided = {
      type: 'access_decided',
      question: {
        principal: { type: 'agent', id: 'default/a' },
        action: 'call_tool',
        resource: 'get_weather',
      },
      requestId: 'req_1',
    } as const;
    const levelOf = (answer: 'allow' | 'deny') =>
      logEntries({ ...decided, decision: { answer, rule: null } })[0]?.level;
    expect([levelOf('allow'), levelOf('deny')]).toEqual(['debug', 'warn']);
  });
});
