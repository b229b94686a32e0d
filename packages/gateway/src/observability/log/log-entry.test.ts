import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../errors.ts';
import type { GatewayEvent } from '../../events.ts';
import type { Rule } from '../../protocol/policy.ts';
import { logEntries } from './log-entry.ts';
import { logFields } from './log-fields.ts';

/** The lines with their fields. */
function written(event: GatewayEvent) {
  return logEntries(event, { contents: true }).map(({ fields, ...line }) => {
    const all = fields();
    // Those that the page on the log names, and no other.
    for (const name of Object.keys(all)) expect(logFields).toHaveProperty(name);
    return { ...line, fields: all };
  });
}

describe('log entries', () => {
  test('show a finding with its place, its fix and what still serves', () => {
    const [entry] = written({
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

  test('warn of a key that ends soon', () => {
    const expiresAtSeconds = Date.UTC(2026, 10, 29) / 1000;
    expect(
      written({ type: 'key_expiring', keyId: 'key_1', keyName: 'alice', expiresAtSeconds }),
    ).toEqual([
      {
        level: 'warn',
        message: 'key expires soon',
        fields: { key_id: 'key_1', key_name: 'alice', expires_at: '2026-11-29T00:00:00.000Z' },
      },
    ]);
  });

  test('show a failed run with request, agent, module path, stage and cause', () => {
    const [entry] = written({
      type: 'run_ended',
      runId: 'run_1',
      requestId: 'req_1',
      keyId: 'key_1',
      agentId: 'default/a',
      modulePath: 'src/agents/A/agent.ts',
      generation: 3,
      outcome: 'failed',
      code: 'tool_failed',
      detail: { class: 'TypeError', message: 'x is undefined', stage: 'tool', line: 9 },
      durationMs: 12.345,
      firstTextMs: null,
      isStreamed: true,
      blockedBy: null,
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
        run_id: 'run_1',
        agent_id: 'default/a',
        module_path: 'src/agents/A/agent.ts',
        generation: 3,
        key_id: 'key_1',
        error_stage: 'tool',
        code: 'tool_failed',
        error_class: 'TypeError',
        error: 'x is undefined',
        line: 9,
        duration_ms: 12.3,
      },
    });
  });

  test('name the run of a model call that failed, and of a request that did not', () => {
    const run = {
      requestId: 'req_1',
      runId: 'run_1',
      agentId: 'default/a',
      modulePath: 'src/agents/A/agent.ts',
      generation: 3,
      keyId: 'key_1',
    };
    const shown = {
      request_id: 'req_1',
      run_id: 'run_1',
      agent_id: 'default/a',
      module_path: 'src/agents/A/agent.ts',
      generation: 3,
      key_id: 'key_1',
    };
    const called = {
      type: 'model_called',
      spanId: null,
      user: null,
      costNanoUsd: 0,
      ...run,
      upstream: 'openai',
      path: '/v1/responses',
      model: 'm',
      status: 503,
      outcome: 'failed',
      attempts: 3,
      durationMs: 12,
      firstByteMs: null,
      body: null,
      answer: null,
      usage: null,
      error: 'HTTP 503',
      code: 'upstream_failed',
    } as const;
    const failure = { error_stage: 'model', code: 'upstream_failed', error: 'HTTP 503' };
    expect(written(called)).toMatchObject([{ level: 'warn', fields: { ...shown, ...failure } }]);
    const { requestId, keyId, ...begun } = run;
    const request = {
      type: 'request_ended',
      requestId,
      keyId,
      clientRequestId: null,
      clientAddress: null,
      method: 'POST',
      path: '/v1/chat/completions',
      route: '/v1/chat/completions',
      status: 200,
      durationMs: 12,
    } as const;
    expect(written({ ...request, run: begun, code: null })).toMatchObject([{ fields: shown }]);
    expect(written({ ...request, run: null, code: 'rate_limited' })).toMatchObject([
      { fields: { request_id: 'req_1', error_stage: 'policy', code: 'rate_limited' } },
    ]);
  });

  test('are quiet about what an open console reads, and not about what it is refused', () => {
    const read = {
      type: 'request_ended',
      requestId: 'req_1',
      keyId: 'key_1',
      clientRequestId: null,
      clientAddress: null,
      method: 'GET',
      path: '/admin/status',
      route: '/admin/status',
      durationMs: 2,
      run: null,
      code: null,
    } as const;
    const levelOf = (status: number, more = {}) =>
      written({ ...read, status, ...more }).map(({ level }) => level);
    const byConsole = { isConsoleRead: true } as const;
    expect([200, 304, 499].map((status) => levelOf(status, byConsole))).toEqual([
      ['debug'],
      ['debug'],
      ['debug'],
    ]);
    expect([levelOf(403, byConsole), levelOf(200)]).toEqual([['info'], ['info']]);
  });

  test('name the run that a worker said something in', () => {
    const said = {
      type: 'worker_output',
      pid: 7,
      agentId: 'default/a',
      modulePath: 'src/agents/A/agent.ts',
      stream: 'stdout',
      line: 'hello',
    } as const;
    expect(written({ ...said, runId: 'run_1', requestId: 'req_1' })).toMatchObject([
      { message: 'hello', fields: { run_id: 'run_1', request_id: 'req_1', stream: 'stdout' } },
    ]);
  });

  test('name the line of a tool that threw, though the run went on', () => {
    const called = {
      type: 'tool_called',
      spanId: null,
      runId: 'run_1',
      requestId: 'req_1',
      keyId: 'key_1',
      agentId: 'default/a',
      modulePath: 'src/agents/A/agent.ts',
      generation: 3,
      tool: 'lookup',
      provenance: 'native',
      durationMs: 3,
      callId: null,
      contents: null,
      agoMs: 0,
      cache: null,
      violation: null,
      argumentBytes: null,
      resultBytes: null,
      error: null,
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
    expect(written({ ...called, outcome: 'failed', detail })).toMatchObject([
      {
        level: 'warn',
        message: 'tool failed',
        fields: {
          request_id: 'req_1',
          run_id: 'run_1',
          agent_id: 'default/a',
          module_path: 'src/agents/A/agent.ts',
          generation: 3,
          key_id: 'key_1',
          tool: 'lookup',
          error_stage: 'tool',
          code: 'tool_threw',
          error_class: 'RangeError',
          error: 'too far',
          file: '/p/a.ts',
          line: 9,
          stack: detail.stack,
        },
      },
    ]);
    const codes = (['unknown', 'bad_arguments', null] as const).map(
      (violation) =>
        written({ ...called, outcome: 'failed', violation, detail: null })[0]?.fields.code,
    );
    expect(codes).toEqual(['tool_unknown', 'tool_arguments_invalid', 'tool_threw']);
    const [fine] = written({ ...called, outcome: 'ok', detail: null });
    expect(fine).toMatchObject({ level: 'info', message: 'tool ok' });
    expect(fine?.fields).not.toHaveProperty('error');
  });

  test('show the cause behind a failure that a caller saw', () => {
    const error = new GatewayError('gateway_failed', 'Safe.', { cause: new RangeError('secret') });
    const [entry] = written({
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
    expect(written({ ...ended, reason: 'evicted' })[0]?.level).toBe('debug');
    expect(written({ ...ended, reason: 'crashed' })[0]).toMatchObject({
      level: 'error',
      fields: { error_stage: 'worker', worker_pid: 7 },
    });
  });

  test('tell what is behind an error that was survived', () => {
    const error = new Error('The store cannot be used.', { cause: new Error('disk I/O error') });
    const [line] = written({ type: 'fault_survived', where: 'store', error });
    expect(line?.fields).toMatchObject({
      error: 'The store cannot be used.',
      cause: 'disk I/O error',
    });
  });

  const decided = {
    type: 'access_decided',
    question: {
      principal: { type: 'agent', id: 'default/a' },
      action: 'call_tool',
      resource: 'get_weather',
    },
    requestId: 'req_1',
  } as const;
  const rule: Rule = {
    id: 'ovr_a',
    effect: 'allow',
    action: 'call_tool',
    tier: 4,
    source: 'override',
    principals: ['*'],
    resources: ['*'],
    reason: 'Demo.',
  };

  test('show what is denied or allowed for now, and leave the routine to the debug level', () => {
    const levelOf = (answer: 'allow' | 'deny', by: Rule | null) =>
      written({ ...decided, decision: { answer, rule: by } })[0]?.level;
    expect([levelOf('allow', null), levelOf('deny', null), levelOf('allow', rule)]).toEqual([
      'debug',
      'warn',
      'info',
    ]);
  });

  test('look at who asked for what only when they are written', () => {
    const looks: string[] = [];
    const question = new Proxy(decided.question, {
      get(target, name) {
        looks.push(String(name));
        return Reflect.get(target, name);
      },
    });
    const [line] = logEntries(
      { ...decided, question, decision: { answer: 'allow', rule } },
      { contents: false },
    );
    expect(looks).toEqual([]);
    expect(line?.fields()).toMatchObject({ action: 'call_tool' });
  });

  test('tell who was allowed what by which rule, and why', () => {
    const [line] = written({ ...decided, decision: { answer: 'allow', rule } });
    expect(line?.message).toBe('access allow');
    expect(line?.fields).toMatchObject({
      request_id: 'req_1',
      principal: 'default/a',
      agent_id: 'default/a',
      action: 'call_tool',
      resource: 'get_weather',
      tool: 'get_weather',
      rule_id: 'ovr_a',
      tier: 4,
      source: 'override',
      reason: 'Demo.',
    });
  });
});
