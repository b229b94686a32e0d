import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Attack, type AttackGroup, type Language, told } from '../attack.ts';

/** What each way prints where it is open; `$ROOT` is the project, `$GATEWAY` the process of the gateway. */
const ways: Readonly<Record<string, string>> = {
  'reads the .env of the project': 'cat $ROOT/.env',
  'reads the settings': 'cat $ROOT/gateway.yaml',
  'reads the store': 'cat $ROOT/.dropgate/gateway.db',
  'reads the token of this machine': 'cat $ROOT/.dropgate/gateway.json',
  'reads the .env of another agent': 'cat $ROOT/src/agents/Other/.env',
  'lists the other agents': 'ls $ROOT/src/agents/Other',
  'reads what another agent keeps': 'ls $ROOT/.dropgate/data/default/other',
  'reads by a link in its folder': 'cat ./link',
  'reads by a link of its own': 'ln -s $ROOT/.env $DROPGATE_DATA_DIR/a && cat $DROPGATE_DATA_DIR/a',
  'reads by a second name': 'ln $ROOT/.env $DROPGATE_DATA_DIR/b && cat $DROPGATE_DATA_DIR/b',
  'reads by the root of a process': 'cat /proc/1/root$ROOT/.env',
  'reads by its own root': 'cat /proc/self/root$ROOT/.env',
  'reads by a working folder': 'cat /proc/1/cwd/.env',
  'reads by an open file': 'ls -l /proc/self/fd /proc/$PPID/fd | grep -E "gateway.db|upstream.env"',
  'sees the gateway': 'ls /proc/$GATEWAY/environ',
  'sees other processes': 'cat /proc/[0-9]*/cmdline | tr "\\0" " " | grep "[d]ropgate.cjs start"',
  'reads environments': 'cat /proc/[0-9]*/environ | tr "\\0" "\\n" | grep PLANTED-SECRET',
  'has the secret itself': 'env | grep PLANTED-SECRET',
  'signals the gateway': 'kill -0 $GATEWAY && echo yes',
  'signals all': 'kill -0 -1 && cat /proc/$GATEWAY/stat',
  'slows the gateway down': 'renice 19 $GATEWAY && cat /proc/$GATEWAY/stat',
  'writes into its folder': 'touch ./planted && ls ./planted',
  'changes its own code': 'echo x >> ./agent.* && echo yes',
  'writes into another agent': 'touch $ROOT/src/agents/Other/planted && echo yes',
  'writes what is kept': 'touch $ROOT/.dropgate/planted && echo yes',
  'writes into compiled code': 'find / -name "compile-cache*" -writable 2>/dev/null | grep .',
  'writes into the system': 'touch /usr/planted /etc/planted && echo yes',
  'makes a device': 'mknod $DROPGATE_DATA_DIR/d b 8 0 && cat $DROPGATE_DATA_DIR/d',
  'mounts the project': 'mount --bind / /mnt && cat /mnt$ROOT/.env',
  'mounts what processes are': 'mount -t proc proc /mnt && ls /mnt/$GATEWAY',
  'enters the first namespaces': 'nsenter -t 1 -a cat $ROOT/.env',
  'changes its root': 'chroot /proc/1/root cat $ROOT/.env',
  'sees sockets of this machine': 'grep PLANTED-SOCKET /proc/net/unix',
  'sees files of others in /tmp': 'ls /tmp | grep PLANTED-FILE',
  'shares memory': 'ls /dev/shm | grep PLANTED-FILE',
  'reads the memory of the gateway': 'head -c 1 /proc/$GATEWAY/mem',
  'reads the kernel': 'head -c 1 /dev/mem || head -c 1 /proc/kcore',
  'leaves cores for all': 'cat > /proc/sys/kernel/core_pattern && echo yes',
  'loads code into others': 'echo /x > /etc/ld.so.preload && echo yes',
  'asks a service of this machine': 'ls /run/dbus/system_bus_socket /var/run/docker.sock',
};

const agents: Readonly<Record<Language, string>> = {
  node: `import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
const reach = (to) => new Promise((done) => {
  const socket = connect(to, () => { socket.destroy(); done(true); });
  socket.once('error', () => done(false));
});
export const agent = {
  async run({ messages }) {
    const { ways, env, doors } = JSON.parse(messages.at(-1).content);
    const open = Object.entries(ways).flatMap(([name, line]) =>
      spawnSync('sh', ['-c', line], { env: { ...process.env, ...env }, encoding: 'utf8', input: '', timeout: 5000 }).stdout ? [name] : []);
    for (const [name, to] of Object.entries(doors)) if (await reach(to)) open.push(name);
    return JSON.stringify({ open });
  },
};
`,
  python: `import json, os, socket, subprocess

def reach(to):
    kind = socket.AF_UNIX if "path" in to else socket.AF_INET
    with socket.socket(kind) as door:
        door.settimeout(2)
        try:
            door.connect(to["path"] if "path" in to else ("127.0.0.1", to["port"]))
            return True
        except OSError:
            return False

class Spy:
    def run(self, messages):
        asked = json.loads(messages[-1]["content"])
        opened = []
        for name, line in asked["ways"].items():
            done = subprocess.run(["sh", "-c", line], env={**os.environ, **asked["env"]}, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20)
            if done.stdout:
                opened.append(name)
        opened += [name for name, to in asked["doors"].items() if reach(to)]
        return json.dumps({"open": opened})

agent = Spy()
`,
};

/** Servers of this machine that a worker has no business with. */
async function openDoors(folder: string, name: string) {
  const listen = async (where: object) => {
    const server = createServer((socket) => socket.destroy()).listen(where);
    await once(server, 'listening');
    return server;
  };
  const path = join(folder, 'door.sock');
  const servers = [
    await listen({ path }),
    await listen({ path: `\0${name}` }),
    await listen({ port: 0, host: '127.0.0.1' }),
  ];
  const address = servers[2]?.address();
  return {
    doors: {
      'a socket of the project': { path },
      'a socket without a file': { path: `\0${name}` },
      'a port of this machine': { port: typeof address === 'object' ? address?.port : 0 },
    },
    close: () => {
      for (const server of servers) server.close();
    },
  };
}

const boxed: Attack = {
  title: 'a module leaves its sandbox: files, processes, sockets, memory, mounts and links',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const works = await promisify(execFile)('bwrap', [
      '--ro-bind',
      '/',
      '/',
      '--unshare-all',
      'true',
    ])
      .then(() => true)
      .catch(() => false);
    if (!works) return { outcome: 'untried', detail: 'no bubblewrap that works' };
    const mark = randomUUID();
    const planted = join(tmpdir(), `PLANTED-FILE-${mark}`);
    writeFileSync(planted, 'x');
    const gateway = await victim.start({
      files: {
        'gateway.yaml': 'worker: { sandbox: bubblewrap }\n',
        '.env': 'SOME_KEY=PLANTED-SECRET\n',
        'src/agents/Other/agent.ts': "export const agent = { run: () => 'x' };\n",
        'src/agents/Other/.env': 'OTHER=PLANTED-SECRET\n',
        [`src/agents/Spy/agent.${language === 'python' ? 'py' : 'ts'}`]: agents[language],
      },
      env: { PLANTED_KEY: 'PLANTED-SECRET' },
    });
    const { root } = gateway.project;
    symlinkSync('../Other/.env', join(root, 'src/agents/Spy/link'));
    const { doors, close } = await openDoors(root, `PLANTED-SOCKET-${mark}`);
    try {
      const { port } = new URL(gateway.url);
      const content = JSON.stringify({
        ways,
        env: { ROOT: root, GATEWAY: String(gateway.pid) },
        doors: { ...doors, 'the gateway': { port: Number(port) } },
      });
      const { status, text } = await gateway.ask('default/spy', { content });
      if (status === 503) return { outcome: 'untried', detail: 'the module did not load' };
      const said = JSON.parse(text) as { choices: [{ message: { content: string } }] };
      const { open } = JSON.parse(said.choices[0].message.content) as { open: string[] };
      return told(open, Object.keys(ways).length + 4);
    } finally {
      close();
      rmSync(planted, { force: true });
    }
  },
};

/** What a module tries that is kept in a sandbox. */
export const sandboxes: AttackGroup = { heading: 'Sandboxes', attacks: [boxed] };
