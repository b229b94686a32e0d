import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launcher, startCli } from '../../../test/support/cli-process.ts';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import { startPostgres } from '../../../test/support/postgres.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import {
  type TemporaryProject,
  warmTemporaryProject,
} from '../../../test/support/temporary-project.ts';
import { openStore } from '../../storage/open-store.ts';
import { startTestGateway } from '../../testing.ts';

const stores = join(import.meta.dirname, '../../../test/fixtures/stores');

/** The agent of the stores that earlier versions wrote, under the hash of its bytes. */
const keptName = '4625f5063bd6cc3167b2e6cc2fbc2b558a9e29d5fc0d5324d379403803110140';
const keptAgent = "export const agent = { run: async () => 'Hello from before.' };\n";
/** What became of it later. */
const brokenAgent = 'export const agent = ;\n';

/** A project as an earlier version left it: its agent serves from kept bytes, since the edit after them is broken. */
async function earlierProject(name: string): Promise<string> {
  const folder = await tempFolder({
    'gateway.yaml': 'worker: { spares: 0 }\n',
    'src/agents/Hello/agent.ts': brokenAgent,
    [`.dropgate/generations/${keptName}`]: keptAgent,
  });
  const database = new DatabaseSync(join(folder, '.dropgate/gateway.db'));
  // Where the project of that version lay.
  database.exec(readFileSync(join(stores, name), 'utf8').replaceAll('/srv/dropgate', folder));
  database.close();
  return folder;
}

/** Every row of a SQLite file, but how far the tables are. */
function rowsOf(path: string): Record<string, unknown[]> {
  const database = new DatabaseSync(path, { readOnly: true });
  const names = database
    .prepare("select name from sqlite_master where type = 'table' and name not like 'kysely%'")
    .all()
    .map(({ name }) => String(name));
  const rows = names.map((name) => [name, database.prepare(`select * from "${name}"`).all()]);
  database.close();
  return Object.fromEntries(rows);
}

async function say(url: string, key: string): Promise<unknown> {
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'default/hello', messages: [{ role: 'user', content: 'Hi' }] }),
  });
  const body = (await answer.json()) as { choices?: { message: { content: string } }[] };
  return body.choices?.[0]?.message.content ?? body;
}

/** Keys that were made for these stores and open nothing else. */
const earlier = [
  ['0012_kept_generations.sql', 'fhiDgFrObUgcaxD6MnJNg6oKdyQy_tT7H9W79leDlcg'],
  ['0018_run_limits.sql', 'kFbRl6nnWrma7pkU6dWqB8iwDDiDb1E6lmrqZg4voZ8'],
] as const;

test.each(earlier)(
  'a store that an earlier version wrote opens and serves (%s)',
  async (name, end) => {
    const projectRoot = await earlierProject(name);
    const gateway = await startTestGateway({ projectRoot });
    try {
      expect(await say(gateway.url, `dg_${end}`)).toBe('Hello from before.');
      const run = inProcessCli(projectRoot);
      const { out } = await run('security', 'decisions', '--effect', 'deny', '--json');
      expect(
        JSON.parse(out).decisions.map(({ resource }: { resource: string }) => resource),
      ).toEqual(['/agents/refresh']);
    } finally {
      await gateway.close();
    }
  },
);

describe('on SQLite', () => {
  let project: TemporaryProject;
  let run: ReturnType<typeof inProcessCli>;
  let backup = '';
  let running: ReturnType<typeof startCli>;
  let secret = '';

  beforeAll(async () => {
    project = warmTemporaryProject();
    project.write('gateway.yaml', 'worker: { spares: 0 }\nruns: { record: contents }\n');
    project.write('src/agents/Hello/agent.ts', keptAgent);
    run = inProcessCli(project.folder);
    secret = JSON.parse((await run('keys', 'create', '--name', 'alice', '--json')).out).key;
    running = startCli(project.folder, ['start'], { env: { GATEWAY_PORT: '0' } });
    const log = await running.until('"agent loaded"');
    const url = /"url":"(http:[^"]+)"/.exec(log)?.[1] ?? '';
    expect(await say(url, secret)).toBe('Hello from before.');
    backup = join(project.folder, 'a.backup');
  });

  afterAll(async () => {
    running.child.kill('SIGKILL');
    await running.ended;
    project.dispose();
  });

  test('a backup is made while a gateway runs, for its owner only', async () => {
    const made = JSON.parse((await run('backup', 'a.backup', '--json')).out);
    expect(made).toMatchObject({ file: backup, engine: 'sqlite', files: 1 });
    expect(made.rows).toMatchObject({ keys: 1, kept_generations: 1, versions: 3 });
    expect(statSync(backup).mode & 0o777).toBe(0o600);
    expect(await run('restore', 'a.backup', '--check')).toMatchObject({ code: 0 });
  });

  test('an existing file is never written over', async () => {
    writeFileSync(join(project.folder, 'mine'), 'mine');
    expect(await run('backup', 'mine')).toMatchObject({
      code: 1,
      err: `error: ${join(project.folder, 'mine')} is there already. Name another file.\n`,
    });
    expect(readFileSync(join(project.folder, 'mine'), 'utf8')).toBe('mine');
  });

  test('one that is stopped leaves nothing behind, and its name free', async () => {
    const folder = await earlierProject('0018_run_limits.sql');
    const kept = randomBytes(32 * 1024 * 1024);
    const sha = createHash('sha256').update(kept).digest('hex');
    writeFileSync(join(folder, '.dropgate/generations', sha), kept);
    const before = readdirSync(folder);
    const begun = startCli(folder, ['backup', 'a.backup']);
    const looked = watch(folder)[Symbol.asyncIterator]();
    while (!readdirSync(folder).some((name) => name.endsWith('.part'))) await looked.next();
    begun.child.kill('SIGINT');
    const { code, err } = await begun.ended;
    expect({ code, err }).toEqual({ code: 1, err: 'error: Stopped by SIGINT.\n' });
    expect(readdirSync(folder)).toEqual(before);
  });

  test('in a folder it is named by the time', async () => {
    const { out } = await run('backup', '.');
    expect(out).toMatch(
      /Wrote \/.*\/dropgate-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.backup \(\d+ KiB\)\./,
    );
  });

  test('a running gateway keeps its store', async () => {
    const { code, err } = await run('restore', 'a.backup', '--replace');
    expect({ code, err }).toEqual({
      code: 1,
      err: `error: A gateway runs on this project (process ${running.child.pid}). Stop it, then restore.\n`,
    });
  });

  test('what any other process has open stays, whoever that is', async () => {
    const other = await tempFolder();
    const store = await openStore(`sqlite:${other}/.dropgate/gateway.db`);
    const { code, err } = await inProcessCli(other)('restore', backup, '--replace');
    await store.close();
    expect(code).toBe(1);
    expect(err).toContain('is open in another process. Stop the gateway, then restore.');
  });

  test('in another project all of it serves: keys, and what was loaded last', async () => {
    const folder = await tempFolder({
      'gateway.yaml': 'worker: { spares: 0 }\n',
      'src/agents/Hello/agent.ts': brokenAgent,
    });
    const restored = await inProcessCli(folder)('restore', backup);
    expect(restored.out).toMatch(/^Restored \d+ rows and 1 kept file, made on .* on sqlite\.\n$/);
    const gateway = await startTestGateway({ projectRoot: folder });
    expect(await say(gateway.url, secret)).toBe('Hello from before.');
    await gateway.close();
  });

  test('a store that holds something gives way only where it is told to, and is kept', async () => {
    const folder = await tempFolder();
    const other = inProcessCli(folder);
    await other('keys', 'create', '--name', 'bob');
    const refused = await other('restore', backup);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('holds something already (keys). Restore with --replace');
    const { out } = await other('restore', backup, '--replace', '--json');
    const [aside] = JSON.parse(out).moved_aside;
    expect(rowsOf(aside).keys).toMatchObject([{ name: 'bob' }]);
    expect(JSON.parse((await other('keys', 'list', '--json')).out).keys).toMatchObject([
      { name: 'alice' },
    ]);
  });

  /** The lines of the backup, changed, in a file of their own. */
  async function changed(change: (lines: string[]) => readonly string[]): Promise<string> {
    const lines = gunzipSync(readFileSync(backup)).toString('utf8').trimEnd().split('\n');
    const file = join(await tempFolder(), 'changed.backup');
    writeFileSync(file, gzipSync(`${change(lines).join('\n')}\n`));
    return file;
  }

  const damaged = (file: string) =>
    `error: The backup ${file} is cut or damaged, so nothing of it was restored. Use another one.`;

  test('what is cut, changed or added to is refused, and nothing is touched', async () => {
    const half = join(await tempFolder(), 'half.backup');
    writeFileSync(half, readFileSync(backup).subarray(0, 700));
    const files = [
      half,
      await changed((lines) => lines.slice(0, -1)),
      await changed((lines) => lines.map((line) => line.replace('alice', 'mallory'))),
      await changed((lines) => [...lines, lines[1] ?? '']),
      await changed((lines) => [...lines.slice(0, 2), 'null', ...lines.slice(2)]),
      await changed(([head = '', ...lines]) => [head, '{"table":"pets","row":{}}', ...lines]),
      await changed(([head = '', ...lines]) => [head, '{"table":"keys","row":{"x":1}}', ...lines]),
    ];
    for (const file of files) {
      const folder = await tempFolder();
      const { code, err } = await inProcessCli(folder)('restore', file);
      expect({ code, err: err.split('\n')[0] }).toEqual({ code: 1, err: damaged(file) });
      expect(existsSync(join(folder, '.dropgate/gateway.db'))).toBe(false);
    }
  });

  test('what the disk does not take whole is not taken for restored', async () => {
    const file = await changed(([head = '', ...lines]) => {
      const rows = [head, ...lines.filter((line) => line.startsWith('{"table"'))];
      const kept = Buffer.alloc(2 * 1024 * 1024, 'x');
      const sha = createHash('sha256').update(kept).digest('hex');
      const text = `${[...rows, JSON.stringify({ file: sha, piece: kept.toString('base64') })].join('\n')}\n`;
      const { end } = JSON.parse(lines.at(-1) ?? '');
      const sha256 = createHash('sha256').update(text).digest('hex');
      return [text.trimEnd(), JSON.stringify({ end: { ...end, files: 1, sha256 } })];
    });
    const folder = await tempFolder();
    // A file of the process may have 1.5 MiB, of which the system takes what still fits.
    const limited = 'trap "" XFSZ; ulimit -f 3072; exec "$0" "$@"';
    const args = ['-c', limited, process.execPath, launcher, 'restore', file];
    const { status, stderr } = spawnSync('sh', args, { cwd: folder, encoding: 'utf8' });
    expect([status, stderr.split('\n')[0]]).toEqual([
      1,
      `error: The store ${folder}/.dropgate cannot be used. See its cause, or set store_url to another file.`,
    ]);
    expect(readdirSync(join(folder, '.dropgate'))).toEqual([]);
  });

  test('what a newer version made is refused', async () => {
    const form = await changed((lines) =>
      lines.map((line) => line.replace('"format_version":1', '"format_version":2')),
    );
    const tables = await changed((lines) =>
      lines.map((line) => line.replace('"0001_keys"', '"0001_keys","0001_later"')),
    );
    const answers = [
      await run('restore', form, '--check'),
      await run('restore', tables, '--check'),
    ];
    expect(answers.map(({ err }) => err)).toEqual([
      `error: ${form} was made by a newer version of Dropgate. Update Dropgate, then restore it.\n`,
      'error: The backup was made by a newer version of Dropgate (0.1.0). Update Dropgate, then restore it.\n',
    ]);
  });

  test('what is no backup is said to be none', async () => {
    const folder = await tempFolder({ 'notes.txt': 'Hello.', empty: '' });
    writeFileSync(join(folder, 'other.gz'), gzipSync('{"format":"other"}\n'));
    const other = inProcessCli(folder);
    const said = async (name: string) => (await other('restore', name)).err.split(folder).join('');
    expect([
      await said('notes.txt'),
      await said('empty'),
      await said('other.gz'),
      await said('gone'),
      await said('.'),
    ]).toEqual([
      'error: /notes.txt is no backup of Dropgate.\n',
      'error: /empty is no backup of Dropgate.\n',
      'error: /other.gz is no backup of Dropgate.\n',
      'error: There is no file /gone.\n',
      'error:  is a folder. Name the file of a backup.\n',
    ]);
  });

  test('a project without a store, and one that a newer version wrote, have no backup', async () => {
    const folder = await tempFolder();
    const other = inProcessCli(folder);
    expect((await other('backup', 'b')).err).toContain('There is no store of Dropgate in');
    await other('keys', 'list');
    const database = new DatabaseSync(join(folder, '.dropgate/gateway.db'));
    database.exec("insert into kysely_migration values ('9999_later', '2030-01-01T00:00:00Z')");
    database.close();
    expect((await other('backup', 'b', '--json')).out).toContain(
      'The store was written by a newer version of Dropgate. Make the backup with that version.',
    );
    expect(existsSync(join(folder, 'b'))).toBe(false);
  });

  test('kept files that cannot be listed are not left out', async () => {
    const folder = await earlierProject('0018_run_limits.sql');
    const kept = join(folder, '.dropgate/generations');
    rmSync(kept, { recursive: true });
    symlinkSync(kept, kept);
    const { code, err } = await inProcessCli(folder)('backup', 'b');
    expect([code, err.split('\n')[0]]).toEqual([
      1,
      `error: The kept files in ${kept} cannot be listed (ELOOP).`,
    ]);
    expect(existsSync(join(folder, 'b'))).toBe(false);
  });

  test('a kept file that somebody changed is left out', async () => {
    const folder = await earlierProject('0018_run_limits.sql');
    appendFileSync(join(folder, '.dropgate/generations', keptName), 'more');
    const { out } = await inProcessCli(folder)('backup', 'b', '--json');
    expect(JSON.parse(out)).toMatchObject({ files: 0, rows: { kept_generations: 1 } });
  });
});

const server = await startPostgres();

type Rows = Readonly<Record<string, readonly object[]>>;

describe.skipIf('missing' in server)(
  'missing' in server ? `Postgres, left out: ${server.missing}` : 'from one database to another',
  () => {
    if ('missing' in server) return;
    afterAll(server.stop);

    test('what SQLite held comes back from Postgres as it was', async () => {
      const [first, second] = [await earlierProject('0018_run_limits.sql'), await tempFolder()];
      expect(await inProcessCli(first)('backup', 'a.backup')).toMatchObject({ code: 0, err: '' });

      const url = await server.newDatabase();
      const onPostgres = inProcessCli(second, { GATEWAY_STORE_URL: url });
      const restored = await onPostgres('restore', join(first, 'a.backup'));
      expect(restored).toMatchObject({ code: 0, out: expect.stringContaining('1 kept file') });
      expect(await onPostgres('backup', 'b.backup')).toMatchObject({ code: 0, err: '' });

      const third = await tempFolder();
      const check = await inProcessCli(third)('restore', join(second, 'b.backup'), '--json');
      expect(JSON.parse(check.out)).toMatchObject({ restored: true, engine: 'postgres', files: 1 });
      const database = (folder: string) => join(folder, '.dropgate/gateway.db');
      const text = JSON.stringify(rowsOf(database(third))).replaceAll(third, first);
      const there: Rows = JSON.parse(text);
      const here: Rows = JSON.parse(JSON.stringify(rowsOf(database(first))));
      // What came later has nothing of it: tables, and columns.
      const later = Object.keys(there).filter((name) => !(name in here));
      const empty = Object.fromEntries(later.map((name) => [name, []]));
      const updated = Object.entries(here).map(([name, rows]) => {
        const [row] = there[name] ?? [];
        const added = Object.entries(row ?? {}).filter(([column]) => !(column in (rows[0] ?? {})));
        expect(added.filter(([, value]) => value !== null && value !== 0)).toEqual([]);
        return [name, rows.map((old) => ({ ...Object.fromEntries(added), ...old }))];
      });
      expect(there).toEqual({ ...Object.fromEntries(updated), ...empty });
    });

    test('what an earlier version wrote is brought up to date on its way', async () => {
      const before = await earlierProject('0012_kept_generations.sql');
      await inProcessCli(before)('backup', 'a.backup');
      const tables = Object.keys(rowsOf(join(before, '.dropgate/gateway.db')));
      expect(tables).not.toContain('runs');

      const folder = await tempFolder();
      const other = inProcessCli(folder, { GATEWAY_STORE_URL: await server.newDatabase() });
      expect(await other('restore', join(before, 'a.backup'))).toMatchObject({ code: 0 });
      const keys = JSON.parse((await other('keys', 'list', '--json')).out).keys;
      const state = ({ name, state }: Record<string, string>) => `${name} ${state}`;
      expect(keys.map(state)).toEqual(['alice active', 'root active', 'gone revoked']);
    });

    test('a database that a gateway uses, or that holds something, is refused', async () => {
      const first = await earlierProject('0018_run_limits.sql');
      await inProcessCli(first)('backup', 'a.backup');
      const folder = await tempFolder();
      const url = await server.newDatabase();
      const other = inProcessCli(folder, { GATEWAY_STORE_URL: url });
      await other('keys', 'create', '--name', 'bob');
      const backup = join(first, 'a.backup');
      const store = await openStore(url);
      await store.versions();
      const inUse = await other('restore', backup, '--replace');
      await store.close();
      const full = await other('restore', backup);
      const replaced = await other('restore', backup, '--replace');
      expect([inUse.err, full.err.split('.')[0], replaced.code]).toEqual([
        'error: A gateway, or another command, uses the database of store_url. Stop every gateway on it, then restore.\n',
        'error: The database of store_url holds something already (keys)',
        0,
      ]);
      const { out } = await other('keys', 'list', '--json');
      expect(JSON.parse(out).keys).toHaveLength(3);
    });

    test('a database that holds no store, or cannot be reached, has no backup', async () => {
      const folder = await tempFolder();
      const backup = async (url: string) =>
        (await inProcessCli(folder, { GATEWAY_STORE_URL: url })('backup', 'b')).err.split('\n')[0];
      expect(await backup(await server.newDatabase())).toMatch(
        /^error: There is no store of Dropgate in postgres:/,
      );
      expect(await backup('postgres://localhost:1/none')).toBe(
        'error: The store postgres://localhost:1/none cannot be reached. Start its server, or correct store_url.',
      );
    });
  },
);
