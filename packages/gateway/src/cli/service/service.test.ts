import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  type TemporaryProject,
  temporaryProject,
} from '../../../test/support/temporary-project.ts';

const run = promisify(execFile);
const analyze = async (...args: string[]) =>
  run('systemd-analyze', args).then(
    ({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
    ({ code, stdout, stderr }) => ({ code, text: stdout + stderr }),
  );
const hasAnalyze = await run('systemd-analyze', ['--version']).then(
  () => true,
  () => false,
);

let project: TemporaryProject;
let other: TemporaryProject;
let root = '';

beforeEach(() => {
  project = temporaryProject();
  other = temporaryProject();
  root = join(other.folder, 'root');
});
afterEach(() => {
  project.dispose();
  other.dispose();
});

const service = (...args: string[]) => inProcessCli(project.folder)('service', ...args);
const install = (...args: string[]) => service('install', '--run-as', 'www-data', ...args);
const unit = () => join(root, 'etc/systemd/system/dropgate.service');
const linesOf = (text: string) => text.split('\n');

describe('dropgate service install', () => {
  test('prints the unit of the project, and writes nothing', async () => {
    const { code, out, err } = await install('--print');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(linesOf(out)).toEqual(
      expect.arrayContaining([
        `WorkingDirectory=${project.folder}`,
        'User=www-data',
        'KillMode=mixed',
        'TimeoutStopSec=45',
        'ProtectSystem=strict',
        `ReadWritePaths=${project.folder}/.dropgate`,
        'CapabilityBoundingSet=',
        'NoNewPrivileges=yes',
        'RestrictNamespaces=yes',
        'WantedBy=multi-user.target',
      ]),
    );
    expect(out).toMatch(/^ExecStart=\/\S*node \/\S+\/bin\/dropgate\.cjs start$/m);
    expect(existsSync(join(project.folder, '.dropgate'))).toBe(false);
  });

  test('writes it, says what comes next, and starts nothing', async () => {
    const { code, out } = await install('--root', root);
    expect(code).toBe(0);
    expect(linesOf(out)).toEqual([
      `Wrote ${unit()}. Nothing was started.`,
      '',
      'Next:',
      '  runuser -u www-data -- dropgate keys create --name admin --role admin',
      '  systemctl daemon-reload',
      '  systemctl enable --now dropgate',
      '  journalctl --unit dropgate --follow',
      '',
    ]);
    const printed = (await install('--print')).out;
    expect(readFileSync(unit(), 'utf8')).toBe(printed);
    expect(statSync(unit()).mode & 0o777).toBe(0o644);
  });

  test('changes nothing the second time, and what the settings ask for when they change', async () => {
    const state = async () =>
      JSON.parse((await install('--root', root, '--json')).out).state as string;
    expect([await state(), await state()]).toEqual(['written', 'unchanged']);
    project.write('gateway.yaml', 'worker: { drain_timeout_ms: 90000 }\n');
    expect(await state()).toBe('rewritten');
    expect(linesOf(readFileSync(unit(), 'utf8'))).toContain('TimeoutStopSec=105');
  });

  test('never replaces the unit of somebody else, or of another project', async () => {
    mkdirSync(join(root, 'etc/systemd/system'), { recursive: true });
    writeFileSync(unit(), '[Service]\nExecStart=/bin/true\n');
    const refused = await install('--root', root);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('was not written by this command, so it stays as it is');
    expect((await service('uninstall', '--root', root)).code).toBe(1);
    expect(readFileSync(unit(), 'utf8')).toBe('[Service]\nExecStart=/bin/true\n');

    const own = await install('--root', root, '--name', 'agents', '--json');
    const another = inProcessCli(other.folder);
    const asOne = ['--run-as', 'www-data', '--root', root, '--name', 'agents'];
    const theirs = await another('service', 'install', ...asOne);
    expect(theirs.err).toContain(`is of the project ${project.folder}`);
    const { path } = JSON.parse(own.out);
    expect(readFileSync(path, 'utf8')).toBe(JSON.parse(own.out).unit);
  });

  test('of your own systemd has no user and needs no right', async () => {
    const { out } = await service('install', '--user', '--print', '--json');
    const { unit: text, path, next } = JSON.parse(out);
    expect(path).toMatch(/\/\.config\/systemd\/user\/dropgate\.service$/);
    expect(text).not.toMatch(/^User=|^CapabilityBoundingSet=|^ProtectSystem=/m);
    expect(linesOf(text)).toEqual(
      expect.arrayContaining(['NoNewPrivileges=yes', 'WantedBy=default.target']),
    );
    expect(next).toEqual([
      'dropgate keys create --name admin --role admin',
      'systemctl --user daemon-reload',
      'systemctl --user enable --now dropgate',
      'journalctl --user --unit dropgate --follow',
      'loginctl enable-linger',
    ]);
  });

  test('names folders as systemd reads them, or not at all', async () => {
    const installIn = (name: string) => {
      project.write(`${name}/package.json`, '{}');
      const run = inProcessCli(join(project.folder, name));
      return run('service', 'install', '--run-as', 'www-data', '--print');
    };
    const { out } = await installIn('a [b]* \\c 5% $d');
    expect(linesOf(out)).toEqual(
      expect.arrayContaining([
        `WorkingDirectory=${project.folder}/a [b]* \\c 5%% $d`,
        `EnvironmentFile=-${project.folder}/a \\[b\\]\\* \\\\c 5%% $d/.dropgate/service.env`,
        `ReadWritePaths="${project.folder}/a [b]* \\\\c 5%% $d/.dropgate"`,
      ]),
    );
    for (const name of ['ends in a blank ', 'joins the next line\\']) {
      expect((await installIn(name)).err).toContain('cannot be named in a unit of systemd.');
    }
  });

  test('leaves what a sandbox and a low port need', async () => {
    project.write('gateway.yaml', 'server: { port: 80 }\nworker: { sandbox: bubblewrap }\n');
    const { out } = await install('--print');
    expect(out).not.toMatch(/RestrictNamespaces|SystemCallFilter/);
    expect(linesOf(out)).toContain('CapabilityBoundingSet=CAP_NET_BIND_SERVICE');
  });

  test.skipIf(process.getuid?.() !== 0)('leaves what workers of another user need', async () => {
    chmodSync(project.folder, 0o755);
    project.write('gateway.yaml', 'worker: { uid: 10002 }\n');
    const asRoot = (await service('install', '--print')).out;
    expect(linesOf(asRoot)).toEqual(
      expect.arrayContaining([
        'User=root',
        'CapabilityBoundingSet=CAP_CHOWN CAP_SETUID CAP_SETGID CAP_KILL',
      ]),
    );
    expect((await install('--print')).code).toBe(2);
  });

  test('refuses to run agents as root', async () => {
    const root = await service('install', '--print', '--run-as', 'root');
    expect(root).toMatchObject({ code: 1, out: '' });
    expect(root.err).toContain('Agents would run as root. Name a user with --run-as');
  });

  test('refuses names and folders that would say something else in a unit', async () => {
    for (const name of ['../x', 'a.service', '', 'a b']) {
      expect((await install('--print', '--name', name)).code).toBe(2);
    }
    const { code, err } = await install('--print', '--write', 'notes\nExecStartPre=/bin/true');
    expect(code).toBe(1);
    expect(err).toContain('cannot be named in a unit of systemd');
  });

  test('keeps percent signs, spaces and dollars of a path as they are', async () => {
    const folder = join(other.folder, '50% of $HOME');
    mkdirSync(folder);
    const { out } = await inProcessCli(folder)('service', 'install', '--user', '--print');
    expect(linesOf(out)).toContain(`WorkingDirectory=${other.folder}/50%% of $HOME`);
    const written = await install('--print', '--write', 'my notes', '--write', 'more');
    expect(written.out).toContain(
      `ReadWritePaths=${project.folder}/.dropgate "${project.folder}/my notes" ${project.folder}/more\n`,
    );
  });
});

test('dropgate service uninstall removes what was installed, once', async () => {
  await install('--root', root);
  const first = await service('uninstall', '--root', root, '--json');
  expect(JSON.parse(first.out)).toEqual({
    path: unit(),
    state: 'removed',
    next: ['systemctl disable --now dropgate', 'systemctl daemon-reload'],
  });
  expect(existsSync(unit())).toBe(false);
  expect(JSON.parse((await service('uninstall', '--root', root, '--json')).out)).toMatchObject({
    state: 'absent',
    next: [],
  });
});

describe.skipIf(!hasAnalyze)('systemd', () => {
  test('takes the units, and finds little to attack in that of the system', async () => {
    await install('--root', root);
    expect(await analyze('verify', '--man=no', unit())).toEqual({ code: 0, text: '' });
    const { code, text } = await analyze('security', '--offline=true', '--threshold=20', unit());
    expect(text).toContain('Overall exposure level for dropgate.service');
    expect(code).toBe(0);
  });
});
