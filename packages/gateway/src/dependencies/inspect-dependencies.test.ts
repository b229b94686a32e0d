import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makePipe } from '../../test/support/make-pipe.ts';
import { noPython } from '../../test/support/no-python.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { checkDependencies } from './inspect-dependencies.ts';

const plainAgent = `export const agent = { run: () => 'Hi' };\n`;

/** A module in a project, with its `package.json` and packages: `node_modules/x` → its version. */
async function moduleWith(options: {
  readonly manifest?: unknown;
  readonly source?: string;
  readonly installed?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}) {
  const { manifest, source = plainAgent, installed = {}, files = {} } = options;
  const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest, null, 2);
  const packages = Object.entries(installed).map(([path, version]) => [
    `${path}/package.json`,
    JSON.stringify({ version }),
  ]);
  const root = await tempFolder({
    'src/agents/Spark/agent.ts': source,
    ...(manifest === undefined ? {} : { 'src/agents/Spark/package.json': text }),
    ...Object.fromEntries(packages),
    ...files,
  });
  const folder = join(root, 'src/agents/Spark');
  return {
    folder,
    check: (language: 'node' | 'python' = 'node') =>
      checkDependencies(
        {
          agentId: 'default/spark',
          modulePath: 'src/agents/Spark/agent.ts',
          folder,
          entry: join(folder, 'agent.ts'),
          language,
        },
        noPython,
      ),
  };
}

const own = 'src/agents/Spark/node_modules';

describe('what a package.json declares', () => {
  test('is in order when it is installed in a version that fits', async () => {
    const module = await moduleWith({
      manifest: { dependencies: { alpha: '^1.2.0' } },
      installed: { [`${own}/alpha`]: '1.9.3' },
    });
    expect(await module.check()).toEqual([]);
  });

  test('is named with its range, its line and the command when it is not installed', async () => {
    const module = await moduleWith({ manifest: { dependencies: { alpha: '^1.2.0' } } });
    expect(await module.check()).toEqual([
      {
        stage: 'dependencies',
        code: 'missing_dependency',
        severity: 'error',
        message: 'package.json asks for alpha (^1.2.0), which is not installed.',
        file: join(module.folder, 'package.json'),
        line: 3,
        column: 5,
        hint: 'Run `dropgate deps install default/spark`.',
      },
    ]);
  });

  test('is named with what was found when the version does not fit', async () => {
    const module = await moduleWith({
      manifest: { dependencies: { alpha: '^2.0.0' } },
      installed: { [`${own}/alpha`]: '1.9.3' },
    });
    expect(await module.check()).toMatchObject([
      {
        code: 'wrong_dependency_version',
        severity: 'error',
        message: 'package.json asks for alpha (^2.0.0), but what is installed is version 1.9.3.',
      },
    ]);
  });

  test('is looked for as Node does: the nearest node_modules that has it', async () => {
    const module = await moduleWith({
      manifest: { dependencies: { alpha: '^1.0.0', beta: '^1.0.0' } },
      installed: {
        'node_modules/alpha': '1.0.0',
        'node_modules/beta': '1.0.0',
        [`${own}/beta`]: '3.0.0',
      },
    });
    expect(await module.check()).toMatchObject([
      { code: 'wrong_dependency_version', message: expect.stringContaining('version 3.0.0') },
    ]);
  });

  test('is missing where only an empty folder of its name is left', async () => {
    const module = await moduleWith({ manifest: { dependencies: { alpha: '1.0.0' } } });
    await mkdir(join(module.folder, 'node_modules/alpha'), { recursive: true });
    expect(await module.check()).toMatchObject([{ code: 'missing_dependency' }]);
  });

  test.each(['file:../shared', 'link:../shared', 'git+ssh://git@x.test/a.git', 'o/repo'])(
    'is only asked to be there when it is %s',
    async (range) => {
      const dependencies = { alpha: range };
      const there = await moduleWith({
        manifest: { dependencies },
        installed: { [`${own}/alpha`]: '0.0.1' },
      });
      const gone = await moduleWith({ manifest: { dependencies } });
      expect(await there.check()).toEqual([]);
      expect(await gone.check()).toMatchObject([{ code: 'missing_dependency' }]);
    },
  );

  test('is only asked to be there when it is a workspace, an alias or a tag', async () => {
    const module = await moduleWith({
      manifest: { dependencies: { a: 'workspace:*', b: 'npm:other@^9', c: 'latest' } },
      installed: { [`${own}/a`]: '1.0.0', [`${own}/b`]: '1.0.0', [`${own}/c`]: '1.0.0' },
    });
    expect(await module.check()).toEqual([]);
  });

  test('holds for peers, but not for optional and development packages', async () => {
    const module = await moduleWith({
      manifest: {
        peerDependencies: { peer: '*', maybe: '*' },
        peerDependenciesMeta: { maybe: { optional: true } },
        devDependencies: { tool: '*' },
        optionalDependencies: { extra: '*' },
      },
    });
    expect((await module.check()).map(({ message }) => message)).toEqual([
      'package.json asks for peer (*), which is not installed.',
    ]);
  });

  test('holds for a package that is called as something every object has', async () => {
    const module = await moduleWith({
      manifest: { dependencies: { constructor: '1' }, peerDependencies: { valueof: '*' } },
    });
    expect((await module.check()).map(({ message }) => message)).toEqual([
      'package.json asks for constructor (1), which is not installed.',
      'package.json asks for valueof (*), which is not installed.',
    ]);
  });

  test('is followed through a link to the real folder', async () => {
    const module = await moduleWith({
      manifest: { dependencies: { alpha: '1.0.0' } },
      installed: { 'elsewhere/alpha': '1.0.0' },
    });
    await mkdir(join(module.folder, 'node_modules'));
    await symlink('../../../../elsewhere/alpha', join(module.folder, 'node_modules/alpha'));
    expect(await module.check()).toEqual([]);
  });
});

describe("the gateway's own packages", () => {
  test('satisfy a range that fits them, without an install', async () => {
    const dependencies = { '@openai/agents': '*', openai: '>=7', zod: '^4.0.0' };
    expect(await (await moduleWith({ manifest: { dependencies } })).check()).toEqual([]);
  });

  test('do not satisfy a range that does not', async () => {
    const module = await moduleWith({ manifest: { dependencies: { zod: '^3.25.0' } } });
    expect(await module.check()).toMatchObject([
      {
        code: 'wrong_dependency_version',
        message: expect.stringMatching(
          /^package.json asks for zod \(\^3\.25\.0\), but the gateway's copy is version 4\./,
        ),
      },
    ]);
  });

  test('need not be declared', async () => {
    const source = `import { Agent } from '@openai/agents';\nimport { z } from 'zod';\nimport 'dropgate/agent';\n${plainAgent}`;
    expect(await (await moduleWith({ manifest: {}, source })).check()).toEqual([]);
  });
});

describe('a package.json that cannot be used', () => {
  test('is named with the place where it breaks', async () => {
    const module = await moduleWith({
      manifest: '{\n  "dependencies": {\n    "a": "1",\n  }\n}\n',
    });
    expect(await module.check()).toMatchObject([
      {
        stage: 'dependencies',
        code: 'bad_package_json',
        severity: 'error',
        message: 'package.json is not valid JSON: Expected double-quoted property name.',
        file: join(module.folder, 'package.json'),
        line: 4,
        column: 3,
      },
    ]);
  });

  test('is named with the field that is not what it should be', async () => {
    const module = await moduleWith({ manifest: '{\n  "dependencies": {\n    "a": 1\n  }\n}\n' });
    expect(await module.check()).toMatchObject([
      { code: 'bad_package_json', line: 3, column: 5, message: expect.stringContaining('a') },
    ]);
  });

  test.each(['[]', '"text"', 'null', '{"dependencies": []}'])('may be %s', async (manifest) => {
    const findings = await (await moduleWith({ manifest })).check();
    expect(findings).toMatchObject([{ code: 'bad_package_json', severity: 'error' }]);
  });

  test('may be a folder', async () => {
    const module = await moduleWith({ files: { 'src/agents/Spark/package.json/x': '' } });
    expect(await module.check()).toMatchObject([
      { code: 'bad_package_json', message: 'package.json is a folder, not a file.' },
    ]);
  });

  test('may be a pipe, which is never waited for', async () => {
    const module = await moduleWith({});
    makePipe(join(module.folder, 'package.json'));
    expect(await module.check()).toMatchObject([
      { code: 'bad_package_json', message: 'package.json is a pipe or device, not a file.' },
    ]);
  });

  test('may not declare more packages than an agent can need', async () => {
    const names = Array.from({ length: 40_000 }, (_, index) => [`p${index}`, '*']);
    const module = await moduleWith({ manifest: { dependencies: Object.fromEntries(names) } });
    expect(await module.check()).toMatchObject([
      {
        code: 'bad_package_json',
        line: 2,
        message: 'package.json declares 40000 packages; an agent has at most 1000.',
      },
    ]);
  });

  test('may begin with a byte order mark, as for npm', async () => {
    expect(await (await moduleWith({ manifest: '\uFEFF{}' })).check()).toEqual([]);
  });
});

describe('what a module imports without declaring it', () => {
  test('is a warning with file, line and what to write', async () => {
    const module = await moduleWith({
      manifest: {},
      source: `import { x } from './lib/x.js';\n${plainAgent}`,
      files: { 'src/agents/Spark/lib/x.ts': `\nexport {\n  a,\n} from 'alpha/sub';\n` },
      installed: { 'node_modules/alpha': '1.4.0' },
    });
    expect(await module.check()).toMatchObject([
      {
        code: 'undeclared_dependency',
        severity: 'warning',
        file: join(module.folder, 'lib/x.ts'),
        line: 4,
        column: 8,
        hint: 'Add "alpha": "^1.4.0" to its "dependencies", then run `dropgate deps install default/spark`.',
      },
    ]);
  });

  test('is found in every form of import, each package once', async () => {
    const source = [
      `import a from 'a';`,
      `import 'b/register';`,
      `export * from '@scope/c/deep';`,
      `const d = await import('d');`,
      `const e = require("e");`,
      `import again from 'a';`,
      plainAgent,
    ].join('\n');
    const findings = await (await moduleWith({ manifest: {}, source })).check();
    const named = findings.map(({ message }) => /imports (\S+),/.exec(message)?.[1]);
    expect(named.toSorted()).toEqual(['@scope/c', 'a', 'b', 'd', 'e']);
  });

  test('is not a type, a comment, a module of Node, a URL or an alias', async () => {
    const source = [
      `import type { T } from 'only-types';`,
      `// import x from 'commented';`,
      `/* import y`,
      ` from 'also-commented'; */`,
      `import { readFile } from 'node:fs/promises';`,
      `import path from 'path';`,
      `import z from '@/lib/z';`,
      `import w from '~/w';`,
      `import v from '#v';`,
      plainAgent,
    ].join('\n');
    expect(await (await moduleWith({ manifest: {}, source })).check()).toEqual([]);
  });

  test('may be a file where tsconfig.json maps paths', async () => {
    const files = { 'src/agents/Spark/tsconfig.json': '{"compilerOptions":{"baseUrl":"."}}' };
    const source = `import x from 'lib/x';\n${plainAgent}`;
    expect(await (await moduleWith({ manifest: {}, source, files })).check()).toEqual([]);
  });

  test('is declared by any of the sections, and by the name of the package itself', async () => {
    const manifest = { name: 'me', devDependencies: { a: '*' }, optionalDependencies: { b: '*' } };
    const source = `import 'a';\nimport 'b';\nimport 'me';\n${plainAgent}`;
    expect(await (await moduleWith({ manifest, source })).check()).toEqual([]);
  });

  test('is nothing to speak of where there is no package.json', async () => {
    expect(await (await moduleWith({ source: `import 'a';\n${plainAgent}` })).check()).toEqual([]);
  });
});

describe('names that look like another package', () => {
  test.each(['openai-agents', 'openai-agent', '@openai/agent', 'agents'])(
    '%s is not the Agents SDK',
    async (name) => {
      const module = await moduleWith({
        manifest: { dependencies: { [name]: '*' } },
        installed: { [`${own}/${name}`]: '1.0.0' },
      });
      expect(await module.check()).toMatchObject([
        {
          code: 'lookalike_package',
          severity: 'warning',
          message: `\`${name}\` is not OpenAI's Agents SDK; on npm that is \`@openai/agents\`.`,
          line: 3,
        },
      ]);
    },
  );

  test.each([
    ['axois', 'axios'],
    ['lodahs', 'lodash'],
    ['expres', 'express'],
    ['expresss', 'express'],
    ['@openai/agentz', '@openai/agents'],
  ])('%s is one letter away from %s', async (name, meant) => {
    const findings = await (
      await moduleWith({ manifest: {}, source: `import '${name}';\n` })
    ).check();
    expect(findings).toMatchObject([
      { code: 'lookalike_package', message: expect.stringContaining(`\`${meant}\``), line: 1 },
    ]);
  });

  test('are told of without a package.json too, but for those of the SDK', async () => {
    const source = `import 'lodahs';\nimport 'openai-agents';\n${plainAgent}`;
    expect(await (await moduleWith({ source })).check()).toMatchObject([
      { code: 'lookalike_package', message: expect.stringContaining('`lodash`'), line: 1 },
    ]);
  });

  test.each(['axios', 'preact', 'openapi', 'is-odd', 'zod'])('%s is in order', async (name) => {
    const module = await moduleWith({
      manifest: { dependencies: { [name]: '*' } },
      installed: { [`${own}/${name}`]: '9.0.0' },
    });
    expect(await module.check()).toEqual([]);
  });
});

test('the package.json beside an agent in Python says nothing about it', async () => {
  const findings = await (await moduleWith({ manifest: '{' })).check('python');
  expect(findings).toMatchObject([{ code: 'python_missing' }]);
});

test.each([
  ['comments that do not end', '/*\n'.repeat(300_000)],
  ['imports that do not end', 'import a\n'.repeat(100_000)],
  ['imports of the same', `import 'openai';\n`.repeat(50_000)],
  ['imports of the same file that is not there', `export * from './b.ts';\n`.repeat(40_000)],
  ['an import with nothing but space', `import${' '.repeat(900_000)}`],
])('text that is made to be slow to read is not: %s', async (_what, source) => {
  const module = await moduleWith({ manifest: {}, source });
  expect(await module.check()).toEqual([]);
});

test('looking at the dependencies changes nothing', async () => {
  const module = await moduleWith({ manifest: { dependencies: { alpha: '1' } } });
  const before = await readFile(join(module.folder, 'package.json'), 'utf8');
  await module.check();
  expect(await readFile(join(module.folder, 'package.json'), 'utf8')).toBe(before);
});
