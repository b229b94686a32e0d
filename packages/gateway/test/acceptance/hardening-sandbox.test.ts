import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allProcesses } from '../../src/system/processes.ts';
import { noSandbox } from '../support/bubblewrap.ts';
import { shareCompileCache } from '../support/compile-cache.ts';
import { call } from './call.ts';
import { startGateway, type TestGateway, warmProject } from './harness.ts';
import { killWorkers, probe, untilServed } from './probes.ts';
import { seesProcesses } from './processes.ts';
import { until } from './until.ts';

const nobody = { uid: 65_534, gid: 65_534 };
const isRoot = process.getuid?.() === 0;
const python = '/usr/bin/python3';
const hasPython = spawnSync(python, ['--version']).status === 0;

/** Whom workers run as, and why there is no sandbox for them. */
const users = [
  ['the gateway’s user', null, noSandbox()],
  ['another user', nobody, isRoot ? noSandbox(nobody) : 'the gateway is not root'],
] as const;

/** The same attempts as of the agent `Probe`, in Python with its standard library alone. */
const snake = `import errno, json, os, socket, subprocess

ATTEMPTS = {
    "read": lambda path: open(path).close(),
    "list": os.listdir,
    "write": lambda path: open(path, "w").close(),
    "signal": lambda pid: os.kill(int(pid), 0),
    "connect": lambda port: socket.create_connection(("127.0.0.1", int(port))).close(),
    "spawn": lambda program: subprocess.run([program, "--version"], check=True),
}


def outcome(what, target):
    try:
        ATTEMPTS[what](target)
        return "ok"
    except OSError as error:
        return errno.errorcode[error.errno]


class Probe:
    async def run(self, messages):
        wanted = json.loads(messages[-1]["content"])
        return json.dumps([outcome(*attempt) for attempt in wanted])


agent = Probe()
`;

/** Runs a line in a shell that it starts, and answers what that printed. */
const shell = `import { execFileSync } from 'node:child_process';
export const agent = {
  run: ({ messages }) => execFileSync('sh', ['-c', messages.at(-1).content + '; true'], { encoding: 'utf8' }) || '-',
};
`;

/** Tries to read a file of its own, one of the project and the store. */
const peek = `import { tool } from '@openai/agents';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const attempt = (path: string) => {
  try {
    readFileSync(join(import.meta.dirname, path));
    return 'ok';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
};

export const peek = tool({
  name: 'peek',
  description: 'Reads files.',
  parameters: z.object({}),
  execute: () => ['peek.ts', '../../gateway.yaml', '../../.dropgate/gateway.db'].map(attempt),
});
`;

const nothingReached = {
  'read the key of the project': 'ENOENT',
  'read the store': 'ENOENT',
  'read the upstream keys in .env': 'ENOENT',
  'read the environment of the gateway': 'ENOENT',
  'read the .env of another agent': 'ENOENT',
  'list what the gateway keeps': 'ENOENT',
  'write into another agent': 'ENOENT',
  'signal the gateway': 'ESRCH',
  'signal another agent': 'ESRCH',
  'read the environment of another agent': 'ENOENT',
  // Inside, where it is held to all of this too.
  'start a program': 'ok',
  'connect to the gateway': 'ECONNREFUSED',
};

describe.each(users)('an agent in a sandbox, as %s', (_whom, user, missing) => {
  describe.skipIf(missing !== null)(missing ?? 'bubblewrap', () => {
    let gateway: TestGateway;

    beforeAll(async () => {
      gateway = await startBoxed(user ? `, uid: ${user.uid}` : '');
    });
    afterAll(() => gateway?.stop());

    test('reaches nothing of the gateway and of other agents', async () => {
      expect(await probe(gateway, 'default/probe', user)).toEqual(nothingReached);
    });

    test.runIf(hasPython)('in Python reaches no more', async () => {
      expect(await probe(gateway, 'default/snake', user)).toEqual(nothingReached);
    });

    test.runIf(hasPython)(
      'in Python runs the interpreter of its own folder inside alone',
      async () => {
        expect(await probe(gateway, 'default/own', user)).toEqual(nothingReached);
        expect(await readdir(join(gateway.project.root, 'marks'))).toEqual([]);
      },
    );

    test('calls its tools and its model, also from the kept files', async () => {
      const question = { model: 'default/weather', content: 'What is the weather in Paris?' };
      expect(await untilServed(gateway, question)).toContain('Sunny, 21 degrees in Paris.');
      await killWorkers(gateway);
      expect(await untilServed(gateway, question)).toContain('Sunny, 21 degrees in Paris.');
    });

    test('is held with the tool of a module, which reads its own folder and not the project', async () => {
      const result = await until('the tool', async () => {
        const answer = await gateway.fetch('/admin/tools/peek/call', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ arguments: {} }),
        });
        const { outcome, result } = (await answer.json()) as Record<string, string>;
        return outcome === 'ok' && result;
      });
      expect(JSON.parse(result)).toEqual(['ok', 'ENOENT', 'ENOENT']);
    });

    test('finds of what is kept its own files only', async () => {
      await killWorkers(gateway);
      const folder = join(gateway.project.root, '.dropgate/generations');
      const seen = await sh(gateway, `ls ${folder}`);
      const kept = await readdir(folder);
      expect(seen.split('\n')).toHaveLength(1);
      expect(kept.length).toBeGreaterThan(2);
    });

    test('writes where it may, and nowhere else', async () => {
      const { root } = gateway.project;
      expect(await sh(gateway, 'echo 1 > /tmp/a && cat /tmp/a')).toBe('1');
      expect(await sh(gateway, 'echo 2 > $DROPGATE_DATA_DIR/b; cat ~/b')).toBe('2');
      expect(await readFile(join(root, '.dropgate/data/default/shell/b'), 'utf8')).toBe('2\n');
      const own = ['x', 'src/agents/Shell/x'].map((path) => join(root, path));
      const closed = [...own, '/usr/x', '/x', '/etc/x', '/dev/x'];
      const tried = closed.map((path) => `(echo 1 > ${path}) 2>/dev/null || echo refused`);
      expect((await sh(gateway, tried.join(';'))).split('\n')).toEqual(closed.map(() => 'refused'));
    });

    test('changes no setting of the kernel, not even as root', async () => {
      const files = '/proc /proc/sys /proc/irq /proc/bus /proc/fs /proc/self';
      // Opened to append, and nothing is written.
      const tried = `find ${files} -maxdepth 4 -type f 2>/dev/null | while read f; do (: >> $f) 2>/dev/null && echo $f; done`;
      expect(await sh(gateway, tried)).toBe('-');
    });

    test('sees no other process, has no rights and no other name', async () => {
      const seen = await sh(
        gateway,
        "ls /proc | grep -c '^[0-9]*$'; hostname; grep -h -e NoNewPrivs -e CapBnd /proc/self/status",
      );
      const [processes, name, ...rights] = seen.split('\n');
      expect(Number(processes)).toBeLessThan(10);
      expect([name, ...rights]).toEqual(['worker', 'CapBnd:\t0000000000000000', 'NoNewPrivs:\t1']);
    });

    test('has no interface but its own loopback', async () => {
      const interfaces = await sh(gateway, 'tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d " "');
      expect(interfaces).toBe('lo');
    });

    test('leaves no process behind, whatever that did to get away', async () => {
      const nap = 100_000 + (process.pid % 100_000) + (user ? 100_000 : 0);
      await sh(gateway, `(env -i setsid sh -c 'sleep ${nap} & sleep ${nap}' >/dev/null 2>&1 &)`);
      await until('it to begin', () => naps(nap).length === 2);
      await killWorkers(gateway);
      await expect.poll(() => naps(nap)).toEqual([]);
    });

    test('starts with what its .env loads, which nothing outside does', async () => {
      expect(await sh(gateway, 'tr "\\0" "\\n" < /proc/$PPID/environ | grep LD_BIND')).toBe(
        'LD_BIND_NOW=1',
      );
      const [door] = (await gateway.workers()).filter(({ command }) => command.includes('/Shell'));
      expect(await readFile(`/proc/${door?.pid}/environ`, 'utf8')).not.toContain('LD_BIND_NOW');
    });
  });
});

test.runIf(seesProcesses)(
  'a gateway without the program for its sandbox says what to install',
  async () => {
    const project = await warmProject();
    await project.write({ 'gateway.yaml': 'worker: { sandbox: bubblewrap }\n' });
    const started = startGateway({ project, env: { PATH: '/nowhere' } });
    await expect(started).rejects.toThrow(
      'error: worker.sandbox: bubblewrap is not installed. Install it (Debian, Ubuntu: apt-get install bubblewrap',
    );
    await project.remove();
  },
);

async function startBoxed(settings: string): Promise<TestGateway> {
  const project = await warmProject();
  await project.write({
    'gateway.yaml': `worker: { sandbox: bubblewrap${settings} }\n`,
    '.env': 'OPENAI_COMPANY_KEY=sk-planted\n',
    'src/agents/_Other/.env': 'NOT_YOURS=1\n',
    'src/agents/Shell/agent.ts': shell,
    'src/agents/Shell/.env': 'LD_BIND_NOW=1\n',
    'src/tools/peek.ts': peek,
    ...(hasPython ? { 'src/agents/Snake/agent.py': snake, ...ownPython(project.root) } : {}),
  });
  // Anybody may leave a mark there, where the project is seen.
  await mkdir(join(project.root, 'marks'));
  await chmod(join(project.root, 'marks'), 0o777);
  if (hasPython) await chmod(join(project.root, 'src/agents/Own/.venv/bin/python'), 0o755);
  await chmod(project.root, 0o755);
  if (settings) shareCompileCache(project.root, nobody.uid);
  const env = { GATEWAY_PYTHON: python };
  const gateway = await startGateway({ project, agents: ['Probe', 'Weather'], env });
  const stop = async () => {
    await gateway.stop();
    await project.remove();
  };
  return { ...gateway, stop };
}

/** A module that brings a program of its own as the Python of its `.venv`, which leaves a mark. */
function ownPython(root: string): Record<string, string> {
  const folder = 'src/agents/Own';
  return {
    [`${folder}/agent.py`]: snake,
    [`${folder}/.venv/pyvenv.cfg`]: 'home = /usr/bin\nversion = 3.11.0\n',
    [`${folder}/.venv/lib/python3.11/site-packages/empty.py`]: '',
    [`${folder}/.venv/bin/python`]: `#!/bin/sh\n(: > ${root}/marks/$$) 2>/dev/null\nexec ${python} "$@"\n`,
  };
}

/** What a line prints in the sandbox of the agent `Shell`. */
function sh(gateway: TestGateway, line: string): Promise<string> {
  return until(`an answer to ${line}`, async () => {
    const { content } = await call(gateway, gateway.key, { model: 'default/shell', content: line });
    return content.trim() || null;
  });
}

/** Pids of this machine's processes that sleep for so long. */
function naps(seconds: number): number[] {
  return allProcesses().filter((pid) => commandOf(pid) === `sleep\0${seconds}\0`);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
