import { setTimeout as wait } from 'node:timers/promises';
import { quantile } from '../quantile.ts';
import { versionedAgent, waysToBreak } from './agent-sources.ts';
import { type BenchGateway, createBenchProject, startBenchGateway } from './bench-gateway.ts';

const goodCount = 19;
const settings = `worker:
  load_timeout_ms: 3000
  stall_timeout_ms: 3000
  memory_limit_mb: 256
`;

/** Breaks one of 20 agents in every way, while it loads and while it runs, and asks the other 19 throughout. */
export async function measureBroken(): Promise<string> {
  const project = createBenchProject();
  project.write('gateway.yaml', settings);
  for (let index = 0; index < goodCount; index += 1) {
    project.write(`src/agents/Good${index}/agent.ts`, versionedAgent(index));
  }
  const gateway = await startBenchGateway(project);
  const rows: string[] = [];
  try {
    await Promise.all(Array.from({ length: goodCount }, (_, index) => ask(gateway, index)));
    for (const [kind, code] of Object.entries(waysToBreak)) {
      project.write(
        'src/agents/Bad/agent.ts',
        `${code}\nexport const agent = { run: () => '' };\n`,
      );
      const loading = await askOthers(gateway, () => isBroken(gateway));
      rows.push(row(`${kind}, while it loads`, loading));
      project.write(
        'src/agents/Bad/agent.ts',
        `export const agent = { async run() { ${code} } };\n`,
      );
      await until(async () => (await statusOfBad(gateway)) === 'ready');
      const running = gateway.ask('default/bad').catch(() => null);
      let over = false;
      const ended = Promise.race([running, wait(mostRunMs)]).then(() => {
        over = true;
      });
      rows.push(row(`${kind}, while it runs`, await askOthers(gateway, async () => over)));
      await ended;
    }
  } finally {
    await gateway.stop();
    project.remove();
  }
  const head =
    '| one of 20 agents | answers of the other 19 | failed | p50 ms | p99 ms | most ms |';
  return [head, '| --- | --- | --- | --- | --- | --- |', ...rows].join('\n');
}

/** A run that hangs is waited for no longer than this. */
const mostRunMs = 5000;

type Others = { readonly timesMs: readonly number[]; readonly failed: number };

/** Asks the good agents in turn until it is over, two at a time. */
async function askOthers(gateway: BenchGateway, isOver: () => Promise<boolean>): Promise<Others> {
  const timesMs: number[] = [];
  let failed = 0;
  let next = 0;
  let over = false;
  const client = async () => {
    // Each is asked once at least.
    while (!over || next < goodCount) {
      const index = next++ % goodCount;
      const askedMs = performance.now();
      if (!(await ask(gateway, index))) failed += 1;
      timesMs.push(performance.now() - askedMs);
    }
  };
  const watching = until(isOver).then(() => {
    over = true;
  });
  await Promise.all([client(), client(), watching]);
  return { timesMs, failed };
}

async function ask(gateway: BenchGateway, index: number): Promise<boolean> {
  const answer = await gateway.ask(`default/good${index}`).catch(() => null);
  return answer?.ok === true && answer.versions[0] === index;
}

type Listed = { agents: { id: string; status: string }[] };

async function isBroken(gateway: BenchGateway): Promise<boolean> {
  return ['failed', 'degraded'].includes(await statusOfBad(gateway));
}

async function statusOfBad(gateway: BenchGateway): Promise<string> {
  const { agents } = (await gateway.fetch('/admin/agents')) as Listed;
  return agents.find(({ id }) => id === 'default/bad')?.status ?? 'missing';
}

async function until(ask: () => Promise<boolean>): Promise<void> {
  while (!(await ask())) await wait(50);
}

function row(name: string, { timesMs, failed }: Others): string {
  const times = [0.5, 0.99, 1].map((share) => quantile(timesMs, share).toFixed(0));
  return `| ${[name, timesMs.length, failed, ...times].join(' | ')} |`;
}
