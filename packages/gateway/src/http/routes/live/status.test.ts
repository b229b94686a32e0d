import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../../../test/acceptance/until.ts';
import {
  brokenAgent,
  type TemporaryProject,
  warmTemporaryProject,
} from '../../../../test/support/temporary-project.ts';
import { agentsAnswer } from '../../../protocol/admin/agents-answer.ts';
import { type GatewayStatus, statusAnswer } from '../../../protocol/admin/status-answer.ts';
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

let project: TemporaryProject;
let gateway: TestGateway;

beforeAll(async () => {
  project = warmTemporaryProject();
  project.write('gateway.yaml', 'worker: { spares: 0 }\ndefaults: { tests: gate }\n');
  project.write('src/agents/Desk/agent.ts', deskAgent);
  project.write('src/agents/Bad/agent.ts', brokenAgent);
  gateway = await startTestGateway({ projectRoot: project.folder });
});

afterAll(async () => {
  await gateway?.close();
  project?.dispose();
});

async function read(path: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${gateway.key}` };
  return (await fetch(gateway.url + path, { headers })).json();
}

test('an agent tells what it is made of, who executes its tools, and what it does now', async () => {
  const said = await read('/admin/agents');
  const { agents } = agentsAnswer.parse(said);
  expect(agents).toEqual((said as { agents: unknown }).agents);
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
    const status = (await read('/admin/status')) as GatewayStatus;
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
    workers: [{ agent_id: 'default/desk', generation: 1, state: 'ready', active_runs: 0 }],
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
    keys: { state: 'ok', found: '1 can be used' },
  });
});
