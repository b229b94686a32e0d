import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type TemporaryProject,
  warmTemporaryProject,
} from '../../test/support/temporary-project.ts';
import { startTestGateway, type TestGateway } from '../testing.ts';

const mortal = `export const agent = {
  async run({ messages }) {
    if (messages.at(-1).content === 'live') return 'Alive.';
    console.error('These are my last words.');
    await new Promise((resolve) => process.stderr.write('', resolve));
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => {});
  },
};
`;

let project: TemporaryProject;
let gateway: TestGateway;

beforeAll(async () => {
  project = warmTemporaryProject();
  project.write('gateway.yaml', 'worker: { spares: 0 }\n');
  project.write('src/agents/Mortal/agent.ts', mortal);
  gateway = await startTestGateway({ projectRoot: project.folder });
  // On a busy machine it counts as loaded before it is.
  await gateway.gateway.refresh({ force: false });
});

afterAll(async () => {
  await gateway?.close();
  project.dispose();
});

const codes = () => gateway.gateway.diagnostics().map(({ code }) => code);

const status = () => gateway.gateway.agents().map((agent) => agent.status);

async function say(content: string): Promise<number> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'mortal', messages: [{ role: 'user', content }] }),
  });
  await response.text();
  return response.status;
}

test('an agent whose process dies again and again is degraded until a run of it finishes', async () => {
  expect(status()).toEqual(['ready']);
  // Refused in between, while its process waits to be started again.
  await expect.poll(async () => [await say('die'), ...status()].at(-1)).toBe('degraded');
  const told = gateway.gateway.diagnostics().filter(({ code }) => code === 'worker_keeps_dying');
  expect(told).toMatchObject([
    {
      message:
        'Its process died 3 times without a finished run between: The process was ended by SIGKILL.',
      frame: 'These are my last words.',
      count: 1,
      serving_generation: null,
    },
  ]);
  await expect.poll(() => say('live')).toBe(200);
  expect(status()).toEqual(['ready']);
  expect(codes()).not.toContain('worker_keeps_dying');
});
