import { execFileSync } from 'node:child_process';
import { access, appendFile, chmod, cp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { pythonInPath } from '../../../test/support/python-in-path.ts';
import { missingPython } from '../../../test/support/python-with-sdk.ts';
import { tempFolder, writeFiles } from '../../../test/support/temp-folder.ts';
import { writeWheel } from '../../../test/support/wheel.ts';
import { createDependencyInstaller } from '../install/dependency-installer.ts';
import { createPythonEnvironments } from './environments.ts';

/** Environments are made, which takes seconds on a machine that is idle. */
const timeout = 180_000;

/** A module with files of its own that leave a mark where they are run, and wheels of `words`. */
async function scene(files: Readonly<Record<string, string>>) {
  const root = await tempFolder();
  const folder = join(root, 'agents/Spark');
  const mark = join(root, 'ran');
  const leavesMark = `open(${JSON.stringify(mark)}, "a").write(__file__ + "\\n")\n`;
  writeWheel(join(root, 'wheels'), 'words', '1.0', 'text = "One."\n');
  await writeFiles(folder, {
    'agent.py': 'import words\n',
    'setup.py': leavesMark,
    'pip.py': leavesMark,
    'venv.py': leavesMark,
    'json.py': leavesMark,
    'sitecustomize.py': leavesMark,
    'pyproject.toml':
      '[tool.uv]\nno-binary = true\n[tool.uv.pip]\nindex-url = "http://127.0.0.1:1/"\n',
    'uv.toml': 'no-binary = true\n',
    'package/setup.py': leavesMark,
    'package/pyproject.toml':
      '[build-system]\nrequires = []\nbuild-backend = "b"\nbackend-path = ["."]\n',
    'package/b.py': leavesMark,
    ...files,
  });
  const environment = {
    PATH: process.env.PATH,
    HOME: await tempFolder(),
    PIP_NO_INDEX: '1',
    PIP_FIND_LINKS: join(root, 'wheels'),
    PIP_CONFIG_FILE: '/dev/null',
    // Where this machine has uv, which gets to know of no index by requirements alone.
    UV_FIND_LINKS: join(root, 'wheels'),
    UV_CACHE_DIR: join(root, 'uv-cache'),
  };
  const { signal } = new AbortController();
  const withEnvironment = (more: Readonly<Record<string, string>>) => {
    const all = { ...environment, ...more };
    const pythons = createPythonEnvironments({
      stateFolder: join(root, '.dropgate'),
      python: pythonInPath(),
      environment: all,
      environments: 'read',
    });
    return createDependencyInstaller({ environment: all, pythons, signal });
  };
  const module = {
    agentId: 'default/spark',
    modulePath: 'agents/Spark/agent.py',
    folder,
    entry: join(folder, 'agent.py'),
    language: 'python' as const,
  };
  const usual = withEnvironment({});
  return {
    root,
    folder,
    leavesMark,
    plan: (more?: Readonly<Record<string, string>>) =>
      (more ? withEnvironment(more) : usual).plan(module),
    install: (scripts: 'run' | 'skip' = 'skip') => usual.install(module, { scripts }),
    require: (lines: string) => writeFiles(folder, { 'requirements.txt': lines }),
    ran: () =>
      access(mark).then(
        () => true,
        () => false,
      ),
  };
}

const missing = await missingPython();
const subject = 'a plan, and an install without scripts, of a module in Python';

describe.skipIf(missing)(subject, { timeout }, () => {
  test('run none of its files, whatever they are called', async () => {
    const { plan, install, ran } = await scene({ 'requirements.txt': '--no-index\nwords\n' });
    expect(await plan()).toMatchObject({
      resolved: { packages: [{ name: 'words', version: '1.0' }] },
      failure: null,
    });
    expect(await install()).toMatchObject({ type: 'installed' });
    expect(await ran()).toBe(false);
  });

  // One module for all of them: what costs is to ask the Python of each what it is.
  test('refuse what would be built or asked of an address', async () => {
    const { folder, plan, install, ran, require } = await scene({});
    await cp(join(folder, 'package'), join(folder, 'package-1.0-py3-none-any.whl'), {
      recursive: true,
    });
    const refused = { code: 'source_refused', hint: expect.stringContaining('--allow-scripts') };
    for (const line of [
      './package',
      '-e ./package',
      '-e .',
      'file:./package',
      'package @ file:///tmp/package',
      'git+https://example.com/a/b',
      'package @ git+ssh://example.com/a/b',
      'https://example.com/package-1.0-py3-none-any.whl',
      './missing-1.0-py3-none-any.whl',
      '../../wheels/words-1.0-py3-none-any.whl',
      './package-1.0-py3-none-any.whl',
    ]) {
      await require(`words\n${line}\n`);
      expect(await plan(), line).toMatchObject({ resolved: null, failure: refused });
      expect(await install(), line).toMatchObject({ type: 'failed', failure: refused });
      expect(await ran(), line).toBe(false);
    }
  });

  test('take no line that hides another', async () => {
    const { plan, ran, require } = await scene({});
    for (const line of [
      'words ; python_version > "3"\u000c-e ./package',
      'words\u001c--no-index',
      '--index-url http://127.0.0.1:1/\u001c--editable=./package',
      'words\u2028./package',
    ]) {
      await require(`${line}\n`);
      const told = { findings: [{ code: 'bad_requirement' }], resolved: null };
      expect(await plan(), line).toMatchObject(told);
      expect(await ran(), line).toBe(false);
    }
  });

  test('take wheels alone, also where only a source is to be had', async () => {
    const { root, leavesMark, plan, install, ran } = await scene({
      'requirements.txt': '--no-binary :all:\n--only-binary :none:\nwords==2.0\n--no-index\n',
    });
    await writeFiles(root, {
      'words-2.0/setup.py': `${leavesMark}from setuptools import setup\nsetup(name="words", version="2.0")\n`,
      'words-2.0/PKG-INFO': 'Metadata-Version: 2.1\nName: words\nVersion: 2.0\n',
    });
    execFileSync('tar', ['czf', 'wheels/words-2.0.tar.gz', 'words-2.0'], { cwd: root });
    const failure = {
      code: 'python_install_failed',
      hint: expect.stringContaining('--allow-scripts'),
    };
    expect(await plan({ PIP_NO_BINARY: ':all:' })).toMatchObject({
      findings: [
        { code: 'missing_dependency' },
        { code: 'requirement_option_ignored', line: 1 },
        { code: 'requirement_option_ignored', line: 2 },
      ],
      failure,
    });
    expect(await install()).toMatchObject({ type: 'failed', failure });
    expect(await ran()).toBe(false);
  });

  test('start no Python of its own environment, nor what a package puts into one', async () => {
    const { root, folder, leavesMark, plan, install, ran } = await scene({
      'requirements.txt': 'words\n--no-index\n',
      '.venv/pyvenv.cfg': 'version = 3.11.2\n',
      '.venv/bin/python': `#!/bin/sh\necho >> ../../ran; touch "$(dirname "$0")/../../../../ran"\n`,
    });
    await chmod(join(folder, '.venv/bin/python'), 0o755);
    expect(await plan()).toMatchObject({ failure: null });
    expect(await ran()).toBe(false);
    await rm(join(folder, '.venv'), { recursive: true });
    const wheel = join(root, 'wheels/words-1.0-py3-none-any.whl');
    execFileSync(pythonInPath(), [
      '-c',
      'import sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], "a") as w: w.writestr("words.pth", "import sys; __file__ = \'pth\'; " + sys.argv[2].strip() + "\\n")',
      wheel,
      leavesMark,
    ]);
    expect(await install()).toMatchObject({
      type: 'installed',
      packages: [{ name: 'words', version: '1.0' }],
    });
    expect(await plan()).toMatchObject({ packages: [{ name: 'words', state: 'ok' }] });
    expect(await ran()).toBe(false);
    // It is there, and runs with the agent.
    execFileSync(join(folder, '.venv/bin/python'), ['-c', 'pass']);
    expect(await ran()).toBe(true);
  });

  test('send no password of the operator where the module names an index', async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(`${request.url} ${request.headers.authorization ?? ''}`);
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { folder, plan } = await scene({ 'requirements.txt': 'words\n' });
    const home = await tempFolder({ '.netrc': 'machine 127.0.0.1\nlogin a\npassword planted\n' });
    const more = {
      HOME: home,
      PIP_NO_INDEX: '0',
      PIP_RETRIES: '0',
      NPM_TOKEN: 'planted',
      PIP_INDEX_URL: `http://user:planted@127.0.0.1:${port}/own`,
      UV_HTTP_RETRIES: '0',
      UV_DEFAULT_INDEX: `http://user:planted@127.0.0.1:${port}/own`,
    };
    await plan(more);
    const password = Buffer.from('user:planted').toString('base64');
    expect(seen.join('\n')).toContain(password);
    seen.length = 0;
    const index = `http://127.0.0.1:${port}`;
    await appendFile(
      join(folder, 'requirements.txt'),
      `--extra-index-url ${index}/theirs\n--find-links ${index}/\${NPM_TOKEN}/\n`,
    );
    const { findings } = await plan(more);
    expect(findings.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['credentials_withheld', 'requirement_option_ignored']),
    );
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.filter((one) => !one.endsWith(' '))).toEqual([]);
    expect(seen.join('\n')).not.toContain('planted');
  });
});
