import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from 'vitest';
import type { RunDetail, RunPage } from '../../src/protocol/admin/runs-answer.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { startGateway, type TestGateway, warmProject } from './harness.ts';
import { processesIn, seesProcesses } from './processes.ts';
import type { Project } from './project.ts';
import { until } from './until.ts';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function started(agents: readonly string[]): Promise<TestGateway> {
  const gateway = await startGateway({ agents });
  cleanUps.push(gateway.stop);
  return gateway;
}

/** Begins a streamed answer, waits for its first word, and hands over the rest. */
async function beginStream(gateway: TestGateway, model: string) {
  const stream = await gateway.client().chat.completions.create({
    model,
    messages: [{ role: 'user', content: 'Go' }],
    stream: true,
  });
  const chunks = stream[Symbol.asyncIterator]();
  let first = '';
  while (first === '') {
    const { value, done } = await chunks.next();
    if (done) throw new Error('The stream ended without a word.');
    first = value.choices[0]?.delta.content ?? '';
  }
  return {
    first,
    async rest(): Promise<string> {
      let text = '';
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
        text += next.value.choices[0]?.delta.content ?? '';
      }
      return text;
    },
  };
}

describe('SIGTERM', () => {
  test('lets a stream that has begun come to its end, and takes no new work', async () => {
    const gateway = await started(['Gate']);
    const stream = await beginStream(gateway, 'default/gate');
    const ended = gateway.end('SIGTERM');
    await until('not to be ready', async () => {
      const response = await fetch(`${gateway.url}/readyz`).catch(() => null);
      return response?.status !== 200;
    });
    await gateway.project.write({ 'go.txt': '' });
    expect(stream.first + (await stream.rest())).toBe('First, last.');
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(await processesIn(gateway.project.root)).toEqual([]);
  });

  test('says first that it leaves, and serves on until others have seen it', async () => {
    const files = {
      'gateway.yaml': 'server: { shutdown_delay_ms: 600000 }\nworker: { spares: 0 }\n',
    };
    const gateway = await startGateway({ agents: ['Gate'], files });
    cleanUps.push(gateway.stop);
    process.kill(gateway.pid, 'SIGTERM');
    await until('not to be ready', async () => {
      return (await fetch(`${gateway.url}/readyz`)).status === 503;
    });
    await gateway.project.write({ 'go.txt': '' });
    const stream = await beginStream(gateway, 'default/gate');
    expect(stream.first + (await stream.rest())).toBe('First, last.');
    expect((await gateway.end('SIGTERM')).signal).not.toBe('SIGKILL');
    await until(
      'its workers to end',
      async () => (await processesIn(gateway.project.root)).length === 0,
    );
  });

  test('sent twice ends at once, whatever still runs', async () => {
    const gateway = await started(['Gate']);
    const stream = await beginStream(gateway, 'default/gate');
    process.kill(gateway.pid, 'SIGTERM');
    await until('the first signal to be seen', () => gateway.logs().includes('stopping'));
    const { signal } = await gateway.end('SIGTERM');
    expect(signal).not.toBe('SIGKILL');
    await expect(stream.rest()).rejects.toThrow(/./);
    await until(
      'its workers to end',
      async () => (await processesIn(gateway.project.root)).length === 0,
    );
  });
});

test.runIf(seesProcesses)('workers do not outlive a gateway that was killed', async () => {
  const gateway = await started(['Gate']);
  await beginStream(gateway, 'default/gate');
  expect((await gateway.workers()).length).toBeGreaterThan(0);
  await gateway.end('SIGKILL');
  await until(
    'its workers to end',
    async () => (await processesIn(gateway.project.root)).length === 0,
  );
});

/** As they lie in the database. */
function stepsIn(projectRoot: string): number {
  const database = new DatabaseSync(join(projectRoot, '.dropgate/gateway.db'), { readOnly: true });
  try {
    return Number(database.prepare('select count(*) as steps from run_steps').get()?.steps);
  } finally {
    database.close();
  }
}

test.runIf(seesProcesses)(
  'a blocked worker of a gateway that was killed is swept by the next one, which knows what it did',
  async () => {
    const project = await warmProject();
    cleanUps.push(project.remove);
    const first = await startGateway({ project, agents: ['Blocker'] });
    cleanUps.push(first.stop);
    await beginStream(first, 'default/blocker');
    const left = (await first.workers()).map((worker) => worker.pid);
    expect(left.length).toBeGreaterThan(0);
    // Written unasked: whoever asks the gateway makes it write.
    await until('the run to be in the store', async () => (await runsInStore(project)) === 1);
    await until('the run to be written down', () => stepsIn(project.root) > 0);
    await first.end('SIGKILL');
    const second = await startGateway({ project });
    cleanUps.push(second.stop);
    const { runs } = (await (await second.fetch('/admin/runs')).json()) as RunPage;
    expect(runs).toMatchObject([{ agent_id: 'default/blocker', outcome: 'lost', steps: 1 }]);
    const shown = await second.fetch(`/admin/runs/${runs[0]?.id}`);
    expect(((await shown.json()) as RunDetail).steps).toMatchObject([{ kind: 'input' }]);
    await until('the sweep', async () => {
      const alive = (await processesIn(project.root)).map((one) => one.pid);
      return !alive.some((pid) => left.includes(pid));
    });
    const usage = await (await second.fetch('/admin/usage')).json();
    expect(usage).toMatchObject({ rows: [{ agent_id: 'default/blocker', runs: 1 }] });
  },
);

async function runsInStore(project: Project): Promise<number> {
  const store = await openStore(`sqlite:${join(project.root, '.dropgate/gateway.db')}`);
  const today = new Date().toISOString().slice(0, 10);
  const [sum] = await store.usage.sumDay(today, { by: ['day'], of: 'all', limit: 1 });
  await store.close();
  return sum?.runs ?? 0;
}

test('two gateways on one machine do not see each other', async () => {
  const [one, other] = await Promise.all([started(['Echo']), started(['Gate'])]);
  const ids = async (gateway: TestGateway) =>
    (await Array.fromAsync(gateway.client().models.list())).map((model) => model.id);
  expect(await ids(one)).toEqual(['default/echo']);
  expect(await ids(other)).toEqual(['default/gate']);
  const foreign = await fetch(`${one.url}/v1/models`, {
    headers: { authorization: `Bearer ${other.key}` },
  });
  expect(foreign.status).toBe(401);
});
