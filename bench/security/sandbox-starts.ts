import { execFileSync } from 'node:child_process';
import { quantile } from '../quantile.ts';
import {
  type BenchGateway,
  createBenchProject,
  startBenchGateway,
  untilQuiet,
} from '../reload/bench-gateway.ts';

/**
 * Times loads of one small agent, each in a new process, by a gateway without a sandbox and one with, in turns; beside
 * them the least that a sandbox costs here: the program `true` in one that bubblewrap makes of the whole file system.
 */
export async function sandboxTable(pairs: number): Promise<string> {
  const projects = [createBenchProject(), createBenchProject()] as const;
  const gateways: BenchGateway[] = [];
  try {
    for (const [index, project] of projects.entries()) {
      const sandbox = index === 1 ? ', sandbox: bubblewrap' : '';
      project.write('gateway.yaml', `worker: { spares: 0${sandbox} }\n`);
      project.write('src/agents/Small/agent.ts', 'export const agent = { run: () => "v1;" };\n');
      gateways.push(await startBenchGateway(project));
    }
    const plain: number[] = [];
    const held: number[] = [];
    const bare: number[] = [];
    const [first, second] = gateways as [BenchGateway, BenchGateway];
    for (const gateway of gateways) {
      for (let warm = 0; warm < 3; warm++) await startOnce(gateway);
      const { ok, text } = await gateway.ask('default/small');
      if (!ok) throw new Error(`The agent does not answer: ${text}`);
    }
    for (let pair = 0; pair < pairs; pair++) {
      // Whoever comes first finds the machine in another state: they take turns.
      const turns = [
        async () => plain.push(await startOnce(first)),
        async () => held.push(await startOnce(second)),
      ];
      for (const turn of pair % 2 === 0 ? turns : turns.toReversed()) await turn();
      bare.push(
        timeOf('bwrap', ['--ro-bind', '/', '/', '--unshare-all', 'true']) - timeOf('true', []),
      );
    }
    return tableOf({ plain, held, bare });
  } finally {
    for (const gateway of gateways) await gateway.stop();
    for (const project of projects) project.remove();
  }
}

/** Loads the agent in a new process; milliseconds. */
async function startOnce(gateway: BenchGateway): Promise<number> {
  await untilQuiet(gateway.pid);
  const beganMs = performance.now();
  await gateway.fetch('/agents/refresh?force=true', 'POST');
  return performance.now() - beganMs;
}

function timeOf(program: string, args: readonly string[]): number {
  const beganMs = performance.now();
  execFileSync(program, args);
  return performance.now() - beganMs;
}

type Times = Readonly<Record<'plain' | 'held' | 'bare', readonly number[]>>;

function tableOf({ plain, held, bare }: Times): string {
  const added = held.map((ms, pair) => ms - (plain[pair] ?? ms));
  const row = (name: string, times: readonly number[]) => {
    const shown = [0.25, 0.5, 0.75].map((share) => quantile(times, share).toFixed(1));
    return `| ${[name, ...shown].join(' | ')} |`;
  };
  return [
    `| ${plain.length} pairs of loads in a new process | lower quarter ms | p50 ms | upper quarter ms |`,
    '| --- | --- | --- | --- |',
    row('without a sandbox', plain),
    row('in a sandbox', held),
    row('what the sandbox adds, pair by pair', added),
    row('beside it: bubblewrap around `true`, of the whole file system', bare),
  ].join('\n');
}
