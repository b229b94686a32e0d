import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { markedAgent } from './agent-sources.ts';
import {
  type BenchProject,
  createBenchProject,
  rssMb,
  startBenchGateway,
} from './bench-gateway.ts';

const head = [
  '| agents | to readyz | all ready | imports | most loading at once | gateway RSS |',
  '| --- | --- | --- | --- | --- | --- |',
];

/** Starts a gateway with `count` agents it has never seen. */
export async function measureNew(count: number): Promise<string> {
  const project = createBenchProject();
  for (let index = 0; index < count; index += 1) addAgent(project, index);
  try {
    return [...head, row(`${count}, all new`, await startOnce(project, count))].join('\n');
  } finally {
    project.remove();
  }
}

/** Starts a gateway with `count` agents that an earlier one has loaded and that have not changed since. */
export async function measureUnchanged(count: number): Promise<string> {
  const project = createBenchProject();
  addAgent(project, 0);
  try {
    await startOnce(project, 1);
    for (let index = 1; index < count; index += 1) addAgent(project, index);
    copyGeneration(project, count);
    const starts = [await startOnce(project, count), await startOnce(project, count)];
    return [...head, ...starts.map((start) => row(`${count}, all unchanged`, start))].join('\n');
  } finally {
    project.remove();
  }
}

function addAgent(project: BenchProject, index: number): void {
  project.write(`src/agents/Agent${index}/agent.ts`, markedAgent);
}

/** Leaves what loading each of the agents would have left: they are the same file in folders of other names. */
function copyGeneration(project: BenchProject, count: number): void {
  const store = new DatabaseSync(join(project.root, '.dropgate/gateway.db'));
  const kept = store.prepare('select * from kept_generations').get();
  const insert = store.prepare('insert into kept_generations values (?, ?, ?, ?)');
  const renamed = (text: unknown, index: number) =>
    String(text).replaceAll('Agent0', `Agent${index}`).replaceAll('agent0', `agent${index}`);
  store.exec('begin');
  for (let index = 1; index < count; index += 1) {
    const record = JSON.parse(renamed(kept?.record, index)) as { prints: Print[] };
    const prints = record.prints.map((print) => ({ ...print, changedMs: changedMsOf(print) }));
    const agentId = renamed(kept?.agent_id, index);
    insert.run(agentId, `${kept?.files_hash}`, index + 1, JSON.stringify({ ...record, prints }));
  }
  store.exec('commit');
  store.close();
}

type Print = { readonly path: string; readonly size: number };

function changedMsOf({ path, size }: Print): number {
  return size === -1 ? 0 : statSync(path).ctimeMs;
}

type Listed = { agents: { status: string }[] };

type Start = {
  readonly readyMs: number;
  readonly loadedMs: number;
  readonly imports: number;
  readonly atOnce: number;
  readonly rss: number;
};

async function startOnce(project: BenchProject, count: number): Promise<Start> {
  project.write('loads.log', '');
  const gateway = await startBenchGateway(project);
  const readyAtMs = performance.now();
  try {
    const rss = rssMb(gateway.pid);
    for (let ready = 0; ready < count; ) {
      const { agents } = (await gateway.fetch('/admin/agents')) as Listed;
      ready = agents.filter(({ status }) => status === 'ready').length;
      if (ready < count) await wait(200);
    }
    const loadedMs = gateway.readyMs + performance.now() - readyAtMs;
    const marks = readFileSync(join(project.root, 'loads.log'), 'utf8').split('\n').slice(0, -1);
    const imports = marks.filter((mark) => mark === 'begin').length;
    return { readyMs: gateway.readyMs, loadedMs, imports, atOnce: mostAtOnce(marks), rss };
  } finally {
    await gateway.stop();
  }
}

function mostAtOnce(marks: readonly string[]): number {
  let loading = 0;
  let most = 0;
  for (const mark of marks) {
    loading += mark === 'begin' ? 1 : -1;
    most = Math.max(most, loading);
  }
  return most;
}

function row(name: string, { readyMs, loadedMs, imports, atOnce, rss }: Start): string {
  const times = [readyMs, loadedMs].map((ms) => `${(ms / 1000).toFixed(1)} s`);
  return `| ${[name, ...times, imports, atOnce, `${rss.toFixed(0)} MB`].join(' | ')} |`;
}
