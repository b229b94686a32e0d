import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../../../test/acceptance/until.ts';
import { inProcessCli } from '../../../../test/support/in-process-cli.ts';
import {
  brokenAgent,
  plainAgent,
  type TemporaryProject,
  warmTemporaryProject,
} from '../../../../test/support/temporary-project.ts';
import { agentsAnswer } from '../../../protocol/admin/agents-answer.ts';
import { type GatewayStatus, statusAnswer } from '../../../protocol/admin/status-answer.ts';
import { keyAnswer } from '../../../protocol/security/answers.ts';
import { auditAnswer } from '../../../protocol/security/audit.ts';
import { matrixAnswer } from '../../../protocol/security/matrix.ts';
import { startTestGateway, type TestGateway } from '../../../testing.ts';

const deskAgent = `import { Agent, tool } from '@openai/agents';
import { z } from 'zod';
const look = tool({
  name: 'look_up',
  description: 'Looks up an order.',
  parameters: z.object({ id: z.string() }),
  needsApproval: true,
  execute: async ({ id }) => id,
});
const billing = new Agent({ name: 'Billing', instructions: 'Bill.', tools: [look] });
export const agent = new Agent({ name: 'Desk', instructions: 'Help.', handoffs: [billing] });
`;

const settings = `worker: { spares: 0 }
defaults: { tests: gate }
security:
  rules:
    - { id: no-desk, effect: deny, action: run_agent, principals: ["alice"], resources: ["default/desk"], reason: "Not yet." }
    - { id: ask-first, effect: require_approval, action: call_tool, principals: ["bob"], resources: ["look_up"] }
`;

let project: TemporaryProject;
let gateway: TestGateway;
let alice: { id: string; key: string };
let bob: { id: string; key: string };

beforeAll(async () => {
  project = warmTemporaryProject();
  project.write('gateway.yaml', settings);
  project.write('src/agents/Desk/agent.ts', deskAgent);
  project.write('src/agents/Bad/agent.ts', brokenAgent);
  project.write('src/agents/labs/Plain/agent.ts', plainAgent);
  gateway = await startTestGateway({ projectRoot: project.folder });
  alice = await read('/security/keys', { role: 'caller', name: 'alice' });
  bob = await read('/security/keys', { role: 'operator', name: 'bob', namespaces: ['default'] });
});

afterAll(async () => {
  await gateway?.close();
  project?.dispose();
});

async function read(path: string, body?: object, key = gateway.key, method = 'POST') {
  const response = await fetch(gateway.url + path, {
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body && { method, body: JSON.stringify(body) }),
  });
  return JSON.parse(await response.text());
}

test('an agent tells what it is made of, who executes its tools, and what it does now', async () => {
  const said = await read('/admin/agents');
  const { agents } = agentsAnswer.parse(said);
  expect(agents).toEqual(said.agents);
  expect(agents.find(({ id }) => id === 'default/desk')).toMatchObject({
    language: 'node',
    load_ms: expect.any(Number),
    tools: ['look_up'],
    tool_details: [
      {
        name: 'look_up',
        provenance: 'native',
        description: 'Looks up an order.',
        needs_approval: true,
      },
    ],
    parts: [
      { name: 'Desk', tools: [], handoffs: ['Billing'], output_type: 'text', mcp_servers: [] },
      { name: 'Billing', tools: ['look_up'], handoffs: [] },
    ],
    active_runs: 0,
    waiting_runs: 0,
    tests_gate: true,
  });
});

test('a gateway tells how it is: its processes, its store, and what is not well', async () => {
  const said = await until('models to be looked at', async () => {
    const status: GatewayStatus = await read('/admin/status');
    return status.retirements && status;
  });
  expect(statusAnswer.parse(said)).toEqual(said);
  expect(said).toMatchObject({
    gateway: {
      node: process.version,
      pid: process.pid,
      status: 'ready',
      waiting_for: [],
      rss_mb: expect.any(Number),
    },
    runs: { active: 0, waiting: 0 },
    workers: expect.arrayContaining([
      expect.objectContaining({ agent_id: 'default/desk', generation: 1, state: 'ready' }),
    ]),
    store: { kind: 'sqlite', shared: false, away_ms: 0 },
    upstreams: [{ name: 'demo', breaker: 'closed' }],
    retirements: [],
  });
  const checks = Object.fromEntries(said.checks.map(({ name, ...check }) => [name, check]));
  expect(checks).toMatchObject({
    settings: { state: 'ok', found: 'gateway.yaml is as it should be', fix: null },
    store: { state: 'ok' },
    disk: { found: expect.stringContaining('MiB are free at') },
    agents: {
      state: 'fail',
      found: 'Not served: default/bad.',
      fix: 'dropgate agents errors --agent default/bad',
    },
    'upstream demo': { state: 'ok', found: 'calls go to it' },
    keys: { state: 'ok', found: '3 can be used' },
  });
});

test('a matrix tells who may run what, and what a draft would change', async () => {
  const draft_override = {
    principal: 'alice',
    action: 'run_agent',
    resource: '*',
    effect: 'allow',
    break_glass: true,
  };
  const said = await read('/security/matrix', { principals: ['alice', 'bob'], draft_override });
  expect(matrixAnswer.parse(said)).toEqual(said);
  expect(said).toEqual({
    resources: ['default/desk', 'labs/plain'],
    rules: [
      { id: 'ovr_draft', tier: 2, source: 'override', effect: 'allow', reason: null },
      { id: 'no-desk', tier: 3, source: 'config', effect: 'deny', reason: 'Not yet.' },
      expect.objectContaining({ id: 'callers-run-agents', tier: 7 }),
      expect.objectContaining({ tier: 0, effect: 'deny' }),
    ],
    rows: [
      {
        principal: { id: alice.id, name: 'alice', role: 'caller' },
        cells: [
          { decision: 'allow', rule: 0, before: { decision: 'deny', rule: 1 } },
          { decision: 'allow', rule: 0 },
        ],
      },
      {
        principal: { id: bob.id, name: 'bob', role: 'operator' },
        cells: [
          { decision: 'allow', rule: 2 },
          { decision: 'deny', rule: 3 },
        ],
      },
    ],
    truncated: false,
    next: null,
  });
});

test('a matrix goes on page by page, and tells of the tools of an agent within the scopes of who asks', async () => {
  const labs = { agents: ['labs/*'] };
  const first = await read('/security/matrix', { ...labs, limit: 2 });
  expect(first).toMatchObject({ resources: ['labs/plain'], next: first.rows[1].principal.id });
  const second = await read('/security/matrix', { ...labs, after: first.next });
  const principals = [...first.rows, ...second.rows].map(({ principal }) => principal.id);
  expect([principals.length, new Set(principals).size, second.next]).toEqual([3, 3, null]);

  const tools = { action: 'call_tool', agent_id: 'default/desk' };
  const ofTools = await read(
    '/security/matrix',
    { ...tools, principals: ['alice', 'bob'] },
    bob.key,
  );
  expect(ofTools).toMatchObject({
    resources: ['look_up'],
    rules: [{ id: 'agents-call-their-tools' }, { id: 'ask-first', effect: 'require_approval' }],
    rows: [
      { cells: [{ decision: 'allow', rule: 0 }] },
      { cells: [{ decision: 'require_approval', rule: 1 }] },
    ],
  });
  const beyond = { action: 'call_tool', agent_id: 'labs/plain' };
  expect(await read('/security/matrix', beyond, bob.key)).toMatchObject({
    error: { code: 'invalid_value', param: 'agent_id' },
  });
});

test('a preview of a denial tells the narrowest override that would allow it', async () => {
  const ask = (key_id: string, resource: string, key?: string) =>
    read('/security/preview', { key_id, action: 'run_agent', resource }, key);
  expect((await ask('alice', 'default/desk')).smallest_override).toEqual({
    principal: alice.id,
    action: 'run_agent',
    resource: 'default/desk',
    effect: 'allow',
    break_glass: true,
    within_reach: true,
  });
  expect((await ask('alice', 'default/desk', bob.key)).smallest_override).toMatchObject({
    break_glass: true,
    within_reach: false,
  });
  // No override reaches beyond the scopes of a key.
  expect((await ask('bob', 'labs/plain')).smallest_override).toBeNull();
  expect(await ask('alice', 'labs/plain')).not.toHaveProperty('smallest_override');
});

test('an audit tells over HTTP what the command tells', async () => {
  const said = await read('/security/audit');
  expect(auditAnswer.parse(said)).toEqual(said);
  const { out } = await inProcessCli(project.folder)('audit', '--json');
  const { findings, summary } = JSON.parse(out);
  expect(said.summary).toEqual(summary);
  expect(said.findings).toHaveLength(findings.length);
  expect(said.findings).toEqual(expect.arrayContaining(findings));
  expect(said.summary).toMatchObject({ agents: 2, overrides: 0, admin_keys: 1 });
});

test('a key is given other limits, which hold at once and are none above those of who asks', async () => {
  const key = await read('/security/keys', {
    role: 'caller',
    limits: { requests_per_minute: 90, tokens_per_day: 1000 },
  });
  const patch = (body: object, by?: string) => read(`/security/keys/${key.id}`, body, by, 'PATCH');
  const limits = { requests_per_minute: 1, usd_per_day: 2.5 };
  const changed = await patch({ limits, run_limits: { max_model_calls: 3 } });
  expect(keyAnswer.parse(changed)).toEqual(changed);
  expect(changed).toMatchObject({
    id: key.id,
    limits: { ...limits, tokens_per_day: 1000, tokens_per_month: null },
    run_limits: { max_model_calls: 3 },
  });
  expect((await read('/security/keys')).keys).toContainEqual(
    expect.objectContaining({ id: key.id, limits: changed.limits, run_limits: changed.run_limits }),
  );
  expect(await read('/v1/models', undefined, key.key)).toMatchObject({ object: 'list' });
  expect(await read('/v1/models', undefined, key.key)).toMatchObject({
    error: { code: 'rate_limit_exceeded' },
  });

  const bounded = await read('/security/keys', {
    role: 'admin',
    limits: { requests_per_minute: 50, tokens_per_day: 1000 },
  });
  expect(await patch({ limits: { requests_per_minute: 51 } }, bounded.key)).toMatchObject({
    error: { code: 'permission_denied', param: 'limits' },
  });
  expect(await patch({})).toMatchObject({ error: { param: 'limits' } });
  await fetch(`${gateway.url}/security/keys/${key.id}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${gateway.key}` },
  });
  expect(await patch({ limits })).toMatchObject({ error: { code: 'invalid_value' } });
});
