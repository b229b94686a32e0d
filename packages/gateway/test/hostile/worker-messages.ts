import fc from 'fast-check';
import { type Json, mutated, oddText, oddValue } from './odd-values.ts';

const usage: Json = {
  requests: 1,
  inputTokens: 2,
  outputTokens: 3,
  cachedInputTokens: 0,
  reasoningTokens: 0,
};

const call: { readonly [name: string]: Json } = {
  callId: 'call_1',
  tool: 'add',
  agent: 'Main',
  provenance: 'native',
};

const detail: Json = {
  class: 'TypeError',
  message: 'x is not a function',
  stack: 'at x',
  file: '/x/agent.ts',
  line: 4,
  column: 1,
  stage: 'tool',
};

/** What a worker may say of a run. */
const runEvents: readonly Json[] = [
  { type: 'text', delta: 'x' },
  { type: 'reasoning', delta: 'x' },
  { type: 'tool_started', ...call, agoMs: 1 },
  {
    type: 'tool_ended',
    ...call,
    outcome: 'ok',
    durationMs: 3,
    agoMs: 1,
    argumentBytes: 2,
    resultBytes: 3,
    contents: { arguments: '{}', result: '1' },
  },
  { type: 'tool_ended', ...call, outcome: 'failed', durationMs: 3, detail },
  { type: 'handed_off', fromAgent: 'a', toAgent: 'b', agoMs: 1 },
  {
    type: 'finished',
    reason: 'stop',
    usage,
    items: [
      { role: 'assistant', text: 'x' },
      { role: 'tool_call', callId: 'c', name: 'add', arguments: '{}' },
      { role: 'tool_result', callId: 'c', name: 'add', text: '1' },
    ],
  },
  { type: 'finished', reason: 'content_filter', usage, blockedBy: 'guard' },
  { type: 'failed', code: 'run_failed', message: 'no', detail, retryAfterSeconds: 3, usage },
  { type: 'failed', code: 'upstream_rate_limited', message: 'no', retryAfterSeconds: 3, usage },
  {
    type: 'interrupted',
    state: '{"a":1}',
    approvals: [{ ...call, arguments: '{}' }],
    clientCalls: [{ callId: 'c', tool: 't', arguments: '{}' }],
    items: [],
    usage,
  },
];

const manifest: Json = {
  kind: 'agent',
  exportName: 'agent',
  exports: ['agent'],
  agents: [
    {
      name: 'Main',
      model: null,
      tools: [{ name: 'add', type: 'function', description: 'x', needsApproval: false }],
      handoffs: [],
      inputGuardrails: [],
      outputGuardrails: [],
      outputType: 'text',
      mcpServers: [],
    },
  ],
  settings: { maxTurns: 3, timeoutMs: 1000 },
  model: { name: null, source: 'default' },
  upstream: { name: 'demo', source: 'config' },
  sdk: null,
  runtime: { name: 'node', version: 'v24.0.0' },
  files: [],
  warnings: [{ stage: 'load', code: 'x', severity: 'warning', message: 'x', line: 1, column: 2 }],
  loadMs: 1,
};

/** What a worker may say for a run, its id left open. */
export const runMessages = (runId: string): readonly Json[] => [
  ...runEvents.map((event) => ({ type: 'event', runId, event })),
  { type: 'run_over', runId },
  {
    type: 'question',
    callId: 'q1',
    runId,
    question: {
      ask: 'authorize_tool',
      tool: 'add',
      arguments: { a: 1 },
      toolCallId: 'c',
      repeated: 2,
    },
  },
  {
    type: 'question',
    callId: 'q2',
    runId,
    question: { ask: 'call_tool', tool: 'add', arguments: { a: 1 }, noCache: true },
  },
  {
    type: 'question',
    callId: 'q3',
    runId,
    question: { ask: 'approval_needed', tool: 'add', arguments: '{}', provenance: 'native' },
  },
  {
    type: 'question',
    callId: 'q4',
    runId,
    question: { ask: 'replay_tool', tool: 'add', toolCallId: 'c', arguments: '{}' },
  },
  { type: 'tool_decided', runId, tool: 'add', provenance: 'native', answer: 'deny' },
  {
    type: 'model_call',
    callId: 'm1',
    runId,
    method: 'POST',
    path: '/v1/responses?x=1',
    headers: { 'content-type': 'application/json', authorization: 'Bearer x' },
  },
  { type: 'model_ack', callId: 'm1', taken: 100 },
  { type: 'model_abort', callId: 'm1' },
];

/** What a worker may say that is of no run. */
export const otherMessages: readonly Json[] = [
  { type: 'hello', version: 3, pid: 1, runtime: { name: 'node', version: 'v24.0.0' } },
  { type: 'loaded', manifest },
  {
    type: 'load_failed',
    findings: [
      { stage: 'load', code: 'syntax_error', severity: 'error', message: 'Bad.', hint: 'x' },
    ],
    files: ['/x/agent.ts'],
  },
  { type: 'pong', sequence: 1, rssMb: 10 },
  { type: 'fault', cause: 'error', detail },
  { type: 'session_get', sessionId: 's' },
  { type: 'unknown' },
];

/** A message of a worker, right or wrong. */
export const workerMessage: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: mutated(fc.constantFrom(...runMessages('run_1'), ...otherMessages)) },
  { weight: 1, arbitrary: oddText.map((type) => ({ type })) },
  { weight: 1, arbitrary: oddValue },
);
