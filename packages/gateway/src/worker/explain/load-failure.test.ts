import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useLoadHost } from '../../../test/support/load-host.ts';
import { findingOf, startNodeWorker, writeModule } from '../../../test/support/node-worker.ts';
import { writeFiles } from '../../../test/support/temp-folder.ts';
import type { Finding } from '../../protocol/diagnostics.ts';

const host = useLoadHost();

describe('a module that does not load says where and what to do', () => {
  test('for a syntax error, with a code frame', async () => {
    const finding = await findingFor({
      'agent.ts': `export const agent = {\n  name: 'x'\n  tools: [],\n};\n`,
    });
    expect(finding).toMatchObject({
      stage: 'load',
      code: 'syntax_error',
      severity: 'error',
      message: 'Written/agent.ts does not parse: Expected `,` or `}` but found `Identifier`',
      line: 3,
      column: 3,
    });
    expect(finding.file).toMatch(/\/Written\/agent\.ts$/);
    expect(finding.frame).toContain(`3 |   tools: [],`);
  });

  test('for a syntax error in a helper that is plain JavaScript', async () => {
    const finding = await findingFor({
      'agent.ts': `import './helper.cjs';\nexport const agent = { run: () => 'x' };\n`,
      'helper.cjs': `module.exports = 1;\n\nfunction (`,
    });
    expect(finding).toMatchObject({ code: 'syntax_error', line: 3 });
    expect(finding.file).toMatch(/helper\.cjs$/);
  });

  test('for JSON that does not parse', async () => {
    const finding = await findingFor({
      'agent.ts': `import data from './data.json';\nexport const agent = data;\n`,
      'data.json': `{ "a": }`,
    });
    expect(finding).toMatchObject({ code: 'syntax_error' });
    expect(finding.file).toMatch(/data\.json$/);
  });

  test('for decorators of a kind that needs a setting', async () => {
    const finding = await findingFor({
      'agent.ts': `const d = (_: unknown) => undefined;\n@d\nclass A {}\nexport const agent = new A();\n`,
    });
    expect(finding).toMatchObject({
      code: 'decorators_unsupported',
      line: 2,
      hint: 'Set "experimentalDecorators": true in the nearest tsconfig.json.',
    });
  });

  test('for decorators in the middle of a line', async () => {
    const finding = await findingFor({
      'agent.ts': `const d = (_: unknown) => undefined;\nclass A { @d run() { return 'x'; } }\nexport const agent = new A();\n`,
    });
    expect(finding).toMatchObject({ code: 'decorators_unsupported', line: 2 });
  });

  test('for a package that is not installed, with the command that installs it', async () => {
    const finding = await findingFor({
      'agent.ts': `import { Agent } from '@openai/agents';\nimport pad from 'left-pad/lib';\nexport const agent = pad;\n`,
    });
    expect(finding).toMatchObject({
      code: 'missing_package',
      message: 'Written/agent.ts imports `left-pad/lib`, but package `left-pad` is not installed.',
      line: 2,
      column: 17,
      hint: 'Run `npm install left-pad --prefix Written`.',
    });
    expect(finding.frame).toContain(`> 2 | import pad from 'left-pad/lib';`);
  });

  test('for a package that a required script misses', async () => {
    const finding = await findingFor({
      'agent.cjs': `module.exports = require('./inner.cjs');\n`,
      'inner.cjs': `const a = 1;\nmodule.exports = require('left-pad');\n`,
    });
    expect(finding).toMatchObject({ code: 'missing_package', line: 2 });
    expect(finding.file).toMatch(/inner\.cjs$/);
  });

  test('for a package that misses one of its own', async () => {
    const finding = await findingFor({
      'agent.ts': `import 'outer';\n`,
      'node_modules/outer/package.json': '{ "name": "outer", "main": "index.js" }',
      'node_modules/outer/index.js': `require('inner');\n`,
    });
    expect(finding).toMatchObject({ code: 'missing_package', line: 1, column: 8 });
    expect(finding.file).toMatch(/Written\/agent\.ts$/);
    expect(finding.message).toMatch(
      /^`inner` is not installed, but the package at .*outer\/index\.js needs it\.$/,
    );
    expect(finding.hint).toBe('Run `npm install --prefix Written`.');
  });

  test('for a package that leaves one to whoever uses it', async () => {
    const finding = await findingFor({
      'agent.ts': `import 'outer';\n`,
      'node_modules/outer/package.json':
        '{ "name": "outer", "main": "index.js", "peerDependencies": { "inner": "*" } }',
      'node_modules/outer/index.js': `require('inner/part');\n`,
    });
    expect(finding.hint).toBe(
      'Run `npm install inner --prefix Written`: that package leaves it to whoever uses it.',
    );
  });

  test.each(['openai-agents', '@openai/agent', 'openai/agents', 'agents'])(
    'for the SDK under a name that is not its own: %s',
    async (name) => {
      const finding = await findingFor({
        'agent.ts': `import { Agent } from '${name}';\nexport const agent = new Agent({});\n`,
      });
      expect(finding).toMatchObject({
        code: 'unofficial_package',
        message: `Written/agent.ts imports \`${name}\`, but on npm OpenAI's Agents SDK is \`@openai/agents\`.`,
        line: 1,
        column: 23,
        hint: 'Import from `@openai/agents`, which needs no install.',
      });
    },
  );

  test.each<[specifier: string, files: Readonly<Record<string, string>>, hint: string]>([
    ['common', {}, 'Copy the file it means beside agent.ts, and import `./common`.'],
    ['config/keys', {}, 'Copy the file it means beside agent.ts, and import `./keys`.'],
    ['@/lib/db', {}, 'Copy the file it means beside agent.ts, and import `./db`.'],
    ['planner', { 'planner.ts': '' }, 'Write the path: `./planner`.'],
    ['agents/planner', { 'agents/planner.ts': '' }, 'Write the path: `./agents/planner`.'],
    [
      '@/lib/db',
      { 'src/lib/db.ts': '' },
      'Write the path, `./src/lib/db`, or put a tsconfig.json beside agent.ts: `{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }`.',
    ],
  ])(
    'for the author’s own code by a name that is no package: %s',
    async (specifier, files, hint) => {
      const finding = await findingFor({ 'agent.ts': `import '${specifier}';\n`, ...files });
      expect(finding).toMatchObject({ code: 'missing_file', line: 1, column: 8, hint });
      expect(finding.message).toBe(
        `Written/agent.ts imports \`${specifier}\`, which is no package: it means a file of its own project.`,
      );
    },
  );

  test('for a helper outside of the folder', async () => {
    const finding = await findingFor({
      'agent.ts': `import { a } from '../utils/env.ts';\nvoid a;\n`,
    });
    expect(finding).toMatchObject({
      code: 'missing_file',
      hint: 'Correct the path, or copy the file beside agent.ts and import `./env.ts`.',
    });
  });

  test('for a part that an installed package does not have', async () => {
    const finding = await findingFor({
      'agent.ts': `import 'outer/lib/part.js';\n`,
      'node_modules/outer/package.json': '{ "name": "outer", "main": "index.js" }',
    });
    expect(finding).toMatchObject({
      code: 'missing_subpath',
      message:
        'Written/agent.ts imports `outer/lib/part.js`, but the installed `outer` has no such part.',
    });
  });

  test('for Cloudflare’s package beside the SDK', async () => {
    const finding = await findingFor({
      'agent.ts': `import { Agent } from '@openai/agents';\nimport { Agent as Base } from 'agents';\nexport const agent = [Agent, Base];\n`,
    });
    expect(finding).toMatchObject({
      code: 'unofficial_package',
      message:
        "Written/agent.ts imports `agents`, which is Cloudflare's package, whose agents run in Workers alone.",
      line: 2,
    });
  });

  test.each([
    ['is said', `if (!process.env.DESK_KEY) throw new Error('DESK_KEY must be set');\n`],
    [
      'is read there',
      `\n\nconst url = new URL(process.env.DESK_URL as string, undefined);\nif (!url) throw new Error('Invalid URL');\n`.trim(),
    ],
    [
      'is read above',
      `const key = process.env.DESK_KEY;\nif (!key) {\n  throw new Error('No key is provided');\n}\n`,
    ],
  ])('for a variable that is not set, where its name %s', async (_what, text) => {
    const finding = await findingFor({ 'agent.ts': `${text}export const agent = 1;\n` });
    const name = /DESK_\w+/.exec(text)?.[0];
    expect(finding).toMatchObject({
      code: 'missing_variable',
      message: `Written/agent.ts needs the environment variable \`${name}\`, which is not set.`,
      hint: `Write \`${name}=…\` into Written/.env.`,
    });
    expect(finding.line).toBeGreaterThan(0);
  });

  test('for an error without a line of the author’s, at the await that it came from', async () => {
    const text = `import { readFile } from 'node:fs/promises';
const first = await readFile(import.meta.filename);
const parsed = await new Response('{').json().catch(() => { throw Object.assign(new Error('no answer'), { stack: '' }); });
export const agent = await readFile(first + parsed);
`;
    const finding = await findingFor({ 'agent.ts': text });
    expect(finding).toMatchObject({ code: 'import_failed', line: 3 });
  });

  test.each([
    [
      `import { readFileSync } from 'node:fs';\nexport const agent = readFileSync('/nowhere/prompt.md');\n`,
      {
        code: 'missing_file',
        message: 'src/agents/Written/agent.ts reads `/nowhere/prompt.md`, which does not exist.',
        line: 2,
        hint: "Copy it beside agent.ts, and name it from there: `new URL('./prompt.md', import.meta.url)`.",
      },
    ],
    [
      `import { execFileSync } from 'node:child_process';\nexport const agent = execFileSync('no-such-program');\n`,
      {
        code: 'missing_program',
        message: 'src/agents/Written/agent.ts starts `no-such-program`, which is not there.',
        line: 2,
        hint: 'Install `no-such-program` on this machine, or name another program.',
      },
    ],
    [
      `import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\nexport const agent = require.resolve('left-pad');\n`,
      { code: 'missing_package', line: 3, column: 38 },
    ],
    [
      `throw new Error('browserType.launch: no such file. Please run:\\n    npx playwright install');\n`,
      {
        code: 'missing_program',
        message: 'src/agents/Written/agent.ts starts a browser, which is not installed.',
        line: 1,
        hint: 'Run `npx playwright install` on this machine, as the user who runs the gateway.',
      },
    ],
    [
      `import { load } from 'jsr:@std/dotenv@0.225/load';\nvoid load;\n`,
      {
        code: 'foreign_import',
        message:
          'Written/agent.ts imports `jsr:@std/dotenv@0.225/load`, which Node does not know how to fetch.',
        line: 1,
        hint: 'Import `@std/dotenv`, and run `(cd Written && npx jsr add @std/dotenv)`.',
      },
    ],
    [
      `import { DurableObject } from 'cloudflare:workers';\nvoid DurableObject;\n`,
      {
        code: 'foreign_import',
        line: 1,
        hint: 'Leave out what is made of it: only a Worker of Cloudflare has it.',
      },
    ],
    [`import text from './text.md?raw';\nvoid text;\n`, { code: 'missing_file', line: 1 }],
    [
      `export const agent = Deno.env.get('KEY');\n`,
      {
        code: 'undefined_name',
        line: 1,
        hint: 'Only Deno has it. In Node, use `process.env` and the modules of `node:`.',
      },
    ],
    [
      `export const agent = Bun.env.KEY;\n`,
      { hint: 'Only Bun has it. In Node, use `process.env` and the modules of `node:`.' },
    ],
    [
      `export const agent = prompt('You: ');\n`,
      { hint: 'Nobody types anything there: a request brings what the user says.' },
    ],
    [
      `import { z } from 'npm:zod@4';\nvoid z;\n`,
      { code: 'foreign_import', hint: 'Import `zod`, and run `npm install zod --prefix Written`.' },
    ],
    [
      `export const agent = 1;\nexport default 2;\nexport default 3;\n`,
      {
        code: 'syntax_error',
        message: 'Written/agent.ts does not parse: It has two default exports',
        line: 3,
      },
    ],
  ])('for what is not there, or not so in Node: %j', async (text, expected) => {
    expect(await findingFor({ 'agent.ts': text })).toMatchObject(expected);
  });

  test('for an `await` at the top level of CommonJS', async () => {
    const text = `const a = 1;\nconst b = await Promise.resolve(a);\nmodule.exports = b;\n`;
    expect(await findingFor({ 'agent.cjs': text })).toMatchObject({
      code: 'syntax_error',
      message: 'Written/agent.cjs waits at its top level, which CommonJS cannot.',
      line: 2,
      hint: 'Name the file `.mjs` and write `import` in place of `require`, or put the `await` into an async function.',
    });
  });

  test.each(['agent.ts', 'agent.mjs'])(
    'attributes of imports load as they were once written: %s',
    async (file) => {
      const text = `import data from './data.json' assert { type: 'json' };\nexport const agent = { run: () => data.text };\n`;
      const load = await writeModule({ [file]: text, 'data.json': '{ "text": "x" }' });
      expect((await host.manifestOf(load)).kind).toBe('runnable');
    },
  );

  test('a script of CommonJS, with its siblings, loads in a project of ES modules', async () => {
    const load = await writeModule({
      'agent.js': `const { answer } = require('./answer');\nmodule.exports = { run: ({ messages }) => answer(messages) };\n`,
      'package.json': '{ "type": "module" }',
      'answer.js': `const path = require('node:path');\nexports.answer = () => path.sep;\n`,
    });
    expect(await host.manifestOf(load)).toMatchObject({ kind: 'runnable', exportName: 'default' });
  });

  test('for a local file that is not there', async () => {
    const finding = await findingFor({
      'agent.ts': `export { agent } from './lib/desk';\n`,
    });
    expect(finding).toMatchObject({
      code: 'missing_file',
      message: 'Written/agent.ts imports `./lib/desk`, which does not exist.',
      line: 1,
      column: 23,
    });
  });

  test('for an entry that is gone', async () => {
    const load = await writeModule({ 'agent.ts': '' });
    await rm(load.entry);
    expect(await host.findingOf(load)).toMatchObject({
      code: 'missing_file',
      message: 'src/agents/Written/agent.ts does not exist.',
    });
  });

  test('for a name that the other module does not export', async () => {
    const finding = await findingFor({
      'agent.ts': `import {\n  Agent,\n  Agnet,\n} from '@openai/agents';\nexport const agent = new Agnet(Agent);\n`,
    });
    expect(finding).toMatchObject({
      code: 'missing_export',
      message: '`@openai/agents` exports no `Agnet`.',
      line: 3,
      column: 3,
    });
  });

  test.each([
    ['an ES module', 'lib.ts', 'export const a = 1;'],
    ['CommonJS', 'lib.cjs', 'exports.a = 1;'],
  ])('for a name that a local file does not export: %s', async (_what, file, text) => {
    const finding = await findingFor({
      'agent.ts': `export const one = 1;\nimport { b } from './${file}';\nexport const agent = b;\n`,
      [file]: text,
    });
    expect(finding).toMatchObject({
      code: 'missing_export',
      message: `\`./${file}\` exports no \`b\`.`,
      line: 2,
      column: 10,
    });
  });

  test('for a default export that is not there', async () => {
    const finding = await findingFor({
      'agent.ts': `import lib from './lib';\nexport const agent = lib;\n`,
      'lib.ts': 'export const a = 1;',
    });
    expect(finding).toMatchObject({ code: 'missing_export', line: 1, column: 1 });
  });

  test('for a file that is no code', async () => {
    const finding = await findingFor({
      'agent.ts': `import prompt from './prompt.md';\nexport const agent = prompt;\n`,
      'prompt.md': '# Be brief',
    });
    expect(finding).toMatchObject({
      code: 'unsupported_file',
      message: 'Written/prompt.md is imported, but it is no code.',
      line: 1,
      column: 20,
    });
  });

  test('for an import that throws, at the line of the author', async () => {
    const finding = await findingFor({
      'agent.ts': `import { z } from 'zod';\ninterface Erased {\n  a: string;\n}\nexport const schema = (z as any).integer();\n`,
    });
    expect(finding).toMatchObject({
      stage: 'load',
      code: 'import_failed',
      line: 5,
    });
    expect(finding.message).toMatch(
      /^src\/agents\/Written\/agent\.ts threw while it was imported: TypeError: .*integer is not a function$/,
    );
    expect(finding.frame).toContain('> 5 | export const schema = (z as any).integer();');
  });

  test('for something thrown that is no error', async () => {
    const finding = await findingFor({ 'agent.ts': `throw 'no';\n` });
    expect(finding).toMatchObject({ code: 'import_failed' });
    expect(finding.message).toContain('no (thrown, but no Error)');
  });

  test('for a native package built for another Node', async () => {
    const finding = await findingFor({
      'agent.ts': `import 'native';\n`,
      'node_modules/native/package.json': '{ "name": "native", "main": "index.js" }',
      'node_modules/native/index.js': `require('./build/native.node');\n`,
      'node_modules/native/build/native.node': 'not a library',
    });
    expect(finding).toMatchObject({
      code: 'native_package_failed',
      hint: `Run \`npm rebuild --prefix Written\` with Node ${process.versions.node}.`,
    });
  });

  test('for a rejection that nobody handles', async () => {
    const finding = await strayFindingFor({
      'agent.ts': `export const agent = { run: () => 'x' };\nvoid Promise.reject(new Error('too late'));\n`,
    });
    expect(finding).toMatchObject({
      stage: 'load',
      code: 'unhandled_rejection',
      line: 2,
      hint: 'Add `await` or `.catch(…)` to the call that fails.',
    });
  });

  test('for an error in a callback while the import goes on', async () => {
    const finding = await strayFindingFor({
      'agent.ts': `setTimeout(() => {\n  throw new RangeError('late');\n}, 1);\nawait new Promise(() => setInterval(() => {}, 1000));\n`,
    });
    expect(finding).toMatchObject({ code: 'uncaught_exception', line: 2 });
  });

  test('and names the files read so far, so that a change of one is a reason to try again', async () => {
    const load = await writeModule({
      'agent.ts': `import './broken';\n`,
      'broken.ts': `const = 1;\n`,
    });
    const answer = await host.load(load);
    expect(answer.type === 'load_failed' && answer.files).toEqual(
      ['agent.ts', 'broken.ts'].map((file) => join(load.folder, file)),
    );
  });
});

test('a module that exits while it is imported ends the worker, which says where first', async () => {
  const load = await writeModule({ 'agent.ts': `process.exit(3);\n` });
  const worker = await startNodeWorker(join(load.folder, '..'));
  expect(await worker.load(load)).toMatchObject({
    type: 'load_failed',
    findings: [{ code: 'process_exit', file: load.entry, line: 1, column: 9 }],
  });
  expect(await worker.ended).toMatchObject({ code: 3 });
});

test('a module that failed loads in a new worker once it is mended', async () => {
  const load = await writeModule({ 'agent.ts': `export const agent = 1;\n` });
  expect((await host.findingOf(load)).code).toBe('wrong_export_kind');
  await writeFiles(load.folder, { 'agent.ts': `export const agent = { run: () => 'x' };\n` });
  const worker = await startNodeWorker(join(load.folder, '..'));
  expect((await worker.load(load)).type).toBe('loaded');
});

async function findingFor(files: Readonly<Record<string, string>>): Promise<Finding> {
  return host.findingOf(await writeModule(files));
}

/** Of a module whose failure is the process's: it has one of its own. */
async function strayFindingFor(files: Readonly<Record<string, string>>): Promise<Finding> {
  return findingOf(await writeModule(files));
}
