import { describe, expect, test } from 'vitest';
import { useLoadHost } from '../../../test/support/load-host.ts';
import { writeModule } from '../../../test/support/node-worker.ts';

const { findingOf, manifestOf } = useLoadHost();

const imports = `import { Agent } from '@openai/agents';\n`;
const fields = `{ name: 'Desk', instructions: 'x' }`;
const build = `new Agent(${fields})`;
const own = `constructor(style = 'x') { super({ name: 'Desk', instructions: style }); }`;

/** A part of the text and what takes its place; `$` is its end. */
type Edit = readonly [part: string, replacement: string];

type Row = readonly [
  what: string,
  text: string,
  told: { code: string; line: number; hint: string },
  edits: readonly Edit[],
];

const rows: readonly Row[] = [
  [
    'a misspelt import of the SDK',
    `import { Agnt } from '@openai/agents';\nexport const agent = new Agnt(${fields});\n`,
    { code: 'missing_export', line: 1, hint: 'Did you mean `Agent`?' },
    [
      ['{ Agnt }', '{ Agent }'],
      ['new Agnt', 'new Agent'],
    ],
  ],
  [
    'a name that the SDK has in Python',
    `import { Agent, function_tool } from '@openai/agents';\nvoid function_tool;\nexport const agent = ${build};\n`,
    { code: 'missing_export', line: 1, hint: 'Did you mean `tool`?' },
    [
      ['{ Agent, function_tool }', '{ Agent, tool }'],
      ['void function_tool', 'void tool'],
    ],
  ],
  [
    'a misspelt member of the whole SDK',
    `import * as sdk from '@openai/agents';\nexport const agent = new sdk.Agnt(${fields});\n`,
    { code: 'missing_export', line: 2, hint: 'Did you mean `Agent`?' },
    [['sdk.Agnt', 'sdk.Agent']],
  ],
  [
    'a default import of the SDK',
    `import Agent from '@openai/agents';\nexport const agent = ${build};\n`,
    {
      code: 'missing_export',
      line: 1,
      hint: "Write `import { Agent } from '@openai/agents';`.",
    },
    [["import Agent from '@openai/agents';", "import { Agent } from '@openai/agents';"]],
  ],
  [
    'a default import of the SDK by a name of the file’s own',
    `import sdk from '@openai/agents';\nexport const agent = new sdk.Agent(${fields});\n`,
    {
      code: 'missing_export',
      line: 1,
      hint: "Write `import * as sdk from '@openai/agents';`.",
    },
    [["import sdk from '@openai/agents';", "import * as sdk from '@openai/agents';"]],
  ],
  [
    'a name of the SDK that is not imported',
    `export const agent = ${build};\n`,
    {
      code: 'undefined_name',
      line: 1,
      hint: "Import it: `import { Agent } from '@openai/agents';`.",
    },
    [['export', `${imports}export`]],
  ],
  [
    'a name of Node that is not imported',
    `${imports}const text = readFileSync('agent.ts', 'utf8');\nexport const agent = new Agent({ name: 'Desk', instructions: text });\n`,
    {
      code: 'undefined_name',
      line: 2,
      hint: "Import it: `import { readFileSync } from 'node:fs';`.",
    },
    [['const text', "import { readFileSync } from 'node:fs';\nconst text"]],
  ],
  [
    'a misspelt variable',
    `${imports}const handOffs: Agent[] = [];\nexport const agent = new Agent({ name: 'Desk', handoffs: handOfs });\n`,
    { code: 'undefined_name', line: 3, hint: 'Did you mean `handOffs`?' },
    [['handOfs', 'handOffs']],
  ],
  [
    'an agent that is used above its line',
    `${imports}export const agent = new Agent({ name: 'Desk', handoffs: [other] });\nconst other = ${build};\n`,
    {
      code: 'undefined_name',
      line: 2,
      hint: 'Move the declaration of `other` above line 2.',
    },
    [
      [`const other = ${build};`, ''],
      ['export', `const other = ${build};\nexport`],
    ],
  ],
  [
    'a class that is the default export without a name',
    `${imports}export default class extends Agent { ${own} }\n`,
    {
      code: 'class_exported',
      line: 2,
      hint: 'Write `class MyAgent` in place of `export default class`, and add `export default new MyAgent();`.',
    },
    [
      ['export default class', 'class MyAgent'],
      ['$', 'export default new MyAgent();'],
    ],
  ],
  [
    'a class with a `run`, as the default export',
    `export default class Desk { run({ messages }) { return messages.length; } }\n`,
    {
      code: 'class_exported',
      line: 1,
      hint: 'Export an instance: `export const agent = new Desk();`.',
    },
    [['$', 'export const agent = new Desk();']],
  ],
  [
    'a class that wants something',
    `${imports}export class Desk extends Agent { ${own.replace(" = 'x'", '')} }\n`,
    {
      code: 'class_exported',
      line: 2,
      hint: 'Export an instance: `export const agent = new Desk(style);`, with `style` written out.',
    },
    [['$', "export const agent = new Desk('x');"]],
  ],
  [
    'a function `create` that is exported',
    `${imports}export async function create() {\n  const desk = ${build};\n  return desk;\n}\n`,
    {
      code: 'agent_not_exported',
      line: 4,
      hint: 'Export what it returns: `export default create();`.',
    },
    [['$', 'export default create();']],
  ],
  [
    'a `run` that takes the text alone',
    `class Desk { run(prompt) { return prompt; } }\nexport const agent = new Desk();\n`,
    {
      code: 'run_takes_no_messages',
      line: 2,
      hint: 'Write `run({ messages })`, and take the text of it: `const prompt = messages.at(-1)?.content;`.',
    },
    [['run(prompt) {', 'run({ messages }) { const prompt = messages.at(-1)?.content;']],
  ],
];

describe('the edit that is told makes the module serve', () => {
  test.each(rows)('for %s', async (_what, before, told, edits) => {
    const finding = await findingOf(await writeModule({ 'agent.ts': before }));
    expect(finding).toMatchObject({ severity: 'error', ...told });
    const after = edits.reduce(
      (text, [part, to]) => (part === '$' ? `${text}${to}\n` : text.replace(part, to)),
      before,
    );
    expect((await manifestOf(await writeModule({ 'agent.ts': after }))).warnings).toEqual([]);
  });

  test('for a class of CommonJS', async () => {
    const text = `const { Agent } = require('@openai/agents');\nmodule.exports = class Desk extends Agent { ${own} };\n`;
    const finding = await findingOf(await writeModule({ 'agent.cjs': text }));
    expect(finding).toMatchObject({
      code: 'class_exported',
      line: 2,
      hint: 'Write `class Desk` in place of `module.exports = class Desk`, and add `module.exports = new Desk();`.',
    });
    const after = `${text.replace('module.exports = class', 'class')}module.exports = new Desk();\n`;
    expect((await manifestOf(await writeModule({ 'agent.cjs': after }))).kind).toBe('agent');
  });
});

test('an object whose `run` takes messages is served, whatever else it can do', async () => {
  const text = `export const agent = { start() {}, stop() {}, run: async ({ messages }) => messages };\n`;
  expect((await manifestOf(await writeModule({ 'agent.ts': text }))).kind).toBe('runnable');
});

describe('a name that only a run would miss is told when the module is loaded', () => {
  const agentWith = (body: string) =>
    `${imports}export const agent = new Agent({ name: 'Desk', instructions: () => { ${body} return 'x'; } });\n`;

  test.each([
    ['readFileSync("x");', "Import it: `import { readFileSync } from 'node:fs';`."],
    ['void z.object;', "Import it: `import { z } from 'zod';`."],
    ['agnt.clone({});', 'Did you mean `agent`?'],
  ])('%s', async (body, hint) => {
    const { warnings } = await manifestOf(await writeModule({ 'agent.ts': agentWith(body) }));
    expect(warnings).toMatchObject([
      { code: 'undefined_name', severity: 'warning', line: 2, hint },
    ]);
    const [, line = ''] = /`(import [^`]+)`/.exec(hint) ?? [];
    const mended = line + agentWith(line === '' ? body.replace('agnt', 'agent') : body);
    expect((await manifestOf(await writeModule({ 'agent.ts': mended }))).warnings).toEqual([]);
  });

  test('but not what is declared anywhere around it, or given to all', async () => {
    const text = `declare const handoff: unknown;
enum tool { A = 1 }
class join { static z = 1; url() { return arguments.length + this.path; } get path() { return new.target; } }
type Z = z.infer<typeof agent>;
${agentWith(`for (const fs of []) { label: for (const os of [fs]) { if (os) break label; } }
try { void [handoff, tool.A, join, process.env.A, undefined, { z: 1 }.z]; } catch (util) { throw util; }
const { url, ...run } = { url: 1, tool: 2 } as Record<string, unknown>;
(function crypto(path = 1) { return path || crypto; })(); void [url, run];`)}`;
    const { warnings } = await manifestOf(await writeModule({ 'agent.ts': text }));
    expect(warnings).toEqual([]);
  });
});
