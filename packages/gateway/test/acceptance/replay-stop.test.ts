import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunPage } from '../../src/protocol/admin/runs-answer.ts';
import { startTestGateway } from '../../src/testing.ts';
import { createProject } from './project.ts';
import { until } from './until.ts';

const agent = (flag: string) => `
import { existsSync } from 'node:fs';
import { Agent } from '@openai/agents';
const instructions = () => (existsSync('${flag}') ? new Promise(() => {}) : 'Greet.');
export const agent = new Agent({ name: 'Slow', instructions });
`;

test('a gateway that stops says so of what is run again, and nothing of the agent', async () => {
  const project = await createProject({
    'gateway.yaml': 'worker: { spares: 0, cancel_timeout_ms: 500 }\nruns: { record: contents }\n',
  });
  await project.write({ 'src/agents/Slow/agent.ts': agent(join(project.root, 'flag')) });
  const { url, key, close } = await startTestGateway({ projectRoot: project.root });
  try {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const post = (path: string, body: object) =>
      fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const runs = async (query: string) =>
      ((await (await fetch(`${url}/admin/runs?${query}`, { headers })).json()) as RunPage).runs;
    const messages = [{ role: 'user', content: 'Hello' }];
    expect((await post('/v1/chat/completions', { model: 'slow', messages })).status).toBe(200);
    const [run] = await runs('limit=1');
    await project.write({ flag: '' });
    const replay = post(`/admin/runs/${run?.id}/replay`, {});
    await until('the replay', async () => (await runs('outcome=running')).length === 1);
    await close();
    const answered = await replay;
    expect([answered.status, await answered.json()]).toMatchObject([
      503,
      { error: { code: 'overloaded', message: expect.stringContaining('The gateway stops') } },
    ]);
  } finally {
    await close();
    await project.remove();
  }
});
