import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../acceptance/until.ts';
import { launcher } from '../../support/cli-process.ts';
import { freePort } from '../../support/free-port.ts';
import type { Ground } from './ground.ts';

/** A gateway that may be killed at any time and starts again at the same place. */
export type FaultedGateway = {
  readonly url: string;
  /** Its admin key. */
  readonly key: string;
  readonly pid: () => number;
  /** The processes that it started: workers, and spares. */
  readonly workers: () => Promise<readonly number[]>;
  /** Kills it as a group of one, without a word. */
  readonly kill: () => Promise<void>;
  /** Starts it, again and again where it ends before it is ready; resolves when it is. */
  readonly start: () => Promise<void>;
  /** Moves its clock to so many milliseconds from now, in this process and the ones that follow. */
  readonly shiftClock: (ms: number) => Promise<void>;
  /** What all its processes printed. */
  readonly logs: () => string;
  /** Asks it to end, and gives its exit code back. */
  readonly end: () => Promise<number | null>;
};

const key = `dg_${'f'.repeat(43)}`;

/** Makes the files it needs; it is not started yet. */
export async function createFaultedGateway(
  ground: Pick<Ground, 'root' | 'launchedBy'>,
  env: Readonly<Record<string, string>>,
): Promise<FaultedGateway> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const clock = join(ground.root, '../clock');
  await writeFile(join(ground.root, '../key'), `${key}\n`, { mode: 0o600 });
  await writeFile(clock, '0');
  const pieces: string[] = [];
  let child: ChildProcess;
  let exited: Promise<unknown>;

  const spawnOne = () => {
    const [program = '', ...before] = ground.launchedBy;
    const command = ['--import', join(import.meta.dirname, 'clock.mjs'), launcher, 'start'];
    child = spawn(program, [...before, process.execPath, ...command], {
      env: {
        PATH: process.env.PATH,
        HOME: homedir(),
        SHIFTED_CLOCK: clock,
        GATEWAY_PORT: `${port}`,
        GATEWAY_STORE_URL: 'sqlite:store/gateway.db',
        GATEWAY_BOOTSTRAP_KEY_FILE: join(ground.root, '../key'),
        GATEWAY_AGENT_WATCH: '1',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    exited = once(child, 'exit');
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (piece: string) => pieces.push(piece));
  };
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  return {
    url,
    key,
    pid: () => child.pid ?? 0,
    workers: () => childrenOf(child.pid ?? 0),
    kill,
    async start() {
      spawnOne();
      const isReady = async () => {
        if (child.exitCode !== null || child.signalCode !== null) spawnOne();
        return (await fetch(`${url}/readyz`).catch(() => null))?.ok;
      };
      await until('the gateway to be ready', isReady).catch((cause: unknown) => {
        throw new Error(`It does not start:\n${pieces.join('').slice(-4000)}`, { cause });
      });
    },
    async shiftClock(ms) {
      await writeFile(clock, `${ms}`);
      child.kill('SIGUSR2');
    },
    logs: () => pieces.join(''),
    async end() {
      child.kill('SIGTERM');
      await exited;
      return child.exitCode;
    },
  };
}

async function childrenOf(pid: number): Promise<number[]> {
  const entries = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const parents = entries.map(async (name) => {
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    // The name is in brackets and may itself hold brackets and spaces.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid: Number(name), isChild: state !== 'Z' && Number(parent) === pid };
  });
  return (await Promise.all(parents)).flatMap((one) => (one.isChild ? [one.pid] : []));
}
