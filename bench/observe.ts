/**
 * Measures what it costs to watch the gateway: traces against none, and a scrape of metrics where there are many agents.
 * Prints Markdown. Linux only (reads /proc). `node bench/observe.ts [traces] [starts] [scrape]`; `ROUNDS`, `AGENTS`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMetrics } from '../packages/gateway/src/observability/metrics/metrics.ts';
import { noUsage } from '../packages/gateway/src/protocol/run.ts';
import { contest } from './contest.ts';
import { startGatewayIn } from './contestants.ts';
import { load } from './load.ts';
import { startScript, stop } from './processes.ts';
import { quantile } from './quantile.ts';
import {
  createBenchProject,
  rssMb,
  startBenchGateway,
  untilQuiet,
} from './reload/bench-gateway.ts';
import { runParts } from './run-parts.ts';

const rounds = Number(process.env.ROUNDS ?? 5);
const agents = Number(process.env.AGENTS ?? 1000);
const deltas = 50;

/** A collector that reads and forgets, in this process: its CPU is in nobody's figure. */
async function startCollector() {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end('{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function traces(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'dropgate-bench-'));
  const collector = await startCollector();
  const upstream = await startScript([join(import.meta.dirname, 'upstream/mock-upstream.ts')], {
    env: { DELTAS: String(deltas) },
  });
  const env = {
    OPENAI_BASE_URL: `http://127.0.0.1:${upstream.firstLine}/v1`,
    OPENAI_API_KEY: 'bench-upstream-key',
  };
  const without = await startGatewayIn(join(folder, 'off'), { name: 'off', env });
  const traced = { ...env, ...collector.env };
  const tracing = await startGatewayIn(join(folder, 'on'), { name: 'on', env: traced });
  try {
    for (const { target } of [without, tracing]) {
      await load(target, { stream: false, concurrency: 8, count: 2000 });
      await load(target, { stream: true, concurrency: 8, count: 1000 });
    }
    const tables: string[] = [];
    for (const stream of [false, true]) {
      const shape = { stream, concurrency: 16, count: 800 };
      tables.push(await contest([without, tracing], shape, { rounds, deltas }));
    }
    return tables.join('\n\n');
  } finally {
    for (const { server } of [without, tracing]) await stop(server);
    await stop(upstream);
    collector.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function starts(): Promise<string> {
  const collector = await startCollector();
  const figures = { none: startFigures(), traced: startFigures() };
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, env] of Object.entries({ none: {}, traced: collector.env })) {
      const project = createBenchProject();
      const gateway = await startBenchGateway(project, { GATEWAY_AGENT_WATCH: '0', ...env });
      await untilQuiet(gateway.pid);
      const { readyMs, rssMb: sizes } = figures[name as keyof typeof figures];
      readyMs.push(gateway.readyMs);
      sizes.push(rssMb(gateway.pid));
      await gateway.stop();
      project.remove();
    }
  }
  collector.close();
  const row = (what: string, { readyMs, rssMb }: ReturnType<typeof startFigures>) =>
    `| ${what} | ${median(readyMs).toFixed(0)} ms | ${median(rssMb).toFixed(0)} MB |`;
  return [
    `| start, without agents, median of ${rounds} | to readyz | RSS |`,
    '| --- | --- | --- |',
    row('no collector is named', figures.none),
    row('traces are made', figures.traced),
  ].join('\n');
}

function startFigures() {
  return { readyMs: [] as number[], rssMb: [] as number[] };
}

/** Every agent has had a run with a tool and a model call. */
async function scrape(): Promise<string> {
  const metrics = createMetrics({
    workers: () => [],
    budgetsLeft: async () => [],
    upstreams: () => [],
    unreadBytes: () => 0,
  });
  for (let at = 0; at < agents; at += 1) {
    const about = {
      runId: `run_${at}`,
      requestId: 'req',
      keyId: 'key',
      agentId: `team/agent-${at}`,
    };
    const run = { ...about, modulePath: 'src/agents/A/agent.ts', generation: 1, isStreamed: true };
    const more = { kind: 'agent', traceparent: null, waitedMs: 0, user: null } as const;
    metrics.listener({ type: 'run_started', ...run, ...more });
    metrics.listener({
      type: 'run_ended',
      ...run,
      outcome: 'finished',
      code: null,
      detail: null,
      durationMs: 5,
      firstTextMs: 2,
      usage: noUsage,
      blockedBy: null,
    });
  }
  const times: number[] = [];
  let bytes = 0;
  for (let round = 0; round < 20; round += 1) {
    const beganMs = performance.now();
    bytes = (await metrics.exposition()).text.length;
    times.push(performance.now() - beganMs);
  }
  const sorted = times.toSorted((a, b) => a - b);
  return [
    `| scrape, ${agents} agents, ${(bytes / 1e6).toFixed(1)} MB | p50 | most |`,
    '| --- | --- | --- |',
    `| \`GET /metrics\`, the text alone | ${quantile(sorted, 0.5).toFixed(0)} ms | ${quantile(sorted, 1).toFixed(0)} ms |`,
  ].join('\n');
}

function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

await runParts({ traces, starts, scrape });
