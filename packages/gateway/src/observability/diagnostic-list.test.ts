import { describe, expect, test } from 'vitest';
import type { GatewayEvent } from '../events.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import { createDiagnosticList } from './diagnostic-list.ts';

const syntaxError: Finding = {
  stage: 'load',
  code: 'syntax_error',
  severity: 'error',
  message: 'Expected a semicolon.',
  file: '/p/src/agents/A/agent.ts',
  line: 3,
  column: 7,
};

function reported(findings: Finding[], name = 'A'): GatewayEvent {
  return {
    type: 'findings_reported',
    agentId: `default/${name.toLowerCase()}`,
    modulePath: `src/agents/${name}/agent.ts`,
    findings,
    servingGeneration: 2,
  };
}

const failedRun: GatewayEvent = {
  type: 'run_ended',
  runId: 'run_1',
  requestId: 'req_1',
  keyId: 'key_1',
  agentId: 'default/a',
  modulePath: 'src/agents/A/agent.ts',
  generation: 3,
  outcome: 'failed',
  code: 'tool_failed',
  detail: {
    class: 'TypeError',
    message: 'x is undefined',
    stage: 'tool',
    file: '/p/a.ts',
    line: 9,
  },
  durationMs: 5,
  firstTextMs: null,
  isStreamed: true,
  blockedBy: null,
  usage: {
    requests: 1,
    inputTokens: 1,
    outputTokens: 1,
    cachedInputTokens: 0,
    reasoningTokens: 0,
  },
};

function clock() {
  const times = [
    '2026-01-01T00:00:00.000Z',
    '2026-01-01T00:00:01.000Z',
    '2026-01-01T00:00:02.000Z',
  ];
  return () => times.shift() ?? '2026-01-01T00:00:09.000Z';
}

test('shows the newest of each agent where many are shown together', () => {
  const list = createDiagnosticList(() => '2026-11-22T10:00:00.000Z');
  const findings = Array.from({ length: 25 }, (_, index) => ({ ...syntaxError, line: index }));
  list.listener(reported(findings));
  list.listener(reported([syntaxError], 'B'));
  const lines = [...list.newestByAgent()].map(([agent, own]) => [
    agent,
    own.map(({ line }) => line),
  ]);
  expect(lines).toEqual([
    ['default/b', [3]],
    ['default/a', Array.from({ length: 20 }, (_, index) => 24 - index)],
  ]);
});

describe('recent errors', () => {
  test('keeps a finding as the record that everyone shows', () => {
    const recent = createDiagnosticList(clock());
    recent.listener(reported([syntaxError]));
    expect(recent.query({}).errors).toEqual([
      {
        id: expect.stringMatching(/^diag_[0-9a-f]{16}$/),
        agent_id: 'default/a',
        module_path: 'src/agents/A/agent.ts',
        ...syntaxError,
        frame: null,
        hint: null,
        serving_generation: 2,
        first_seen: '2026-01-01T00:00:00.000Z',
        last_seen: '2026-01-01T00:00:00.000Z',
        count: 1,
        request_id: null,
      },
    ]);
  });

  test('counts a repeat instead of listing it twice', () => {
    const recent = createDiagnosticList(clock());
    recent.listener(reported([syntaxError]));
    recent.listener(reported([syntaxError]));
    expect(recent.query({}).errors).toMatchObject([
      {
        count: 2,
        first_seen: '2026-01-01T00:00:00.000Z',
        last_seen: '2026-01-01T00:00:01.000Z',
      },
    ]);
  });

  test('goes by the order of events where the clock is set back, and never ends before it begins', () => {
    const times = [
      '2026-01-01T12:00:00.000Z',
      '2026-01-01T12:00:01.000Z',
      '2026-01-01T10:00:00.000Z',
    ];
    const recent = createDiagnosticList(() => times.shift() ?? '');
    recent.listener(reported([syntaxError]));
    recent.listener(reported([syntaxError], 'B'));
    recent.listener(reported([syntaxError]));
    expect(recent.query({}).errors).toMatchObject([
      {
        agent_id: 'default/a',
        first_seen: '2026-01-01T10:00:00.000Z',
        last_seen: '2026-01-01T10:00:00.000Z',
        count: 2,
      },
      { agent_id: 'default/b', last_seen: '2026-01-01T12:00:01.000Z' },
    ]);
  });

  test('keeps what a tool threw, though the run went on, and no failure without a cause', () => {
    const recent = createDiagnosticList(clock());
    const called = {
      type: 'tool_called',
      spanId: null,
      runId: 'run_1',
      requestId: 'req_1',
      agentId: 'default/a',
      modulePath: 'src/agents/A/agent.ts',
      generation: 3,
      tool: 'lookup',
      provenance: 'native',
      outcome: 'failed',
      durationMs: 3,
      keyId: 'key_1',
      callId: null,
      contents: null,
      agoMs: 0,
      cache: null,
      violation: null,
      argumentBytes: null,
      resultBytes: null,
      error: null,
    } as const;
    const place = { file: '/p/a.ts', line: 9, column: 3 };
    const detail = { class: 'RangeError', message: 'too far', stage: 'tool', ...place } as const;
    recent.listener({ ...called, detail });
    recent.listener({ ...called, detail: null });
    recent.listener({ ...called, outcome: 'ok', detail: null });
    expect(recent.query({}).errors).toMatchObject([
      {
        agent_id: 'default/a',
        stage: 'tool',
        code: 'tool_threw',
        severity: 'error',
        message: 'RangeError: too far',
        ...place,
        request_id: 'req_1',
        count: 1,
      },
    ]);
  });

  test('has it once that a module calls too many tools outside of its runs', () => {
    const recent = createDiagnosticList(clock());
    recent.listener({ type: 'outside_calls_refused', agentId: 'a/b', modulePath: 'b/agent.ts' });
    expect(recent.query({}).errors).toMatchObject([
      {
        agent_id: 'a/b',
        stage: 'tool',
        code: 'outside_calls_refused',
        severity: 'error',
        count: 1,
      },
    ]);
  });

  test('forgets what is mended, of that module only', () => {
    const recent = createDiagnosticList(clock());
    recent.listener(reported([syntaxError]));
    recent.listener(reported([syntaxError], 'B'));
    recent.listener(reported([]));
    expect(recent.query({}).errors.map((each) => each.agent_id)).toEqual(['default/b']);
  });

  test('keeps what went wrong in a run, with the request, when the module is loaded again', () => {
    const recent = createDiagnosticList(clock());
    recent.listener(failedRun);
    recent.listener(reported([]));
    expect(recent.query({}).errors).toMatchObject([
      {
        stage: 'tool',
        code: 'tool_failed',
        message: 'TypeError: x is undefined',
        line: 9,
        request_id: 'req_1',
      },
    ]);
  });

  test('keeps a worker that died, and not one that was told to go', () => {
    const recent = createDiagnosticList(clock());
    const ended = {
      type: 'worker_ended',
      pid: 1,
      agentId: 'default/a',
      modulePath: 'src/agents/A/agent.ts',
      generation: 1,
      exitCode: null,
      signal: 'SIGKILL',
      detail: null,
    } as const;
    recent.listener({ ...ended, reason: 'evicted' });
    recent.listener({ ...ended, reason: 'stalled' });
    // Of the runs that it took with it nothing more is to be known.
    recent.listener({ ...failedRun, code: 'worker_crashed', detail: null });
    expect(recent.query({}).errors.map((each) => each.code)).toEqual(['worker_stalled']);
  });

  test('filters, shows the newest first, and pages', () => {
    const recent = createDiagnosticList(clock());
    recent.listener(reported([syntaxError]));
    recent.listener(reported([{ ...syntaxError, severity: 'warning' }], 'B'));
    recent.listener(failedRun);
    const ids = (query: Parameters<typeof recent.query>[0]) =>
      recent.query(query).errors.map((each) => `${each.agent_id} ${each.stage}`);
    expect(ids({})).toEqual(['default/a tool', 'default/b load', 'default/a load']);
    expect(ids({ agent: 'default/b' })).toEqual(['default/b load']);
    expect(ids({ stage: 'load', severity: 'error' })).toEqual(['default/a load']);
    expect(ids({ since: '2026-01-01T00:00:01.000Z' })).toEqual([
      'default/a tool',
      'default/b load',
    ]);
    const first = recent.query({ limit: 2 });
    expect(first.errors).toHaveLength(2);
    expect(ids({ limit: 2, after: first.next ?? '' })).toEqual(['default/a load']);
  });

  test('stays bounded', () => {
    const recent = createDiagnosticList(clock());
    for (let line = 1; line <= 1100; line += 1) {
      recent.listener(reported([{ ...syntaxError, line }], `M${line}`));
    }
    expect(recent.query({ limit: 500 }).errors[0]?.line).toBe(1100);
    const shown = new Set<string>();
    for (let after: string | null = ''; after !== null; ) {
      const page = recent.query({ limit: 500, after });
      for (const each of page.errors) shown.add(each.id);
      after = page.next;
    }
    expect(shown.size).toBe(1000);
    expect(recent.query({ limit: 1000 }).errors).toHaveLength(1000);
  });

  test('loses what is of the module that has most', () => {
    const recent = createDiagnosticList(clock());
    recent.listener(reported([syntaxError], 'B'));
    const findings = Array.from({ length: 1100 }, (_, line) => ({ ...syntaxError, line }));
    recent.listener(reported(findings));
    expect(recent.query({ agent: 'default/b' }).errors).toHaveLength(1);
    const { errors } = recent.query({ agent: 'default/a', limit: 1000 });
    expect([errors.length, errors[0]?.line]).toEqual([999, 1099]);
  });
});

test('texts of authors are cut, and a page holds no more of them than anybody can read', () => {
  const list = createDiagnosticList(clock());
  const long = 'x'.repeat(100_000);
  const findings = Array.from({ length: 300 }, (_, line) => {
    return { ...syntaxError, line, message: long, frame: long, hint: long };
  });
  list.listener(reported(findings));
  const first = list.query({ limit: 1000 });
  expect(JSON.stringify(first).length).toBeLessThan(600_000);
  const [newest] = first.errors;
  expect([newest?.message, newest?.frame, newest?.hint].map((text) => text?.length)).toEqual([
    4001, 4001, 2001,
  ]);
  const lines = new Set<number | null>();
  for (let page = first; ; page = list.query({ limit: 1000, after: page.next! })) {
    for (const { line } of page.errors) lines.add(line);
    if (page.next === null) break;
  }
  expect(lines.size).toBe(300);
});

test('secrets are hidden in all that whoever caused it wrote, the name of the file too', () => {
  const list = createDiagnosticList(
    clock(),
    () => (text) => text.replaceAll('planted', '[secret]'),
  );
  const said = { message: 'm planted', file: '/f/planted', frame: '> planted', hint: 'planted!' };
  list.listener(reported([{ ...syntaxError, ...said }]));
  expect(list.all()).toMatchObject([
    { message: 'm [secret]', file: '/f/[secret]', frame: '> [secret]', hint: '[secret]!' },
  ]);
});

test('what happened in a version that was replaced says so, until it serves again', () => {
  const list = createDiagnosticList(clock());
  const loaded = (generation: number): GatewayEvent => ({
    type: 'agent_loaded',
    agentId: 'default/a',
    modulePath: 'src/agents/A/agent.ts',
    generation,
    loadMs: 1,
  });
  const replaced = () => list.all().map((each) => [each.generation, each.replaced ?? false]);
  list.listener(failedRun);
  expect(replaced()).toEqual([[3, false]]);
  list.listener(loaded(4));
  expect(replaced()).toEqual([[3, true]]);
  list.listener(loaded(3));
  expect(replaced()).toEqual([[3, false]]);
});
