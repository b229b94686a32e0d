import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli, startCli } from '../../test/support/cli-process.ts';
import { inProcessCli } from '../../test/support/in-process-cli.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dropgate-cli-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const run = (...args: string[]) => inProcessCli(folder)(...args);

describe('dropgate', () => {
  test('answers `help` as --help, and ends a command without its verb as wrong usage', async () => {
    expect(await runCli(folder, ['help', 'keys'])).toMatchObject({ code: 0, err: '' });
    expect((await runCli(folder, ['help'])).code).toBe(0);
    expect((await runCli(folder, ['keys'])).code).toBe(2);
    const unknown = await runCli(folder, ['help', 'kees']);
    expect(unknown).toMatchObject({ code: 2, out: '' });
    expect(unknown.err).toContain("unknown command 'kees'\n(Did you mean keys?)");
    const inFamily = await runCli(folder, ['keys', 'help', 'creat']);
    expect(inFamily).toMatchObject({ code: 2, out: '' });
    expect(inFamily.err).toContain("unknown command 'creat'\n(Did you mean create?)");
  });

  test('answers --help and --version', async () => {
    const manifest = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
    const version = await runCli(folder, ['--version']);
    expect(version).toEqual({ code: 0, out: `${JSON.parse(manifest).version}\n`, err: '' });
    const help = await runCli(folder, ['--help']);
    expect(help.code).toBe(0);
    for (const command of ['init', 'new', 'dev', 'check', 'agents', 'keys', 'security', 'audit']) {
      expect(help.out).toMatch(new RegExp(`^  ${command} `, 'm'));
    }
    expect(help.out).toContain('Exit codes: 0 done, 1 found problems');
  });

  test.each([
    ['init'],
    ['new'],
    ['dev'],
    ['start'],
    ['check'],
    ['test'],
    ['agents', 'list'],
    ['agents', 'errors'],
    ['agents', 'refresh'],
    ['keys', 'create'],
    ['keys', 'list'],
    ['keys', 'rotate'],
    ['keys', 'revoke'],
    ['security', 'preview'],
    ['security', 'override'],
    ['security', 'overrides'],
    ['security', 'revoke'],
    ['security', 'rules'],
    ['security', 'decisions'],
    ['audit'],
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
    [['security', 'preview', 'fly', 'x'], 'Allowed choices are list_agents, run_agent, call_tool,'],
    [['audit', '--jsn'], '(Did you mean --json?)'],
    [['keys', 'revoke'], "missing required argument 'key'"],
  ])('takes %j as wrong usage', async (args, message) => {
    const { code, out, err } = await run(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });

  test.each([
    [['dev']],
    [['start']],
    [['check']],
    [['test']],
    [['keys', 'list']],
    [['new', 'X']],
    [['init']],
  ])('does not %j with wrong settings, and says where they are', async (args) => {
    writeFileSync(join(folder, 'gateway.yaml'), 'server:\n  prot: 80\nlog: { level: loud }\n');
    const { code, out, err } = await run(...args);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toBe(
      [
        'error: The settings are wrong, so nothing was done.',
        '  gateway.yaml:2:3: server.prot: There is no such setting. Did you mean `port`?',
        '  gateway.yaml:3:15: log.level: "loud" is not allowed. Allowed: trace, debug, info, warn, error, fatal, silent.',
        '',
      ].join('\n'),
    );
  });
});

test('ends its process with the code of what came of it', async () => {
  expect(await runCli(folder, ['keyz'])).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringContaining('Did you mean keys?'),
  });
  writeFileSync(join(folder, 'gateway.yaml'), 'log: { level: loud }\n');
  expect(await runCli(folder, ['keys', 'list'])).toMatchObject({ code: 1, out: '' });
});

test('tells what went wrong as JSON where JSON is asked for, whole also to a slow reader', async () => {
  expect(await runCli(folder, ['audit', '--josn', '--json'])).toEqual({
    code: 2,
    out: expect.stringContaining('"message": "unknown option \'--josn\''),
    err: '',
  });
  const lost = await run('agents', 'list', '--json');
  expect(JSON.parse(lost.out).error.message).toMatch(/^No gateway runs on this project\./);
  expect(lost).toMatchObject({ code: 1, err: '' });

  const wrong = Array.from({ length: 5000 }, (_, index) => `wrong_setting_${index}: 1\n`);
  writeFileSync(join(folder, 'gateway.yaml'), wrong.join(''));
  const { child, ended } = startCli(folder, ['keys', 'list', '--json']);
  child.stdout.pause();
  await expect.poll(() => child.stdout.readableLength).toBeGreaterThan(0);
  child.stdout.resume();
  const { error } = JSON.parse((await ended).out);
  expect(error).toMatchObject({
    message: 'The settings are wrong, so nothing was done.',
    code: 'bad_setting',
  });
  expect(error.problems).toHaveLength(5000);
  expect(error.problems[0]).toEqual({
    file: 'gateway.yaml',
    line: 1,
    column: 1,
    setting: 'wrong_setting_0',
    message: expect.stringMatching(/^There is no such setting\./),
  });
});

test('ends as usual where nobody reads its output any more, as with `| head`', async () => {
  const cli = startCli(folder, ['check', '--json']);
  cli.child.stdout.destroy();
  const { code, err } = await cli.ended;
  // There is no agent.
  expect(code).toBe(1);
  expect(err).not.toContain('EPIPE');
});

test('makes a key that a script can take, and lists it', async () => {
  const { code, out } = await run('keys', 'create', '--name', 'bob', '--role', 'admin');
  expect(code).toBe(0);
  expect(out).toMatch(/^dg_[A-Za-z0-9_-]{43}\n$/);
  expect((await run('keys', 'list')).out).toMatch(/^ID .*\nkey_\S+ +bob +admin +active +never /);
});
