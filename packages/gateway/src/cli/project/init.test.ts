import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CliProcess, runCli, startCli } from '../../../test/support/cli-process.ts';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  type TemporaryProject,
  temporaryProject,
} from '../../../test/support/temporary-project.ts';

const workspaceRoot = join(import.meta.dirname, '../../../../..');
const modules = join(workspaceRoot, 'node_modules');

let project: TemporaryProject;
let running: CliProcess | null = null;

beforeEach(() => {
  project = temporaryProject();
});

afterEach(async () => {
  running?.child.kill('SIGKILL');
  await running?.ended;
  running = null;
  project.dispose();
});

/** The packages of the workspace, with the types of ours out of its sources. */
function linkModules(): void {
  const exported = { './agent': { types: './src/worker/agent-api.ts' } };
  const manifest = { name: 'dropgate', type: 'module', exports: exported };
  project.write('node_modules/dropgate/package.json', JSON.stringify(manifest));
  for (const name of readdirSync(modules)) {
    if (name === 'dropgate' || name.startsWith('.')) continue;
    symlinkSync(join(modules, name), join(project.folder, 'node_modules', name));
  }
  const sources = join(workspaceRoot, 'packages/gateway/src');
  symlinkSync(sources, join(project.folder, 'node_modules/dropgate/src'));
}

const init = (...args: string[]) => inProcessCli(project.folder)('init', ...args);
const read = (path: string) => readFileSync(join(project.folder, path), 'utf8');
const readJson = (path: string) => JSON.parse(read(path));

describe('dropgate init', () => {
  test('makes an empty folder a project and says what comes next', async () => {
    const { code, out, err } = await runCli(project.folder, ['init']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(
      [
        'created  package.json',
        'created  tsconfig.json',
        'created  .gitignore',
        'created  src/agents/SampleAgent/agent.ts',
        'created  docs/sample/packing.md',
        'created  gateway-tools.d.ts',
        '',
        'Next:',
        '  dropgate dev',
        '      serve SampleAgent here; nothing has to be installed for it',
        '  npm install',
        '      let editors know the types, and npm scripts find dropgate',
        '  dropgate new <Name>',
        '      make an agent of your own',
        '',
      ].join('\n'),
    );
    expect(readdirSync(project.folder).sort()).toEqual([
      '.gitignore',
      'docs',
      'gateway-tools.d.ts',
      'package.json',
      'src',
      'tsconfig.json',
    ]);
    for (const path of ['src/agents/SampleAgent/agent.ts', 'docs/sample/packing.md']) {
      expect(read(path)).toBe(readFileSync(join(workspaceRoot, path), 'utf8'));
    }
    expect(read('.gitignore')).toBe('.dropgate/\nnode_modules/\n.venv/\n__pycache__/\n.env\n');
  });

  test('writes a private package that has dropgate and the types, in the versions it brings', async () => {
    await init();
    const own = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'),
    );
    expect(readJson('package.json')).toEqual({
      name: expect.stringMatching(/^dropgate-project-[a-z0-9]+/),
      private: true,
      type: 'module',
      engines: { node: '>=24' },
      scripts: {
        dev: 'exec dropgate dev',
        start: 'exec dropgate start',
        check: 'exec dropgate check',
      },
      dependencies: {
        '@openai/agents': `^${own.dependencies['@openai/agents']}`,
        zod: `^${own.dependencies.zod}`,
      },
      devDependencies: { '@types/node': '^24.0.0', dropgate: `^${own.version}` },
    });
  });

  test('makes a project that passes the check, and serves, with nothing installed', async () => {
    await init();
    const { code, out } = await inProcessCli(project.folder)('check', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      agents: [{ id: 'default/sampleagent', status: 'ready', tools: ['get_weather', 'fetch_doc'] }],
      errors: [],
      notices: [],
    });
    running = startCli(project.folder, ['dev'], { env: { GATEWAY_PORT: '0' } });
    const banner = await running.until('Try it');
    const url = /Serves at (http:\S+)/.exec(banner)?.[1];
    const response = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${/dg_[A-Za-z0-9_-]{43}/.exec(banner)?.[0]}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        model: 'default/sampleagent',
        messages: [
          {
            role: 'user',
            content: 'What is the weather in Paris, and what does sample/packing.md say?',
          },
        ],
      }),
    });
    const answer: any = await response.json();
    expect(answer.choices[0].message.content).toContain('21 °C in Paris');
    expect(answer.choices[0].message.content).toContain('Sun: a hat');
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(0);
  });

  test('writes a tsconfig.json with which its agents have no type errors', async () => {
    await init();
    await inProcessCli(project.folder)('new', 'Planner');
    linkModules();
    // The name is one of those that the declaration file tells; what is none of them is taken all the same.
    project.write(
      'names.ts',
      "import type { GatewayToolNames } from 'dropgate/agent';\nimport { gatewayTool } from 'dropgate/agent';\nexport const name: keyof GatewayToolNames = 'fetch_doc';\nexport const other = gatewayTool('other');\n// @ts-expect-error\nexport const none: keyof GatewayToolNames = 'other';\n",
    );
    const tsc = spawn(process.execPath, [join(modules, 'typescript/bin/tsc'), '-p', '.'], {
      cwd: project.folder,
    });
    let errors = '';
    tsc.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      errors += chunk;
    });
    expect(await once(tsc, 'close')).toEqual([0, null]);
    expect(errors).toBe('');
  });

  test('keeps every file that is there, and says what it lacks', async () => {
    project.write('package.json', '{ "dependencies": { "zod": "^4.0.0" } }');
    project.write('.gitignore', '/node_modules\n.env\n');
    mkdirSync(join(project.folder, '.git'));
    const { code, out } = await init('--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      created: [
        'tsconfig.json',
        'src/agents/SampleAgent/agent.ts',
        'docs/sample/packing.md',
        'gateway-tools.d.ts',
      ],
      kept: ['package.json', '.gitignore'],
      advice: [
        'Editors need: npm install @openai/agents',
        'Editors need: npm install --save-dev @types/node dropgate',
        'Add to .gitignore: .dropgate/, .venv/, __pycache__/. They hold secrets or copies.',
      ],
      next: ['dropgate dev', 'dropgate new <Name>'],
    });
    expect(read('package.json')).toBe('{ "dependencies": { "zod": "^4.0.0" } }');
    expect(read('.gitignore')).toBe('/node_modules\n.env\n');
  });

  test('changes nothing when it runs again', async () => {
    await init();
    project.write('src/agents/SampleAgent/agent.ts', '// mine\n');
    const { code, out, err } = await init();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('kept     src/agents/SampleAgent/agent.ts\n');
    expect(out).not.toContain('created');
    expect(read('src/agents/SampleAgent/agent.ts')).toBe('// mine\n');
  });

  test('names a package.json that makes no sense', async () => {
    project.write('package.json', '{ oops');
    const { code, err } = await init();
    expect({ code, err }).toEqual({
      code: 0,
      err: 'note: package.json is no JSON object. Correct it.\n',
    });
  });

  test('writes through no dangling link', async () => {
    symlinkSync('/nonexistent/target', join(project.folder, 'tsconfig.json'));
    const { code, out } = await init();
    expect(code).toBe(0);
    expect(out).toContain('kept     tsconfig.json\n');
  });
});
