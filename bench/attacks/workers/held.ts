import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { tree } from '../../processes.ts';
import { type Attack, type AttackGroup, verdict } from '../attack.ts';
import { until } from '../until.ts';

const fixture = resolve(
  import.meta.dirname,
  '../../../packages/gateway/test/fixtures/agents/Escape/agent.ts',
);
const plain = "export const agent = { run: () => 'served' };\n";

/** The operator holds every module to Node's permissions. */
const held = {
  '.env': 'NODE_OPTIONS=--permission\n',
  'gateway.yaml': 'worker: { env: [NODE_OPTIONS] }\n',
};

const ways: Attack = {
  title: 'a held module reads, writes, loads native code or reaches other processes all the same',
  languages: ['node'],
  async attempt(_language, victim) {
    const files = { ...held, 'src/agents/Escape/agent.ts': readFileSync(fixture, 'utf8') };
    const gateway = await victim.start({ files });
    const { root } = gateway.project;
    const store = join(root, '.dropgate/gateway.db');
    const pid = String(gateway.pid);
    const content = JSON.stringify({
      'read with SQLite': store,
      'write with SQLite': store,
      'load native code': join(root, 'none.node'),
      'write with a flag of V8': join(root, 'written'),
      'open the inspector of another process': pid,
      'signal another process': pid,
      'signal it below the API': pid,
      'slow another process down': pid,
      'run code in a thread of loaders': '',
      'reach an inner part of Node': '',
      'read a file': join(root, '.env'),
      'list a folder': join(root, '.dropgate/generations'),
    });
    const { status, text } = await gateway.ask('default/escape', { content });
    if (status !== 200) return verdict(false, `${status}: ${text}`);
    const answer = JSON.parse(text) as { choices: { message: { content: string } }[] };
    const outcomes = JSON.parse(answer.choices[0]?.message.content ?? '{}') as object;
    const open = Object.entries(outcomes).filter(([, outcome]) => outcome === 'ok');
    const isHeld = open.length === 0 && !existsSync(join(root, 'written'));
    return verdict(isHeld, open.map(([way]) => way).join(', ') || 'every way refused');
  },
};

const links: Attack = {
  title: 'a held module follows links in its own folder to what it may not read',
  languages: ['node'],
  async attempt(_language, victim) {
    const reader = (path: string) =>
      `import { readFileSync } from 'node:fs';\nexport const agent = { run: () => readFileSync(new URL('${path}', import.meta.url), 'utf8') };\n`;
    const project = { ...held, 'secret.txt': 'planted\n' };
    const gateway = await victim.start({ files: project });
    const { root, write } = gateway.project;
    const targets = { File: '../../../secret.txt', Absolute: join(root, 'secret.txt') };
    for (const [name, target] of Object.entries({ ...targets, Folder: '../../..' })) {
      const path = name === 'Folder' ? 'link/secret.txt' : 'link';
      write(`src/agents/${name}/agent.ts`, reader(`./${path}`));
      execFileSync('ln', ['-s', target, join(root, `src/agents/${name}/link`)]);
    }
    await gateway.fetch('/agents/refresh', { method: 'POST' });
    const answers = await Promise.all(
      ['file', 'absolute', 'folder'].map((name) => gateway.ask(`default/${name}`)),
    );
    const isRead = answers.some(({ text }) => text.includes('planted'));
    return verdict(!isRead, answers.map(({ status }) => status).join(' '));
  },
};

const variables: Attack = {
  title: 'the .env of a held module sets what its process loads at its start',
  languages: ['node'],
  async attempt(_language, victim) {
    const names = ['LD_PRELOAD', 'LD_AUDIT', 'LD_LIBRARY_PATH', 'NODE_EXTRA_CA_CERTS', 'NODE_PATH'];
    const env = names.map((name) => `${name}=/planted\n`).join('');
    const gateway = await victim.start({
      files: {
        ...held,
        'src/agents/Preload/agent.ts': plain,
        'src/agents/Preload/.env': `${env}NODE_OPTIONS=--permission --allow-fs-read=/planted\n`,
      },
    });
    const { status } = await gateway.ask('default/preload');
    const environments = tree(gateway.pid).map((pid) => environmentOf(pid));
    const reached = [...names, 'NODE_OPTIONS'].filter((name) =>
      environments.some((text) => new RegExp(`(^|\0)${name}=[^\0]*planted`).test(text)),
    );
    return verdict(status === 200 && reached.length === 0, reached.join(', ') || 'none reached it');
  },
};

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}

const leavers = {
  node: [
    'src/agents/Leaver/agent.ts',
    `import { spawn } from 'node:child_process';
export const agent = {
  run() {
    const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
    child.unref();
    return 'left ' + child.pid + ' from ' + process.pid + '.';
  },
};
`,
  ],
  python: [
    'src/agents/Leaver/agent.py',
    `import os
import subprocess


class Leaver:
    def run(self, messages):
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        return f"left {child.pid} from {os.getpid()}."


agent = Leaver()
`,
  ],
} as const;

const leftovers: Attack = {
  title: 'a process that a worker left in a session of its own outlives it',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const [path, text] = leavers[language];
    const gateway = await victim.start({ files: { [path]: text } });
    const said = await gateway.ask('default/leaver');
    const [, left, worker] = /left (\d+) from (\d+)/.exec(said.text)?.map(Number) ?? [];
    if (!left || !worker) return { outcome: 'untried', detail: said.text };
    process.kill(worker, 'SIGKILL');
    const isGone = await until(() => !isSleeping(left));
    if (!isGone) process.kill(left, 'SIGKILL');
    return verdict(isGone === true, isGone ? 'ended with it' : 'it lived on');
  },
};

function isSleeping(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep\0');
  } catch {
    return false;
  }
}

/** What a module tries whose process is held, and what any leaves behind. */
export const heldWorkers: AttackGroup = {
  heading: 'Held workers',
  attacks: [ways, links, variables, leftovers],
};
