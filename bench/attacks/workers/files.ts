import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { tree } from '../../processes.ts';
import { type Attack, type AttackGroup, type Language, verdict } from '../attack.ts';
import { patienceMs, until } from '../until.ts';
import type { VictimGateway } from '../victim.ts';

/** The file of an agent that answers with a word. */
function speaker(language: Language, word: string, more = ''): Readonly<Record<string, string>> {
  return language === 'python'
    ? {
        'agent.py': `${more}\nclass Speaker:\n    def run(self, messages):\n        return "${word}"\n\n\nagent = Speaker()\n`,
      }
    : { 'agent.ts': `${more}\nexport const agent = { run: () => '${word}' };\n` };
}

function below(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`src/agents/${folder}/${name}`, text]),
  );
}

/** Whether an agent answers with a word in time. */
async function says(gateway: VictimGateway, model: string, word: string): Promise<boolean> {
  const said = await until(async () => (await gateway.ask(model)).text.includes(word));
  return said === true;
}

const opened = {
  node: ['package.json', '.npmrc', '.env', 'tsconfig.json', 'package-lock.json', 'helper.ts'],
  python: ['requirements.txt', 'pyproject.toml', '.env', 'requirements.lock', 'helper.py'],
} as const;

/** Every POSIX system has it; Node has no call of its own. */
const pipeMaker = 'mkfifo';

const pipes: Attack = {
  title: 'pipes and devices under every name that is opened hold up other agents, or a refresh',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const gateway = await victim.start({
      files: below('Neighbour', speaker(language, 'well')),
    });
    for (const [index, name] of opened[language].entries()) {
      const helper = language === 'python' ? 'import helper' : `import './helper.ts';`;
      const files = speaker(language, 'odd', name.startsWith('helper') ? helper : '');
      for (const folder of [`Pipe${index}`, `Zero${index}`]) {
        for (const [path, text] of Object.entries(below(folder, files)))
          gateway.project.write(path, text);
      }
      execFileSync(pipeMaker, [join(gateway.project.root, `src/agents/Pipe${index}/${name}`)]);
      execFileSync('ln', [
        '-s',
        '/dev/zero',
        join(gateway.project.root, `src/agents/Zero${index}/${name}`),
      ]);
    }
    const late = below('Late', speaker(language, 'late'));
    for (const [path, text] of Object.entries(late)) gateway.project.write(path, text);
    const refresh = await gateway.fetch('/agents/refresh', {
      method: 'POST',
      signal: AbortSignal.timeout(patienceMs),
    });
    const isWell = await says(gateway, 'default/late', 'late');
    return verdict(refresh.ok && isWell, `refresh ${refresh.status}, late agent ${isWell}`);
  },
};

const quotes: Attack = {
  title: 'a link, or an include that leads out, has a file of the project repeated in a diagnostic',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const names =
      language === 'python'
        ? { include: '-r ../../../secret.txt\n', link: 'pyproject.toml' }
        : { include: null, link: 'package.json' };
    const gateway = await victim.start({
      files: {
        'secret.txt': 'planted = secret\n',
        ...below('Link', speaker(language, 'x')),
        ...below('Include', {
          ...speaker(language, 'x'),
          ...(names.include ? { 'requirements.txt': names.include } : {}),
        }),
      },
    });
    const link = join(gateway.project.root, 'src/agents/Link', names.link);
    execFileSync('ln', ['-s', '../../../secret.txt', link]);
    const answers = await Promise.all([
      gateway.fetch('/agents/refresh', { method: 'POST' }).then((reply) => reply.text()),
      gateway.command('deps', 'plan').then(({ output }) => output),
    ]);
    const errors = await (await gateway.fetch('/admin/agents/errors')).text();
    const all = [...answers, errors].join('\n');
    return verdict(!/planted/.test(all), `${all.length} characters of diagnostics`);
  },
};

const poison: Attack = {
  title: 'other code under the hash of kept code is run by the next worker',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const gateway = await victim.start({ files: below('Target', speaker(language, 'genuine')) });
    if (!(await says(gateway, 'default/target', 'genuine'))) {
      return verdict(false, 'the agent did not load');
    }
    const kept = join(gateway.project.root, '.dropgate/generations');
    for (const name of readdirSync(kept)) {
      const path = join(kept, name);
      const text = readFileSync(path, 'utf8');
      // In its place and of its length, so that nothing but the bytes tells.
      if (text.includes('genuine')) writeFileSync(path, text.replace('genuine', 'planted'));
    }
    for (const pid of tree(gateway.pid).filter((each) => each !== gateway.pid)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended meanwhile.
      }
    }
    // The worker that was killed may answer once more; the next one either refuses or runs what it finds.
    const seen = await until(async () => {
      const { text, status } = await gateway.ask('default/target');
      return (text.includes('planted') || status >= 500) && { text, status };
    });
    const isServed = seen === null || seen.text.includes('planted');
    return verdict(!isServed, isServed ? 'planted code answered' : `refused with ${seen.status}`);
  },
};

/** More than the folders of agents need; a machine has hundreds of thousands. */
const watchLimit = 2000;

const watches: Attack = {
  title: 'a module has the gateway watch the whole machine, or thousands of names',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const names = JSON.stringify(['/', '/usr', '../../..', ...Array(5000).fill('data')]);
    const metadata =
      language === 'python'
        ? `__gateway__ = {"watch": ${names}}`
        : `export const __gateway__ = { watch: ${names} };`;
    const gateway = await victim.start({
      files: below('Watcher', speaker(language, 'here', metadata)),
      env: { GATEWAY_AGENT_WATCH: '1' },
    });
    if (!(await says(gateway, 'default/watcher', 'here'))) {
      return verdict(false, 'the agent did not load');
    }
    await wait(2000);
    const folder = `/proc/${gateway.pid}/fdinfo`;
    const count = readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'utf8').split('inotify wd:').length - 1)
      .reduce((sum, each) => sum + each, 0);
    return verdict(count < watchLimit, `${count} watches`);
  },
};

/** What a module does with the files that it names. */
export const files: AttackGroup = {
  heading: 'Files that a module names',
  attacks: [pipes, quotes, poison, watches],
};
