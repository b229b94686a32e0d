import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { privateMb, tree } from '../processes.ts';
import { quantile } from '../quantile.ts';
import {
  type BenchGateway,
  createBenchProject,
  startBenchGateway,
  untilQuiet,
} from '../reload/bench-gateway.ts';

const pollMs = 10;

/** A module that costs what a real one costs to load and answers without a model: its version. */
export function pythonAgent(version: number): string {
  return `from agents import Agent, function_tool


@function_tool
async def look_up(what: str) -> str:
    """Looks something up."""
    return what


inner = Agent(name="Inner", instructions="Look things up.", tools=[look_up])


class Versioned:
    async def run(self):
        yield "v${version};"


agent = Versioned()
`;
}

type Start = {
  readonly coldMs: number;
  readonly warmMs: number;
  readonly workerMb: number;
  readonly spareMb: number;
};

/** Times the first agent in Python of a gateway, which has no spare, and a second one, and weighs what is left idle. */
export async function measureStarts(
  rounds: number,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const starts: Start[] = [];
  for (let round = 0; round < rounds; round += 1) starts.push(await startOnce(env));
  const row = (name: string, of: (start: Start) => number, unit: string) => {
    const shown = [0.5, 1].map((share) => `${quantile(starts.map(of), share).toFixed(0)} ${unit}`);
    return `| ${[name, ...shown].join(' | ')} |`;
  };
  return [
    `| ${rounds} fresh projects | p50 | most |`,
    '| --- | --- | --- |',
    row('new file → first answer, no spare (cold)', ({ coldMs }) => coldMs, 'ms'),
    row('new file → first answer, warm spare', ({ warmMs }) => warmMs, 'ms'),
    row('private memory of an idle worker', ({ workerMb }) => workerMb, 'MB'),
    row('private memory of a spare', ({ spareMb }) => spareMb, 'MB'),
  ].join('\n');
}

async function startOnce(env: Readonly<Record<string, string>>): Promise<Start> {
  const project = createBenchProject();
  // With an empty folder there would be nothing to watch.
  project.write('src/agents/Idle/agent.ts', 'export const agent = { run: () => "v0;" };\n');
  const gateway = await startBenchGateway(project, env);
  try {
    const add = async (name: string, version: number) => {
      await untilQuiet(gateway.pid);
      const addedMs = performance.now();
      project.write(`src/agents/${name}/agent.py`, pythonAgent(version));
      while (!(await answers(gateway, name, version))) await wait(pollMs);
      return performance.now() - addedMs;
    };
    const coldMs = await add('First', 1);
    const warmMs = await add('Second', 2);
    await untilQuiet(gateway.pid);
    const sizes = pythonsBelow(gateway.pid).map(privateMb);
    // Started in this order: the two agents, the spare.
    const [workerMb = 0, , spareMb = 0] = sizes;
    return { coldMs, warmMs, workerMb, spareMb };
  } finally {
    await gateway.stop();
    project.remove();
  }
}

async function answers(gateway: BenchGateway, name: string, version: number): Promise<boolean> {
  const { ok, versions } = await gateway.ask(`default/${name.toLowerCase()}`);
  return ok && versions[0] === version;
}

function pythonsBelow(pid: number): number[] {
  return tree(pid)
    .filter((id) => readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('dropgate_worker'))
    .toSorted((a, b) => a - b);
}
