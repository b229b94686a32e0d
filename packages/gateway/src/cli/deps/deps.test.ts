import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startCli } from '../../../test/support/cli-process.ts';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import { startNpmRegistry } from '../../../test/support/npm-registry.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';

const agent = `export const agent = { run: () => 'Hi' };\n`;
const declaring = (dependencies: Readonly<Record<string, string>>) =>
  JSON.stringify({ dependencies });

const alpha = { name: 'alpha', version: '1.0.0', scripts: { install: 'exit 0' } };
const beta = { name: 'beta', version: '1.2.0' };

/** A project with one agent that lacks alpha and one that lacks beta, and a registry that has both. */
async function project() {
  const { env, hold } = await startNpmRegistry([alpha, beta]);
  const root = await tempFolder({
    'src/agents/Spark/agent.ts': agent,
    'src/agents/Spark/package.json': declaring({ alpha: '^1.0.0' }),
    'src/agents/labs/Planner/agent.ts': agent,
    'src/agents/labs/Planner/package.json': declaring({ beta: '^1.0.0' }),
    'src/agents/Plain/agent.ts': agent,
  });
  const run = (...args: string[]) => inProcessCli(root, env)('deps', ...args);
  return { root, env, hold, run };
}

describe('dropgate deps plan', () => {
  test('tells for each agent what is missing and where it would go, and installs nothing', async () => {
    const { root, run } = await project();
    const { code, out, err } = await run('plan');
    expect(code).toBe(1);
    expect(out).toBe(
      [
        'default/spark  src/agents/Spark/agent.ts',
        '  alpha  ^1.0.0  missing',
        '  1 package would go to src/agents/Spark/node_modules.',
        '  With --allow-scripts, install scripts would run: alpha@1.0.0.',
        '',
        'labs/planner  src/agents/labs/Planner/agent.ts',
        '  beta  ^1.0.0  missing',
        '  1 package would go to src/agents/labs/Planner/node_modules.',
        '',
      ].join('\n'),
    );
    expect(err).toContain('Nothing was installed. `dropgate deps install` does it.');
    expect(await readdir(join(root, 'src/agents/Spark'))).toEqual(['agent.ts', 'package.json']);
  });

  test('tells of one agent, for scripts', async () => {
    const { root, run } = await project();
    const { code, out } = await run('plan', 'planner', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      agents: [
        {
          id: 'labs/planner',
          module_path: 'src/agents/labs/Planner/agent.ts',
          target: join(root, 'src/agents/labs/Planner/node_modules'),
          packages: [
            {
              name: 'beta',
              wanted: '^1.0.0',
              kind: 'dependency',
              state: 'missing',
              found: null,
              found_at: null,
            },
          ],
          findings: [expect.objectContaining({ code: 'missing_dependency' })],
          installs: [{ name: 'beta', version: '1.2.0' }],
          install_scripts: [],
          error: null,
        },
      ],
    });
  });

  // The same names do for an install, which takes npm a second each.
  test.each(['default/plain', 'Plain', 'src/agents/Plain', './src/agents/Plain/agent.ts'])(
    'ends well for an agent that declares nothing, named as %s',
    async (named) => {
      const { run } = await project();
      const { code, err } = await run('plan', named);
      expect(code).toBe(0);
      expect(err).toContain('has no package.json that declares dependencies');
    },
  );

  test('says what to do for an agent that lacks a package and has nothing to declare it in', async () => {
    const { root, run } = await project();
    const file = join(root, 'src/agents/Plain/agent.ts');
    await writeFile(
      file,
      `import 'node:fs';\nimport '@openai/agents';\nimport { nanoid } from 'nanoid';\n${agent}`,
    );
    const { code, out } = await run('plan', 'plain');
    expect(code).toBe(1);
    expect(out).toContain('src/agents/Plain/agent.ts:3:');
    expect(out.replaceAll(/\s+/g, ' ')).toContain(
      `The module imports nanoid, which is not installed, and has no package.json that declares it. → Run \`npm install nanoid --prefix src/agents/Plain\`.`,
    );
  });
});

describe('dropgate deps install', () => {
  test('gets every agent what it lacks, and a plan is content afterwards', async () => {
    const { root, run } = await project();
    const { code, out } = await run('install');
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'default/spark: installed 1 package in src/agents/Spark/node_modules.',
      '  Install scripts did not run: alpha@1.0.0.',
      '  → If the agent needs what they make, install with --allow-scripts.',
      'labs/planner: installed 1 package in src/agents/labs/Planner/node_modules.',
      '',
    ]);
    expect(await readdir(join(root, 'src/agents'))).toEqual(['Plain', 'Spark', 'labs']);
    expect(await run('plan')).toMatchObject({ code: 0, out: expect.stringContaining('ok, 1.2.0') });
  });

  test('takes one agent by its name, and runs its scripts where that is asked for', async () => {
    const { root, run } = await project();
    const { code, out } = await run('install', 'Spark', '--allow-scripts', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      agents: [{ id: 'default/spark', outcome: 'installed', skipped_scripts: [], status: null }],
    });
    expect(await readdir(join(root, 'src/agents/labs/Planner'))).not.toContain('node_modules');
  });

  test('goes on after an agent whose packages cannot be had, and tells npm’s reason', async () => {
    const { env } = await project();
    const bad = await tempFolder({
      'src/agents/Bad/agent.ts': agent,
      'src/agents/Bad/package.json': '{ "dependencies": }',
      'src/agents/Gone/agent.ts': agent,
      'src/agents/Gone/package.json': declaring({ beta: '9.0.0' }),
      'src/agents/Well/agent.ts': agent,
      'src/agents/Well/package.json': declaring({ beta: '*' }),
    });
    const { code, out } = await inProcessCli(bad, env)('deps', 'install');
    expect(code).toBe(1);
    expect(out).toContain('error: src/agents/Bad/package.json:1:19');
    expect(out).toContain('default/gone: npm could not install: No matching version found');
    expect(out).toContain('default/well: installed 1 package');
    expect(await readdir(join(bad, 'src/agents/Gone'))).toEqual(['agent.ts', 'package.json']);
  });

  test('refuses a name that no agent has', async () => {
    const { run } = await project();
    const { code, err } = await run('install', 'nobody');
    expect(code).toBe(1);
    expect(err).toContain('There is no agent nobody in src/agents or agents.');
  });

  test('stops at Ctrl-C with everything as it was', async () => {
    const { root, env, hold } = await project();
    const download = hold('alpha');
    const install = startCli(root, ['deps', 'install', 'spark'], { env });
    await download.begun;
    install.child.kill('SIGINT');
    const { code, out } = await install.ended;
    expect(code).toBe(1);
    expect(out).toContain('default/spark: The install was interrupted; nothing was changed.');
    expect(await readdir(join(root, 'src/agents'))).toEqual(['Plain', 'Spark', 'labs']);
    expect(await readdir(join(root, 'src/agents/Spark'))).toEqual(['agent.ts', 'package.json']);
  });

  test('takes one agent at most', async () => {
    expect((await inProcessCli(await tempFolder())('deps', 'install', 'a', 'b')).code).toBe(2);
  });
});
