import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startGateway } from '../contestants.ts';
import { startScript, stop, tree } from '../processes.ts';
import type { Peer } from './catalog.ts';
import { cacheFolder } from './folders.ts';
import { install, isInstalled } from './install.ts';
import { chatWire, type Wire } from './wires.ts';

/** A peer that runs. */
export type Running = {
  readonly peer: Peer;
  readonly pid: number;
  readonly url: string;
  readonly wire: Wire;
  /** The last lines that it wrote, for what is told of a failure. */
  readonly lastWords: () => string;
  readonly stop: () => Promise<void>;
};

/** What a peer has to be given. `url` is of the upstream, with `/v1`. */
export type Upstream = { readonly url: string; readonly key: string };

const bench = resolve(import.meta.dirname, '..');
const lastWordsLines = 6;
const killAfterMs = 5_000;

/**
 * Starts a peer. It need not be ready yet.
 *
 * @throws Error where it is not installed, with the command that installs it.
 */
export async function startPeer(peer: Peer, upstream: Upstream): Promise<Running> {
  if (peer.folder !== null) {
    if (!isInstalled(peer.folder)) {
      throw new Error(`It is not installed; run "node bench/peers/install.ts ${peer.name}".`);
    }
    // Its files, where they changed.
    install(peer.folder);
  }
  const env = { OPENAI_BASE_URL: upstream.url, OPENAI_API_KEY: upstream.key };
  if (peer.name.startsWith('limit')) return startLimit(peer, env);
  if (peer.name.startsWith('dropgate')) return startDropgate(peer, env);
  return startOther(peer, env);
}

type Environment = Readonly<Record<string, string>>;

async function startLimit(peer: Peer, env: Environment): Promise<Running> {
  const server =
    peer.folder === null
      ? await startScript([join(bench, 'bare-server.ts')], { env })
      : await startScript([join(bench, 'python/bare_server.py')], {
          env,
          command: pythonOf(peer.folder),
        });
  const url = `http://127.0.0.1:${server.firstLine}`;
  const { pid } = server;
  return { peer, pid, url, wire: peer.wire, lastWords: () => '', stop: () => stop(server) };
}

async function startDropgate(peer: Peer, env: Environment): Promise<Running> {
  const project = mkdtempSync(join(tmpdir(), 'dropgate-peers-'));
  const agents = join(project, 'src/agents');
  const sources = peer.folder
    ? ['python/agents', 'peers/python-agents']
    : ['agents', 'peers/agents'];
  for (const source of sources) cpSync(join(bench, source), agents, { recursive: true });
  const python = peer.folder ? { GATEWAY_PYTHON: pythonOf(peer.folder) } : {};
  const { server, target } = await startGateway(project, { ...env, ...python });
  return {
    peer,
    pid: server.pid,
    url: target.url,
    wire: chatWire('default/', target.headers),
    lastWords: () => '',
    stop: async () => {
      await stop(server);
      rmSync(project, { recursive: true, force: true });
    },
  };
}

function pythonOf(folder: string): string {
  return join(cacheFolder(folder), '.venv/bin/python');
}

async function startOther(peer: Peer, env: Environment): Promise<Running> {
  const folder = cacheFolder(peer.folder ?? '');
  const port = await freePort();
  const launch = peer.launch?.({ folder, port });
  if (!launch) throw new Error('The catalog does not say how it is started.');
  const log = join(folder, `${peer.name}.log`);
  const output = openSync(log, 'w');
  const child = spawn(launch.command, launch.args, {
    cwd: folder,
    // It leads a group, which is ended as one.
    detached: true,
    stdio: ['ignore', output, output],
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env, ...launch.env },
  });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  return {
    peer,
    pid,
    url: `http://127.0.0.1:${port}`,
    wire: peer.wire,
    lastWords: () =>
      readFileSync(log, 'utf8').trim().split('\n').slice(-lastWordsLines).join(' ').slice(-600),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      const all = tree(pid);
      process.kill(-pid, 'SIGTERM');
      await Promise.race([gone, wait(killAfterMs)]);
      for (const one of all) endForGood(one);
    },
  };
}

function endForGood(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}

/** Versions of a peer's packages, as installed, by name. */
export function versionsOf(peer: Peer): Record<string, string> {
  const folder = peer.folder === null ? resolve(bench, '..') : cacheFolder(peer.folder);
  const isPython = peer.folder !== null && peer.language === 'Python';
  return Object.fromEntries(
    peer.packages.map((name) => [
      name,
      isPython ? pythonVersion(folder, name) : nodeVersion(folder, name),
    ]),
  );
}

function nodeVersion(folder: string, name: string): string {
  const text = readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function pythonVersion(folder: string, name: string): string {
  const script = `import importlib.metadata as m; print(m.version(${JSON.stringify(name)}))`;
  const python = join(folder, '.venv/bin/python');
  return execFileSync(python, ['-c', script], { encoding: 'utf8' }).trim();
}
