import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FaultBench } from './fault-bench.ts';
import { garbage } from './fault-upstream.ts';
import type { FaultKind } from './schedule.ts';
import type { Seeded } from './seeded.ts';
import { stormFiles } from './watcher-storm.ts';

/** A fault that has happened. */
export type Injected = {
  /** What chance made of it. */
  readonly detail: string;
  /** It is over already; `heal` waits for what is done about it. */
  readonly isOver?: true;
  readonly heal: () => Promise<void>;
};

type Inject = (bench: FaultBench, chance: Seeded) => Promise<Injected>;

const done = async () => undefined;

/** How each kind is done. */
export const injections: Readonly<Record<FaultKind, Inject>> = {
  async 'worker killed'({ gateway }, chance) {
    const pid = await someWorker(gateway, chance);
    signal(pid, 'SIGKILL');
    return { detail: pid ? 'one of them' : 'there was none', isOver: true, heal: done };
  },

  async 'worker stopped'({ gateway }, chance) {
    const pid = await someWorker(gateway, chance);
    signal(pid, 'SIGSTOP');
    const heal = async () => signal(pid, 'SIGCONT');
    return { detail: pid ? 'one of them' : 'there was none', heal };
  },

  async 'upstream down'({ upstream: { relay } }) {
    await relay.cut();
    return { detail: 'connections refused', heal: relay.mend };
  },

  async 'upstream slow'({ upstream: { relay } }, chance) {
    const quietMs = chance.pick([100, 500, 2000]);
    relay.mute();
    // Silent for so long, and then for a moment not.
    const timer = setInterval(() => {
      relay.speak();
      setImmediate(relay.mute);
    }, quietMs);
    const heal = async () => {
      clearInterval(timer);
      setImmediate(relay.speak);
    };
    return { detail: `a word each ${quietMs} ms`, heal };
  },

  async 'upstream garbage'({ upstream }, chance) {
    const what = chance.pick(Object.keys(garbage));
    upstream.send(what);
    return { detail: what, heal: async () => upstream.send(null) };
  },

  async 'store locked'({ ground }) {
    const [program = '', ...before] = ground.launchedBy;
    const command = ['--input-type=module', '-e', holdLock];
    const holder = spawn(program, [...before, process.execPath, ...command], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(holder, 'exit');
    await Promise.race([once(holder.stdout, 'data'), ended]);
    const heal = async () => {
      holder.stdin.end();
      await ended;
    };
    return { detail: 'by a writer in another process', heal };
  },

  'store full': ({ ground }) => fill(join(ground.view, 'store/filler')),
  'disk full': ({ ground }) => fill(join(ground.view, 'filler')),

  async 'clock jump'({ gateway }, chance) {
    const shiftS = chance.pick([-3600, -90, 90, 3600]);
    await gateway.shiftClock(shiftS * 1000);
    const staysSo = chance.between(0, 1) === 1;
    const detail = `${shiftS} s, of the gateway’s process${staysSo ? '' : ', and back'}`;
    return { detail, heal: staysSo ? done : () => gateway.shiftClock(0) };
  },

  async 'watcher storm'(bench, chance) {
    const checkouts = chance.between(3, 6);
    const events = await stormFiles(bench, checkouts);
    return { detail: `${checkouts} checkouts, ${events} files`, isOver: true, heal: done };
  },

  async 'gateway killed'({ gateway, witness }) {
    const up = witness.down();
    await gateway.kill();
    const started = gateway.start().then(up);
    return { detail: 'and started again', isOver: true, heal: () => started };
  },
};

async function someWorker(gateway: FaultBench['gateway'], chance: Seeded): Promise<number | null> {
  const workers = (await gateway.workers()).toSorted((one, other) => one - other);
  return workers.length > 0 ? chance.pick(workers) : null;
}

function signal(pid: number | null, name: NodeJS.Signals): void {
  try {
    if (pid) process.kill(pid, name);
  } catch {
    // It ended in between.
  }
}

/** Has the store for itself until its input ends. */
const holdLock = `
import { DatabaseSync } from 'node:sqlite';
const store = new DatabaseSync('store/gateway.db', { timeout: 20000 });
store.exec('begin exclusive');
console.log('held');
process.stdin.on('end', () => {
  store.exec('rollback');
  store.close();
}).resume();
`;

/** Takes all that is left of a disk. */
async function fill(path: string): Promise<Injected> {
  const file = await open(path, 'w');
  let bytes = 0;
  for (const size of [1 << 20, 4096]) {
    const block = Buffer.alloc(size);
    for (;;) {
      const { bytesWritten } = await file.write(block).catch(() => ({ bytesWritten: 0 }));
      bytes += bytesWritten;
      if (bytesWritten < size) break;
    }
  }
  await file.close();
  const detail = `its last ${Math.round(bytes / 2 ** 20)} MB taken`;
  return { detail, heal: () => rm(path) };
}
