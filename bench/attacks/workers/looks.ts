import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Attack, type AttackGroup, type Language, verdict } from '../attack.ts';

const agents: Readonly<Record<Language, string>> = {
  node: 'export const agent = { run: () => "x" };\n',
  python: 'class A:\n    def run(self, messages):\n        return "x"\n\n\nagent = A()\n',
};

/** Modules that leave a mark where a file of theirs is run, by folder. */
function traps(language: Language, mark: string): Record<string, string> {
  const shell = `#!/bin/sh\necho ran >> ${mark}\nexit 1\n`;
  const script = `require('fs').writeFileSync(${JSON.stringify(mark)}, 'ran');\n`;
  const python = `open(${JSON.stringify(mark)}, "w").write("ran")\n`;
  const npmrc =
    'git=./git.sh\nscript-shell=./git.sh\nnode-options=--require=./run.js\nignore-scripts=false\n';
  const inFolder = (name: string, files: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries({
        [language === 'python' ? 'agent.py' : 'agent.ts']: agents[language],
        ...files,
      }).map(([path, text]) => [`src/agents/${name}/${path}`, text]),
    );
  const hidden = {
    'pip.py': python,
    'venv.py': python,
    'json.py': python,
    'sitecustomize.py': python,
  };
  return language === 'node'
    ? {
        ...inFolder('Npmrc', {
          '.npmrc': npmrc,
          'git.sh': shell,
          'run.js': script,
          'package.json': '{"dependencies":{"dep":"git+https://127.0.0.1:1/x.git"}}',
        }),
        ...inFolder('Linked', {
          '.npmrc': npmrc,
          'git.sh': shell,
          'run.js': script,
          'package.json': '{"dependencies":{"near":"file:near"}}',
          'near/package.json': `{"name":"near","version":"1.0.0","scripts":{"prepare":"echo >> ${mark}","install":"echo >> ${mark}"}}`,
        }),
        ...inFolder('Git', {
          'package.json': '{"dependencies":{"near":"git+file:./near"}}',
          'near/package.json': `{"name":"near","version":"1.0.0","scripts":{"prepare":"echo >> ${mark}"}}`,
        }),
      }
    : {
        ...inFolder('Setup', {
          'requirements.txt': './package\n',
          'package/setup.py': python,
          ...hidden,
        }),
        ...inFolder('Hidden', {
          'requirements.txt': `nothing-of-this-name ; python_version > "3"\u000c-e ./package\n`,
          'package/setup.py': python,
        }),
        ...inFolder('Own', { 'requirements.txt': 'nothing-of-this-name\n', ...hidden }),
        ...inFolder('Environment', {
          'requirements.txt': 'nothing-of-this-name\n',
          '.venv/bin/python': shell,
          '.venv/pyvenv.cfg': 'version = 3.11.0\n',
        }),
      };
}

/** Names, versions and options that a shell would run, or that a tool takes for options of its own. */
function tricks(language: Language, mark: string): Record<string, string> {
  const texts = [
    `$(touch ${mark})`,
    `\`touch ${mark}\``,
    `; touch ${mark};`,
    `| touch ${mark}`,
    `--script-shell=${mark}`,
    `--python=/bin/sh`,
    `--global-option=--help`,
    `--config-settings=x=$(touch ${mark})`,
    `--prefix=/tmp/planted --ignore-scripts=false`,
    `git+ssh://-oProxyCommand=touch%20${encodeURIComponent(mark)}/x`,
    `git+ext::sh -c touch% ${mark}`,
    `x @ file:///dev/null;touch ${mark}`,
    `-e git+https://127.0.0.1:1/x#egg=$(touch ${mark})`,
  ];
  const files = texts.map((text, index) => [
    `src/agents/Trick${index}`,
    language === 'node'
      ? { 'package.json': JSON.stringify({ dependencies: { [text.slice(0, 40)]: text, x: text } }) }
      : { 'requirements.txt': `${text}\n` },
  ]);
  const agent = language === 'python' ? 'agent.py' : 'agent.ts';
  return Object.fromEntries(
    files.flatMap(([folder, more]) =>
      Object.entries({ [agent]: agents[language], ...(more as Record<string, string>) }).map(
        ([name, text]) => [`${folder}/${name}`, text],
      ),
    ),
  );
}

function looking(...command: string[]): Attack {
  return {
    title: `\`dropgate ${command.join(' ')}\` runs a program, a build or a script of a module`,
    languages: ['node', 'python'],
    async attempt(language, victim) {
      const mark = join(tmpdir(), `dropgate-mark-${randomUUID()}`);
      const gateway = await victim.start({ files: {} });
      const files = { ...traps(language, mark), ...tricks(language, mark) };
      for (const [path, text] of Object.entries(files)) {
        gateway.project.write(path, text);
        if (text.startsWith('#!')) {
          execFileSync('chmod', ['+x', join(gateway.project.root, path)]);
        }
      }
      const { code } = await gateway.command(...command);
      const hasRun = existsSync(mark);
      rmSync(mark, { force: true });
      const made = new Set(Object.keys(files).map((path) => path.split('/', 3)[2]));
      return {
        ...verdict(!hasRun, hasRun ? 'it ran' : `nothing ran, exit ${code}`),
        attempts: made.size,
      };
    },
  };
}

const tokens: Attack = {
  title: 'a registry or index that a module names is sent a token of the operator',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(`${request.url} ${request.headers.authorization ?? ''}`);
      response.writeHead(404).end('{}');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const own = `http://127.0.0.1:${port}`;
    const given = {
      NPM_TOKEN: 'planted',
      PIP_INDEX_URL: `http://planted:planted@127.0.0.1:${port}/own`,
      [`npm_config_//127.0.0.1:${port}/:_authToken`]: 'planted',
    };
    Object.assign(process.env, given);
    try {
      const gateway = await victim.start({ files: {} });
      const files: Readonly<Record<string, string>> =
        language === 'node'
          ? {
              'agent.ts': agents.node,
              '.npmrc': `registry=${own}/\nfetch-retries=0\n//127.0.0.1:${port}/:_authToken=\${NPM_TOKEN}\n`,
              'package.json': '{"dependencies":{"dep":"*"}}',
            }
          : {
              'agent.py': agents.python,
              'requirements.txt': `--extra-index-url ${own}/theirs\n--find-links ${own}/\${NPM_TOKEN}\ndep\n`,
            };
      for (const [path, text] of Object.entries(files))
        gateway.project.write(`src/agents/Spy/${path}`, text);
      await gateway.command('deps', 'plan');
    } finally {
      for (const name of Object.keys(given)) delete process.env[name];
      server.closeAllConnections();
      server.close();
    }
    const hasAuthorization = seen.some((one) => !one.endsWith(' ') || one.includes('planted'));
    return verdict(seen.length > 0 && !hasAuthorization, `${seen.length} requests`);
  },
};

/** Commands that only look, or install without scripts. */
export const looks: AttackGroup = {
  heading: 'Commands that look',
  attacks: [looking('deps', 'plan'), looking('deps', 'install'), tokens],
};
