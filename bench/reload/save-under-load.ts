import { setTimeout as wait } from 'node:timers/promises';
import { quantile } from '../quantile.ts';
import { versionedAgent } from './agent-sources.ts';
import { type BenchGateway, createBenchProject, startBenchGateway } from './bench-gateway.ts';

/** Between two saves: time for the next spare to be made beside the clients. */
const restMs = 2000;

/**
 * Saves an agent again and again while `clients` ask it without pause, and times each save until one of them gets the new
 * version.
 */
export async function measureSavesUnderLoad(count: number, clients: number): Promise<string> {
  const project = createBenchProject();
  const path = 'src/agents/Saved/agent.ts';
  project.write(path, versionedAgent(0));
  const gateway = await startBenchGateway(project);
  const asking = startClients(gateway, clients);
  const timesMs: number[] = [];
  try {
    await asking.until(0);
    for (let version = 1; version <= count; version += 1) {
      await wait(restMs);
      const savedMs = performance.now();
      project.write(path, versionedAgent(version));
      await asking.until(version);
      timesMs.push(performance.now() - savedMs);
    }
    const { failed, answered } = await asking.end();
    const shown = [0.5, 0.95, 1].map((share) => quantile(timesMs, share).toFixed(0));
    return [
      `| save → new version answering, ${count} edits, ${clients} clients who ask without pause | p50 ms | p95 ms | most ms |`,
      '| --- | --- | --- | --- |',
      `| (answered ${answered}, failed ${failed}) | ${shown.join(' | ')} |`,
    ].join('\n');
  } finally {
    await asking.end();
    await gateway.stop();
    project.remove();
  }
}

type Clients = {
  /** Resolves when an answer says this version or a newer one. */
  readonly until: (version: number) => Promise<void>;
  readonly end: () => Promise<{ readonly answered: number; readonly failed: number }>;
};

function startClients(gateway: BenchGateway, count: number): Clients {
  let isOver = false;
  let newest = -1;
  let answered = 0;
  let failed = 0;
  let waiting: { readonly version: number; readonly seen: () => void } | null = null;
  const client = async () => {
    while (!isOver) {
      const { ok, versions } = await gateway.ask('default/saved');
      answered += 1;
      if (!ok && newest >= 0) failed += 1;
      newest = Math.max(newest, ...versions);
      if (waiting && newest >= waiting.version) waiting.seen();
    }
  };
  const all = Promise.all(Array.from({ length: count }, client));
  return {
    async until(version) {
      if (newest >= version) return;
      await new Promise<void>((seen) => {
        waiting = { version, seen };
      });
      waiting = null;
    },
    async end() {
      isOver = true;
      await all;
      return { answered, failed };
    },
  };
}
