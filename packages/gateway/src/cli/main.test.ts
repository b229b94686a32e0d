import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli, startCli } from '../../test/support/cli-process.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dropgate-cli-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const run = (...args: string[]) => runCli(folder, args);

async function json(...args: string[]) {
  const { code, out, err } = await run(...args, '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out);
}

describe('dropgate', () => {
  test('answers --help and --version', async () => {
    const manifest = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
    const version = await run('--version');
    expect(version).toEqual({ code: 0, out: `${JSON.parse(manifest).version}\n`, err: '' });
    const help = await run('--help');
    expect(help.code).toBe(0);
    for (const command of ['init', 'new', 'dev', 'start', 'check', 'agents', 'keys']) {
      expect(help.out).toMatch(new RegExp(`^  ${command} `, 'm'));
    }
    expect(help.out).toContain('Exit codes: 0 done, 1 found problems');
  });

  test.each([
    ...[['init'], ['new'], ['dev'], ['start'], ['check']],
    ...[
      ['agents', 'list'],
      ['agents', 'errors'],
      ['agents', 'refresh'],
    ],
    ...[
      ['keys', 'create'],
      ['keys', 'list'],
      ['keys', 'revoke'],
    ],
  ])('shows an example of %s %s', async (...words) => {
    const command = words.filter((word) => word !== undefined);
    const { code, out, err } = await run(...command, '--help');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(new RegExp(`^Usage: dropgate ${command.join(' ')} `));
    expect(out).toContain(`\nExamples:\n  $ dropgate ${command.join(' ')}`);
  });

  test.each([
    [['foo'], "error: unknown command 'foo'"],
    [['keyz'], 'Did you mean keys?'],
    [[], 'Usage: dropgate'],
    [['keys'], 'Usage: dropgate keys'],
    [['keys', 'destroy'], "error: unknown command 'destroy'"],
    [['agents'], 'Usage: dropgate agents'],
    [['agents', 'lst'], 'Did you mean list?'],
    [['agents', 'refresh', '--forced'], '(Did you mean --force?)'],
    [['new'], "missing required argument 'name'"],
    [['new', 'One', 'Two'], 'too many arguments'],
    [['init', 'elsewhere'], 'too many arguments'],
    [['check', '--jsn'], '(Did you mean --json?)'],
    [['dev', '--prot', '1'], '(Did you mean --port?)'],
    [['dev', '--port', 'abc'], 'A port is a number from 0 to 65535.'],
    [['start', '--port', '70000'], 'A port is a number from 0 to 65535.'],
    [['dev', 'extra'], 'too many arguments'],
    [['keys', 'create', '--role', 'king'], 'Allowed choices are caller, operator, admin, metrics.'],
    [['keys', 'create', '--expires', 'soon'], 'Give a number and s, m, h, d or w, such as 30d.'],
    [['keys', 'create', '--agents', 'a,,b'], 'Give names with commas between them, such as a,b.'],
    [['keys', 'create', '--name', 'role:admin'], 'A key’s name begins with a letter or digit'],
    [['keys', 'create', '--namespaces', 'a*'], 'The namespaces of a key are names such as `labs`.'],
    [['keys', 'revoke'], "missing required argument 'key'"],
  ])('takes %j as wrong usage', async (args, message) => {
    const { code, out, err } = await run(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });

  test.each([[['dev']], [['start']], [['check']], [['keys', 'list']], [['new', 'X']], [['init']]])(
    'does not %j with wrong settings, and says where they are',
    async (args) => {
      writeFileSync(join(folder, 'gateway.yaml'), 'server:\n  prot: 80\nlog: { level: loud }\n');
      const { code, out, err } = await run(...args);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toBe(
        [
          'error: The settings are wrong, so nothing was started.',
          '  gateway.yaml:2:3: server.prot: There is no such setting. Did you mean `port`?',
          '  gateway.yaml:3:15: log.level: "loud" is not allowed. Allowed: trace, debug, info, warn, error, fatal, silent.',
          '',
        ].join('\n'),
      );
    },
  );
});

test('ends as usual where nobody reads its output any more, as with `| head`', async () => {
  const cli = startCli(folder, ['check', '--json']);
  cli.child.stdout.destroy();
  const { code, err } = await cli.ended;
  expect(code).toBe(0);
  expect(err).not.toContain('EPIPE');
});

describe('dropgate keys', () => {
  test('makes a key that reaches all and never expires', async () => {
    expect(await json('keys', 'create', '--name', 'alice', '--role', 'admin')).toEqual({
      id: expect.stringMatching(/^key_/),
      name: 'alice',
      role: 'admin',
      namespaces: null,
      agents: null,
      key: expect.stringMatching(/^dg_[A-Za-z0-9_-]{43}$/),
      expires_at: null,
    });
  });

  test('makes a key with scopes and an expiry', async () => {
    const key = await json(
      ...['keys', 'create', '--role', 'operator', '--namespaces', 'labs, default'],
      ...['--agents', 'labs/*', '--expires', '30d'],
    );
    expect(key).toMatchObject({ namespaces: ['labs', 'default'], agents: ['labs/*'] });
    const daysLeft = (Date.parse(key.expires_at) - Date.now()) / 86_400_000;
    expect(daysLeft).toBeGreaterThan(29.9);
    expect(daysLeft).toBeLessThan(30.1);
  });

  test('prints the key alone on standard output, so that a script can take it', async () => {
    const { code, out, err } = await run('keys', 'create', '--name', 'bob');
    expect(code).toBe(0);
    expect(out).toMatch(/^dg_[A-Za-z0-9_-]{43}\n$/);
    expect(err).toMatch(
      /^Made key key_\S+ \(bob, caller\) in \.dropgate\/gateway\.db\. It is shown this once:\n$/,
    );
  });

  test('lists keys without their secrets, and revokes one by id or by name', async () => {
    const alice = await json('keys', 'create', '--name', 'alice', '--role', 'admin');
    const bob = await json('keys', 'create', '--name', 'bob', '--expires', '1h');
    expect(await json('keys', 'revoke', 'alice')).toEqual({
      id: alice.id,
      name: 'alice',
      revoked: true,
      changed: true,
    });
    expect(await json('keys', 'revoke', alice.id)).toMatchObject({ changed: false });
    expect(await json('keys', 'revoke', bob.id)).toMatchObject({ name: 'bob', changed: true });
    const { keys } = await json('keys', 'list');
    expect(keys).toHaveLength(2);
    expect(keys.find(({ id }: { id: string }) => id === alice.id)).toEqual({
      id: alice.id,
      name: 'alice',
      role: 'admin',
      namespaces: null,
      agents: null,
      state: 'revoked',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      created_by: expect.stringMatching(/^cli:./),
      expires_at: null,
      revoked_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    expect(JSON.stringify(keys)).not.toContain(alice.key.slice(3));
  });

  test('lists for people in aligned columns', async () => {
    expect((await run('keys', 'list')).err).toContain('dropgate keys create --role admin');
    const { id } = await json('keys', 'create', '--name', 'alice', '--agents', 'labs/*');
    expect((await run('keys', 'list')).out).toBe(
      [
        'ID                NAME   ROLE    STATE   EXPIRES  REACHES',
        `${id}  alice  caller  active  never    labs/*`,
        '',
      ].join('\n'),
    );
  });

  test('revokes nothing where a name is not clear', async () => {
    const [first, second] = [
      await json('keys', 'create', '--name', 'ci'),
      await json('keys', 'create', '--name', 'ci'),
    ];
    const unclear = await run('keys', 'revoke', 'ci');
    expect(unclear.code).toBe(1);
    expect(unclear.err).toContain('Several keys are named ci. Give the id of one:');
    expect(unclear.err).toContain(first.id);
    await json('keys', 'revoke', second.id);
    expect(await json('keys', 'revoke', 'ci')).toMatchObject({ id: first.id, changed: true });
    const unknown = await run('keys', 'revoke', 'nobody');
    expect(unknown).toMatchObject({
      code: 1,
      err: 'error: There is no key nobody. See `dropgate keys list`.\n',
    });
  });

  test('does not repeat a key that is given in place of its id', async () => {
    const { key } = await json('keys', 'create');
    const { code, out, err } = await run('keys', 'revoke', key);
    expect(code).toBe(2);
    expect(out + err).not.toContain(key);
  });

  test('says what to do about a damaged store', async () => {
    writeFileSync(join(folder, 'broken.db'), 'no database, but long enough to be read'.repeat(50));
    writeFileSync(join(folder, '.env'), 'GATEWAY_STORE_URL=sqlite:broken.db\n');
    const { code, err } = await run('keys', 'list');
    expect(code).toBe(1);
    expect(err).toContain('is damaged or is no SQLite file. Restore it from a backup');
  });
});
