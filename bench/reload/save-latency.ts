import { setTimeout as wait } from 'node:timers/promises';
import { quantile } from '../quantile.ts';
import { versionedAgent } from './agent-sources.ts';
import { createBenchProject, rssMb, startBenchGateway, untilQuiet } from './bench-gateway.ts';

/** Asked no more often, so that asking does not slow down what is asked for. */
const pollMs = 10;

/** What is saved: a module of any language that says its version, and what its gateway needs of an environment. */
export type Saved = {
  readonly file: string;
  readonly source: (version: number) => string;
  readonly env: Readonly<Record<string, string>>;
};

const inTypeScript: Saved = { file: 'agent.ts', source: versionedAgent, env: {} };

/** Saves an agent again and again, each time with a warm spare, and times each save until the new version answers. */
export async function measureSaves(count: number, saved: Saved = inTypeScript): Promise<string> {
  const project = createBenchProject();
  const path = `src/agents/Saved/${saved.file}`;
  project.write(path, saved.source(0));
  const gateway = await startBenchGateway(project, saved.env);
  const timesMs: number[] = [];
  const latencyMs: number[] = [];
  try {
    // The first of Python makes the spare.
    while (!(await gateway.ask('default/saved')).ok) await wait(pollMs);
    for (let version = 1; version <= count; version += 1) {
      await untilQuiet(gateway.pid);
      const savedMs = performance.now();
      project.write(path, saved.source(version));
      for (let seen = -1; seen !== version; ) {
        const askedMs = performance.now();
        const answer = await gateway.ask('default/saved');
        seen = answer.versions[0] ?? -1;
        latencyMs.push(performance.now() - askedMs);
        if (seen !== version) await wait(pollMs);
      }
      timesMs.push(performance.now() - savedMs);
    }
    const shown = [0.5, 0.95, 1].map((share) => quantile(timesMs, share).toFixed(0));
    return [
      `| save → new version answering, ${count} edits, warm spare | p50 ms | p95 ms | most ms |`,
      '| --- | --- | --- | --- |',
      `| (of it one request: p50 ${quantile(latencyMs, 0.5).toFixed(1)} ms; gateway RSS ${rssMb(gateway.pid).toFixed(0)} MB) | ${shown.join(' | ')} |`,
    ].join('\n');
  } finally {
    await gateway.stop();
    project.remove();
  }
}
