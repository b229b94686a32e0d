import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  type TemporaryProject,
  temporaryProject,
} from '../../../test/support/temporary-project.ts';
import type { KeyAnswer } from '../../protocol/security/answers.ts';

let project: TemporaryProject;
let run: ReturnType<typeof inProcessCli>;

beforeEach(() => {
  project = temporaryProject();
  run = inProcessCli(project.folder);
});

afterEach(() => project.dispose());

async function json(...args: string[]) {
  const { code, out, err } = await run('keys', ...args, '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out);
}

async function listed(): Promise<ReadonlyMap<string, KeyAnswer>> {
  const { keys }: { keys: KeyAnswer[] } = await json('list');
  return new Map(keys.map((key) => [key.id, key]));
}

const noLimits = {
  requests_per_minute: null,
  concurrent_runs: null,
  tokens_per_day: null,
  tokens_per_month: null,
  usd_per_day: null,
  usd_per_month: null,
};

describe('dropgate keys create', () => {
  test('makes a key that reaches all and never expires', async () => {
    expect(await json('create', '--name', 'alice', '--role', 'admin')).toEqual({
      id: expect.stringMatching(/^key_/),
      run_limits: null,
      forwards_users: false,
      name: 'alice',
      role: 'admin',
      state: 'active',
      namespaces: null,
      agents: null,
      limits: noLimits,
      key: expect.stringMatching(/^dg_[A-Za-z0-9_-]{43}$/),
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      created_by: expect.stringMatching(/^cli:./),
      expires_at: null,
      revoked_at: null,
      rotated_from: null,
      last_used_at: null,
    });
  });

  test('makes a key with scopes, limits and an expiry', async () => {
    const key = await json(
      'create',
      '--role=operator',
      '--namespaces=labs, default',
      '--agents=labs/*',
      '--expires=30d',
      '--requests-per-minute=60',
      '--concurrent-runs=2',
      '--tokens-per-day=1000',
      '--tokens-per-month=20000',
      '--usd-per-day=0.25',
      '--usd-per-month=5',
    );
    expect(key).toMatchObject({
      namespaces: ['labs', 'default'],
      agents: ['labs/*'],
      limits: {
        requests_per_minute: 60,
        concurrent_runs: 2,
        tokens_per_day: 1000,
        tokens_per_month: 20_000,
        usd_per_day: 0.25,
        usd_per_month: 5,
      },
    });
    const daysLeft = (Date.parse(key.expires_at) - Date.now()) / 86_400_000;
    expect(daysLeft).toBeGreaterThan(29.9);
    expect(daysLeft).toBeLessThan(30.1);
  });

  test('prints the key alone on standard output, so that a script can take it', async () => {
    const { code, out, err } = await run('keys', 'create', '--name', 'bob');
    expect(code).toBe(0);
    expect(out).toMatch(/^dg_[A-Za-z0-9_-]{43}\n$/);
    expect(err).toMatch(
      /^Made key key_\S+ \(bob, caller\), in \.dropgate\/gateway\.db\. It is shown this once:\n$/,
    );
  });

  test('makes no second key of a name, which rules could not tell apart', async () => {
    await json('create', '--name', 'ci');
    expect(await run('keys', 'create', '--name', 'ci')).toMatchObject({
      code: 2,
      out: '',
      err: 'error: A key of this name is in use. Choose another name.\n',
    });
  });

  test.each([
    [['--requests-per-minute', '0'], 'Give a whole number above 0.'],
    [['--tokens-per-day', '1e6'], 'Give a whole number above 0.'],
    [['--expires', 'soon'], 'Give a number and s, m, h, d or w, such as 30d.'],
    [['--name', 'role:admin'], 'A key’s name begins with a letter or digit'],
    [['--namespaces', 'a*'], 'The namespaces of a key are names such as `labs`.'],
  ])('takes %j as wrong usage', async (options, message) => {
    const { code, out, err } = await run('keys', 'create', ...options);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });
});

describe('dropgate keys list', () => {
  test('shows keys in aligned columns, never their secrets', async () => {
    expect((await run('keys', 'list')).err).toContain('dropgate keys create --role admin');
    const alice = ['--name', 'alice', '--agents', 'labs/*', '--requests-per-minute', '60'];
    const { id, key } = await json('create', ...alice);
    const { out } = await run('keys', 'list');
    expect(out).toBe(
      [
        'ID                NAME   ROLE    STATE   EXPIRES  LAST USED  REACHES  LIMITS',
        `${id}  alice  caller  active  never    never      labs/*   60/min`,
        '',
      ].join('\n'),
    );
    expect(JSON.stringify(await json('list'))).not.toContain(key.slice(3));
  });
});

describe('dropgate keys limit', () => {
  test('gives a key other limits, takes one away, and leaves the rest', async () => {
    const { id } = await json('create', '--name', 'alice', '--tokens-per-day', '500');
    const limited = await json(
      'limit',
      'alice',
      '--requests-per-minute',
      '60',
      '--usd-per-day',
      '2',
    );
    const limits = { ...noLimits, tokens_per_day: 500, requests_per_minute: 60, usd_per_day: 2 };
    expect(limited).toMatchObject({ id, limits, run_limits: null });
    expect(
      await run('keys', 'limit', id, '--usd-per-day', 'none', '--run-limits', 'max_model_calls=9'),
    ).toEqual({
      code: 0,
      out: `Key ${id} (alice) has these limits now: 60/min, 500 tokens/day, max_model_calls=9.\n`,
      err: '',
    });
    expect((await listed()).get(id)).toMatchObject({
      limits: { ...limits, usd_per_day: null },
      run_limits: { max_model_calls: 9 },
    });
  });

  test('wants to know which limit', async () => {
    await json('create', '--name', 'alice');
    expect(await run('keys', 'limit', 'alice')).toMatchObject({
      code: 2,
      err: expect.stringContaining('Say which limit, such as --requests-per-minute 60.'),
    });
  });
});

describe('dropgate keys rotate', () => {
  test('makes a key alike, and lets the old one work for the overlap', async () => {
    const old = await json('create', '--name', 'alice', '--agents', 'labs/*', '--forwards-users');
    const beganMs = Date.now();
    const rotated = await json('rotate', 'alice', '--overlap', '2h');
    expect(rotated).toMatchObject({
      name: 'alice',
      agents: ['labs/*'],
      forwards_users: true,
      rotated_from: old.id,
    });
    expect(rotated.key).not.toBe(old.key);
    const keys = await listed();
    const madeAtMs = Date.parse(keys.get(old.id)?.expires_at ?? '') - 7_200_000;
    // The store keeps whole seconds.
    expect(madeAtMs).toBeGreaterThan(beganMs - 2000);
    expect(madeAtMs).toBeLessThan(Date.now() + 2000);
    expect(keys.get(rotated.id)).toMatchObject({ state: 'active', expires_at: null });
  });

  test('ends the old one at once with an overlap of 0, and says so', async () => {
    const { id } = await json('create', '--name', 'alice');
    const { code, out, err } = await run('keys', 'rotate', id, '--overlap', '0');
    expect(code).toBe(0);
    expect(out).toMatch(/^dg_\S{43}\n$/);
    expect(err).toContain(`in place of ${id}, which ended now`);
    expect((await listed()).get(id)?.state).toBe('expired');
  });

  test('rotates no key that has ended, and takes no overlap above 30 days', async () => {
    const { id } = await json('create', '--name', 'alice');
    const long = await run('keys', 'rotate', id, '--overlap', '31d');
    expect([long.code, long.err]).toEqual([2, expect.stringContaining('up to 30d')]);
    await json('revoke', id);
    const ended = await run('keys', 'rotate', id);
    expect([ended.code, ended.err]).toEqual([2, expect.stringContaining('cannot be rotated')]);
  });
});

describe('dropgate keys revoke', () => {
  test('ends a key by id or by name, once', async () => {
    const alice = await json('create', '--name', 'alice', '--role', 'admin');
    const bob = await json('create', '--name', 'bob', '--expires', '1h');
    expect(await json('revoke', 'alice')).toEqual({
      id: alice.id,
      name: 'alice',
      revoked: true,
      changed: true,
    });
    expect(await json('revoke', alice.id)).toMatchObject({ changed: false });
    expect(await json('revoke', bob.id)).toMatchObject({ name: 'bob', changed: true });
    const { keys } = await json('list');
    expect(keys).toMatchObject([{ state: 'revoked' }, { state: 'revoked' }]);
  });

  test('ends nothing where a name is not clear', async () => {
    const old = await json('create', '--name', 'ci');
    const rotated = await json('rotate', 'ci');
    const unclear = await run('keys', 'revoke', 'ci');
    expect(unclear.code).toBe(1);
    expect(unclear.err).toContain('Several keys are named ci. Give the id of one:');
    expect(unclear.err).toContain(old.id);
    await json('revoke', old.id);
    expect(await json('revoke', 'ci')).toMatchObject({ id: rotated.id, changed: true });
    expect(await run('keys', 'revoke', 'nobody')).toMatchObject({
      code: 1,
      err: 'error: There is no key nobody. See `dropgate keys list`.\n',
    });
  });

  test('does not repeat a key that is given in place of its id', async () => {
    const { key } = await json('create');
    const { code, out, err } = await run('keys', 'revoke', key);
    expect(code).toBe(2);
    expect(out + err).not.toContain(key);
  });
});

test('says what to do about a damaged store', async () => {
  const text = 'no database, but long enough to be read'.repeat(50);
  writeFileSync(join(project.folder, 'broken.db'), text);
  project.write('.env', 'GATEWAY_STORE_URL=sqlite:broken.db\n');
  const { code, err } = await run('keys', 'list');
  expect(code).toBe(1);
  expect(err).toContain('is damaged or is no SQLite file. Restore it from a backup');
});
