import type { AdminReads, LiveReads, RollbackDeps, ToolDeps } from '../../src/http/deps.ts';
import type { AgentStatus } from '../../src/protocol/admin/agents-answer.ts';
import type { RollbackReport } from '../../src/protocol/admin/generations-answer.ts';
import type { RunTest } from '../../src/protocol/admin/run-test.ts';
import type { RunDetail } from '../../src/protocol/admin/runs-answer.ts';
import type { GatewayStatus } from '../../src/protocol/admin/status-answer.ts';
import type { ToolStatus } from '../../src/protocol/admin/tools-answer.ts';
import type { UpstreamStatus } from '../../src/protocol/admin/upstreams-answer.ts';
import type { UsageSums } from '../../src/protocol/admin/usage-answer.ts';
import type { Diagnostic } from '../../src/protocol/diagnostics.ts';

const someDiagnostic: Diagnostic = {
  id: 'diag_1',
  agent_id: 'default/echo',
  module_path: 'src/agents/Echo/agent.ts',
  stage: 'load',
  code: 'syntax_error',
  severity: 'error',
  message: 'Unexpected token.',
  file: '/srv/src/agents/Echo/agent.ts',
  line: 3,
  column: 7,
  frame: null,
  hint: 'Add the missing comma.',
  serving_generation: 2,
  first_seen: '2026-11-22T10:00:00.000Z',
  last_seen: '2026-11-22T11:00:00.000Z',
  count: 2,
  request_id: null,
};

/** An agent as operators see it: one that goes on serving an older generation than its file is. */
const someAgent: AgentStatus = {
  id: 'default/echo',
  module_path: 'src/agents/Echo/agent.ts',
  language: 'node',
  status: 'degraded',
  generation: 2,
  loaded_at: '2026-11-22T09:00:00.000Z',
  load_ms: 120,
  pinned: null,
  display_name: 'Echo',
  description: 'Says it again.',
  kind: 'agent',
  export: 'agent',
  exports: ['agent'],
  model: { name: null, source: 'default' },
  upstream: { name: 'demo', source: 'default' },
  tools: ['shout'],
  tool_details: [
    { name: 'shout', provenance: 'native', description: 'Says it loud.', needs_approval: false },
  ],
  mcp_servers: [],
  handoffs: [],
  guardrails: [],
  parts: [],
  active_runs: 0,
  waiting_runs: 0,
  tests_gate: false,
  sdk_version: '0.3.0',
  files: [{ path: '/srv/src/agents/Echo/agent.ts', sha256: 'a'.repeat(64), modified_at: null }],
  diagnostics: [someDiagnostic],
};

const someUpstream: UpstreamStatus = {
  name: 'demo',
  kind: 'demo',
  api: 'responses',
  base_url: null,
  has_key: false,
  is_default: true,
  fallback: null,
  reachable: true,
  problem: null,
  last_error: null,
  latency_ms: null,
  breaker: { state: 'closed', failures_in_row: 0, retry_at: null },
  limited_models: [],
  used_by: [],
  models: null,
};

const someCounts: UsageSums = {
  runs: 2,
  model_calls: 3,
  failed_calls: 1,
  aborted_calls: 0,
  input_tokens: 30,
  output_tokens: 12,
  cached_input_tokens: 4,
  reasoning_tokens: 5,
  cost_usd: 0.25,
  unpriced_calls: 1,
};

const someRun: RunDetail['run'] = {
  id: 'run_1',
  request_id: 'req_1',
  user: null,
  key_id: 'key_a1',
  agent_id: 'default/echo',
  generation: 2,
  replay_of: null,
  resumes: null,
  started_at: '2026-11-22T11:00:00.000Z',
  outcome: 'finished',
  code: null,
  duration_ms: 12.5,
  module_path: 'src/agents/Echo/agent.ts',
  usage: {
    requests: 2,
    input_tokens: 30,
    output_tokens: 12,
    cached_input_tokens: 0,
    reasoning_tokens: 0,
  },
  cost_usd: 0.25,
  unpriced_calls: 0,
  recorded: 'contents',
  steps: 1,
};

const someRollback: RollbackReport = {
  agent: 'default/echo',
  status: 'ready',
  generation: 1,
  pinned: { since: '2026-11-22T12:00:00.000Z', by: 'key_a1' },
  findings: [],
};

/** An agent of two versions, of which the older one serves. */
export function fakeRollback(): RollbackDeps {
  const { agent, status, pinned } = someRollback;
  const about = { loaded_at: '2026-11-22T09:00:00.000Z', version: 'a1b2c3d4e5f6', files: 1 };
  const changes = [{ path: 'agent.ts', change: 'changed' }] as const;
  return {
    generations: async () => ({
      agent,
      status,
      pinned,
      generations: [
        { ...about, generation: 2, changes: [...changes], serves: false, pinned: false },
        { ...about, generation: 1, changes: null, serves: true, pinned: true },
      ],
    }),
    rollBack: async () => someRollback,
    release: async () => ({ ...someRollback, generation: 3, pinned: null }),
  };
}

/** What operators read, reduced to one of each. */
export function fakeAdmin(): AdminReads {
  return {
    agents: () => ({ agents: [someAgent], next: null }),
    errors: () => ({ errors: [someDiagnostic], next: null }),
    acknowledgeErrors: async () => 1,
    refresh: async () => ({
      scanned: 1,
      unchanged: ['default/echo'],
      loaded: [],
      failed: [],
      removed: [],
      warnings: [],
    }),
    upstreams: async () => [someUpstream],
    usage: async (_viewer, { since, until, by }) => ({
      since,
      until,
      by: [...by],
      totals: someCounts,
      rows: [{ agent_id: 'default/echo', ...someCounts }],
      unpriced: [{ upstream: 'local', model: 'm' }],
      next: null,
    }),
    runs: {
      list: async () => ({ runs: [someRun], next: null }),
      show: async () => ({
        run: someRun,
        steps: [
          {
            kind: 'text',
            step: 0,
            at_ms: 12,
            duration_ms: null,
            letters: 5,
            contents: { text: 'Hello' },
          },
        ],
        next: null,
      }),
    },
    data: {
      list: async () => someData,
      begin: async () => ({ isOf: () => false, finish: async () => someData }),
    },
    runAgain: {
      replay: async () => ({ result: 'same', ...someReplay }),
      fork: async () => ({ from_step: 2, ...someReplay }),
      test: async () => someTest,
    },
  };
}

const someData = {
  user: 'ann',
  key_id: null,
  running: 0,
  counts: {
    conversations: 1,
    responses: 2,
    waiting_runs: 0,
    idempotent_requests: 0,
    runs: 3,
    usage: 4,
    decisions: 5,
  },
};

const someReplay = {
  run: 'run_2',
  replay_of: 'run_1',
  agent: 'default/echo',
  generation: 2,
  outcome: 'finished',
  code: null,
  text: 'Hello',
  difference: null,
} as const;

const someTest: RunTest = {
  version: 1,
  agent: 'default/echo',
  recorded: { run: 'run_1', at: '2026-11-22T11:00:00.000Z', generation: 2, files_hash: null },
  input: {
    modelId: 'default/echo',
    items: [],
    settings: {},
    outputFormat: { type: 'text' },
    streamed: false,
    clientTools: false,
    metadata: {},
  },
  context: {
    request_id: 'req_1',
    run_id: 'run_1',
    key: { id: 'key_1', name: 'me' },
    metadata: {},
    model_id: 'default/echo',
  },
  model_calls: [],
  tool_calls: [],
  expected: { outcome: 'finished', code: null, text: 'Hello' },
};

const someTool: ToolStatus = {
  name: 'fetch_doc',
  kind: 'fetch_doc',
  source: 'fetch_doc',
  description: 'Reads a document.',
  parameters: { type: 'object' },
  provenance: 'gateway',
  state: 'ready',
  problem: null,
  module: null,
  cache: null,
  used_by: ['default/echo'],
  offered_in: [],
  calls: 2,
  errors: 1,
  denied: 0,
  p95_ms: 1.5,
  cache_hit_rate: 0.5,
  last_error: {
    at: '2026-11-22T12:00:00.000Z',
    outcome: 'failed',
    message: 'There is no such document.',
    agent_id: null,
  },
};

/** One tool, of which each call works. */
export function fakeTools(): ToolDeps {
  return {
    list: () => ({ tools: [someTool], servers: [], problems: [] }),
    refresh: async () => ({ tools: [someTool], servers: [], problems: [], warnings: [] }),
    call: async (_caller, { tool }) => ({
      tool,
      outcome: 'ok',
      result: 'Title: The guide',
      error: null,
      violation: null,
      cache: 'miss',
      duration_ms: 1.5,
      argument_bytes: 20,
      result_bytes: 16,
    }),
  };
}

/** Nothing happens, and whoever follows is told at once that it stops. */
export function fakeLive(): LiveReads {
  return {
    status: async () => someStatus,
    feed: { life: 'a1b2', newest: () => 0, find: () => undefined, onNew: () => () => undefined },
    view: () => ({ shows: () => true, whyOver: () => 'stopping', close: () => undefined }),
  };
}

const someStatus: GatewayStatus = {
  gateway: {
    version: '0.1.0',
    node: 'v24.0.0',
    pid: 7,
    life: 'a1b2',
    started_at: '2026-11-22T09:00:00.000Z',
    status: 'ready',
    waiting_for: [],
    rss_mb: 120,
    heap_mb: 60,
    cpu_ms: 900,
  },
  runs: { active: 1, waiting: 0 },
  workers: [
    {
      pid: 8,
      agent_id: 'default/echo',
      generation: 2,
      state: 'ready',
      active_runs: 1,
      rss_mb: 90,
      cpu_ms: 300,
      lag_ms: 1,
      started_at: '2026-11-22T09:00:01.000Z',
    },
  ],
  store: { kind: 'sqlite', shared: false, away_ms: 0 },
  upstreams: [{ name: 'demo', breaker: 'closed' }],
  retirements: null,
  checks: [{ name: 'store', state: 'ok', found: 'it answers', fix: null }],
};
