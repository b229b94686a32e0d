import { describe, expect, test } from 'vitest';
import { useLoadHost } from '../../../test/support/load-host.ts';
import { writeModule } from '../../../test/support/node-worker.ts';

const { findingOf, manifestOf } = useLoadHost();

/** Agents by their variables: `$a` builds one called A, `$a[b]` one that hands off to `b`. */
function written(text: string): string {
  const agents = text.replaceAll(
    /\$(\w+)(?:\[([^\]]*)\])?/g,
    (_match, name: string, handoffs = '') =>
      `new Agent({ name: '${name.toUpperCase()}', instructions: 'x', handoffs: [${handoffs}] })`,
  );
  return `import { Agent, run, Runner, tool } from '@openai/agents';\nvoid [Agent, run, Runner, tool];\n${agents}\n`;
}

const toolOf = (body: string) =>
  `tool({ name: 't', description: 't', parameters: { type: 'object', properties: {}, required: [], additionalProperties: false }, execute: async () => { ${body} } })`;

type Served = readonly [what: string, text: string, exportName: string, told: string | null];

const served: readonly Served[] = [
  ['the only agent', 'const desk = $desk;', 'desk', 'it is the only agent of agent.ts'],
  [
    'the one that main() runs',
    'const one = $one;\nconst two = $two;\nasync function main() {\n  await run(two, "hi");\n}\nvoid main;',
    'two',
    'agent.ts starts it in line 6',
  ],
  [
    'the one that a runner runs',
    'const one = $one;\nlet two: Agent = $two;\nexport const go = () => new Runner().run(two, "hi");',
    'two',
    'agent.ts starts it in line 5',
  ],
  [
    'the root of those that are run',
    'const b = $b;\nconst a = $a[b];\nexport const go = async () => { await run(b, "1"); await run(a, "2"); };',
    'a',
    'agent.ts starts it in line 5',
  ],
  [
    'of two that are run the one that is no tool of the other',
    'const b = $b;\nconst a = new Agent({ name: "A", instructions: "x", tools: [b.asTool({ toolName: "b", toolDescription: "b" })] });\nexport const go = async () => { await run(b, "1"); await run(a, "2"); };',
    'a',
    'agent.ts starts it in line 5',
  ],
  [
    'the root of handoffs',
    'const b = $b;\nconst c = $c;\nconst a = $a[b, c];',
    'a',
    'it leads to the other agents of agent.ts (`b`, `c`)',
  ],
  [
    'the one that has the others as tools',
    'const b = $b;\nconst a = new Agent({ name: "A", instructions: "x", tools: [b.asTool({ toolName: "b", toolDescription: "b" })] });',
    'a',
    'it leads to the other agents of agent.ts (`b`)',
  ],
  [
    'the one that makes tools of a list of agents',
    'const b = $b;\nconst c = $c;\nconst tools = [b, c].map((each) => each.asTool({ toolName: each.name, toolDescription: "x" }));\nconst a = new Agent({ name: "A", instructions: "x", tools });',
    'a',
    'it leads to the other agents of agent.ts (`b`, `c`)',
  ],
  [
    'the one that is run, not the one that a function of its guardrail asks',
    'const b = $b;\nconst ask = (text: string) => run(b, text);\nconst execute = async () => { await ask("x"); return { tripwireTriggered: false, outputInfo: {} }; };\nconst a = new Agent({ name: "A", instructions: "x", inputGuardrails: [{ name: "g", execute }] });\nexport const go = () => run(a, "x");',
    'a',
    'agent.ts starts it in line 7',
  ],
  [
    'the one whose tool runs another',
    `const b = $b;\nconst ask = ${toolOf('await run(b, "x"); return "x";')};\nconst a = new Agent({ name: "A", instructions: "x", tools: [ask] });`,
    'a',
    'it leads to the other agents of agent.ts (`b`)',
  ],
  [
    'the one whose guardrail asks another',
    'const b = $b;\nasync function check() { await run(b, "x"); return { tripwireTriggered: false, outputInfo: {} }; }\nconst a = new Agent({ name: "A", instructions: "x", inputGuardrails: [{ name: "g", execute: check }] });',
    'a',
    'it leads to the other agents of agent.ts (`b`)',
  ],
  [
    'an exported one, whatever is run',
    'export const a = $a;\nconst b = $b[a];\nexport const go = () => run(b, "x");',
    'a',
    null,
  ],
  [
    'of two exported ones the one that is run',
    'export const a = $a;\nexport const b = $b;\nexport const go = () => run(b, "x");',
    'b',
    'agent.ts starts it in line 5',
  ],
  [
    'of exported ones the one that has the others as tools',
    'export const b = $b;\nexport const a = new Agent({ name: "A", instructions: "x", tools: [b.asTool({ toolName: "b", toolDescription: "b" })] });',
    'a',
    null,
  ],
  [
    'the one that `__gateway__` names, exported or not',
    'export const a = $a;\nconst b = $b;\nvoid b;\nexport const __gateway__ = { agent: "b" };',
    'b',
    null,
  ],
  [
    'a workflow before agents under other names',
    'export const a = $a;\nexport const runWorkflow = async (workflow: { input_as_text: string }) => ({ output_text: workflow.input_as_text });',
    'runWorkflow',
    null,
  ],
  [
    'a workflow of another name that is not exported, and takes the text alone',
    'const a = $a;\nasync function runDeskWorkflow(text: string) { return run(a, text); }\nvoid runDeskWorkflow;',
    'runDeskWorkflow',
    'it has the name of what Agent Builder exports',
  ],
];

describe('what is served of a module in which nothing is exported as `agent`', () => {
  test.each(served)('%s', async (_what, text, exportName, told) => {
    const manifest = await manifestOf(await writeModule({ 'agent.ts': written(text) }));
    expect(manifest.exportName).toBe(exportName);
    const messages = manifest.warnings.map(({ code, severity, message }) => [
      code,
      severity,
      message,
    ]);
    const message = `\`${exportName}\` is served: ${told}.`;
    expect(messages).toEqual(told === null ? [] : [['agent_chosen', 'info', message]]);
  });

  test.each([
    [
      'agent.cjs',
      `const { Agent } = require('@openai/agents');\nconst desk = new Agent({ name: 'Desk', instructions: 'x' });`,
    ],
    [
      'agent.js',
      `const { Agent } = require('@openai/agents');\nconst desk = new Agent({ name: 'Desk', instructions: 'x' });\nmodule.exports = { version: 1 };`,
    ],
    [
      'agent.mjs',
      `import { Agent } from '@openai/agents';\nconst desk = new Agent({ name: 'Desk', instructions: 'x' });\n// The end`,
    ],
    [
      'agent.mts',
      `import { Agent } from '@openai/agents';\nconst desk: Agent = new Agent({ name: 'Desk', instructions: 'x' });`,
    ],
  ])('also in %s; the line that is told makes it explicit', async (file, text) => {
    const manifest = await manifestOf(await writeModule({ [file]: text }));
    expect(manifest).toMatchObject({
      exportName: 'desk',
      warnings: [{ code: 'agent_chosen', line: 2 }],
    });
    const line = editIn(manifest.warnings[0]?.hint);
    const explicit = await manifestOf(await writeModule({ [file]: `${text}\n${line}\n` }));
    expect(explicit).toMatchObject({ agents: [{ name: 'Desk' }], warnings: [] });
  });

  test('of agents of another file the one that has another as a tool', async () => {
    const one = (name: string, rest: string) =>
      `export const ${name} = new Agent({ name: '${name}', instructions: 'x', ${rest} });`;
    const manifest = await manifestOf(
      await writeModule({
        'agent.ts': `export { one, two } from './desk.ts';\n`,
        'desk.ts': `import { Agent } from '@openai/agents';\n${one('one', '')}\n${one('two', `tools: [one.asTool({ toolName: 'one', toolDescription: 'x' })]`)}\n`,
      }),
    );
    expect(manifest.exportName).toBe('two');
  });

  test('an agent of another file that this one runs', async () => {
    const manifest = await manifestOf(
      await writeModule({
        'agent.ts': `import { run } from '@openai/agents';\nimport { desk, other } from './desk.ts';\nexport const go = () => run(desk, other.name);\n`,
        'desk.ts': `import { Agent } from '@openai/agents';\nexport const desk = new Agent({ name: 'Desk', instructions: 'x' });\nexport const other = new Agent({ name: 'Other', instructions: 'x' });\n`,
      }),
    );
    expect(manifest.exportName).toBe('desk');
  });
});

/** Parts of the text and what takes their place. */
type Edit = readonly (readonly [part: string, replacement: string])[];

/** What is told, where, and a change of the text that follows the hint, `+` for the line of the hint at the end. */
type Told = readonly [
  what: string,
  text: string,
  told: { code: string; line: number; hint: string },
  edit: '+' | Edit,
  agent: string,
];

const told: readonly Told[] = [
  [
    'two agents side by side',
    'const one = $one;\nconst two = $two;\nexport default function main() {}',
    {
      code: 'several_agents',
      line: 3,
      hint: 'Name the one to serve: `export const agent = one;`.',
    },
    '+',
    'ONE',
  ],
  [
    'two that are run one after the other',
    'const one = $one;\nconst two = $two;\nexport const go = async () => {\n  await run(two, "x");\n  await run(one, "x");\n};',
    {
      code: 'several_agents',
      line: 4,
      hint: 'Name the one to serve, likely `two`, which line 6 starts: `export default two;`.',
    },
    '+',
    'TWO',
  ],
  [
    'an agent inside main() beside a helper',
    'const helper = $helper;\nvoid helper;\nasync function main() {\n  const desk = $desk;\n  await run(desk, "x");\n}\nvoid main;',
    {
      code: 'agent_not_exported',
      line: 6,
      hint: 'Build it at the top level, and export it: `export const agent = …`.',
    },
    [
      ['async function main() {\n  const desk =', 'export const agent ='],
      ['  await run(desk, "x");\n}\nvoid main;', ''],
    ],
    'DESK',
  ],
  [
    'an agent inside main() that needs its variables',
    'async function main() {\n  const style = await Promise.resolve("brief");\n  const desk = new Agent({ name: "Desk", instructions: style });\n  await run(desk, "x");\n}\nvoid main;',
    {
      code: 'agent_in_function',
      line: 5,
      hint: 'Build it in a factory that makes `style` too: `export async function buildAgent() { …; return desk; }`.',
    },
    [
      ['async function main() {', 'export async function buildAgent() {'],
      ['await run(desk, "x");', 'return desk;'],
      ['void main;', ''],
    ],
    'Desk',
  ],
  [
    'an agent inside a function that needs its parameters',
    'function make(name: string) {\n  const desk = new Agent({ name, instructions: "x" });\n  return desk;\n}\nexport const go = (name: string) => run(make(name), "x");',
    {
      code: 'agent_in_function',
      line: 4,
      hint: 'Build it in a factory: `export async function buildAgent() { …; return desk; }`. A factory is called with nothing: write `name` out.',
    },
    [
      [
        'function make(name: string) {',
        'export async function buildAgent() {\n  const name = "Desk";',
      ],
      ['run(make(name), "x")', 'name'],
    ],
    'Desk',
  ],
  [
    'an agent inside the call that runs it',
    'export const go = () => run($desk, "x");',
    {
      code: 'agent_inline',
      line: 3,
      hint: 'Give it a name at the top level, `export const agent = new Agent(…);`, and run that.',
    },
    [
      ['export const go = () => run(', 'export const agent = '],
      [', "x")', ''],
    ],
    'DESK',
  ],
  [
    'an agent that a function returns without a name',
    'function desk(style = "brief") {\n  return new Agent({ name: "Desk", instructions: style });\n}\nexport const go = (text: string) => run(desk(), text);',
    {
      code: 'agent_not_exported',
      line: 4,
      hint: 'Export what it returns: `export default desk();`.',
    },
    '+',
    'Desk',
  ],
  [
    'a record of agents',
    'export const agents = { "the desk": $desk, other: $other };',
    {
      code: 'agents_in_container',
      line: 3,
      hint: 'Export the one to serve: `export default agents["the desk"];`.',
    },
    '+',
    'DESK',
  ],
  [
    'a list of agents',
    'const agents = [$one, $two];\nfor (const each of agents) void each;',
    {
      code: 'agents_in_container',
      line: 3,
      hint: 'Export the one to serve: `export default agents[0];`.',
    },
    '+',
    'ONE',
  ],
  [
    'an object of a class that holds the agent',
    'class Service {\n  agent = $desk;\n}\nexport const service = new Service();',
    {
      code: 'agents_in_container',
      line: 6,
      hint: 'Export the one to serve: `export default service.agent;`.',
    },
    '+',
    'DESK',
  ],
  [
    'a class that builds its agent',
    'class Bot {\n  inner: Agent;\n  constructor(readonly style = "x") {\n    this.inner = $desk;\n  }\n  ask(text: string) {\n    return run(this.inner, text);\n  }\n}\nexport const go = () => new Bot().ask("x");',
    {
      code: 'class_exported',
      line: 3,
      hint: 'Export that of an instance: `export const agent = new Bot().inner;`.',
    },
    '+',
    'DESK',
  ],
  [
    'a name in `__gateway__` that is not there',
    'const triage = $triage;\nconst billing = $billing;\nvoid [triage, billing];\nexport const __gateway__ = { agent: "triag" };',
    { code: 'named_agent_missing', line: 6, hint: 'Use one of `triage`, `billing`.' },
    [['"triag"', '"triage"']],
    'TRIAGE',
  ],
];

describe('what is told of a module that cannot be served, with the edit that makes it serve', () => {
  test.each(told)('%s', async (_what, text, expected, edit, agent) => {
    const before = written(text);
    const finding = await findingOf(await writeModule({ 'agent.ts': before }));
    expect(finding).toMatchObject({ stage: 'export', severity: 'error', ...expected });
    const edits = edit === '+' ? [[/$/, editIn(finding.hint)] as const] : edit;
    const after = edits.reduce((all, [part, text]) => all.replace(part, text), before);
    expect(after).not.toBe(before);
    const { agents } = await manifestOf(await writeModule({ 'agent.ts': after }));
    expect(agents[0]?.name).toBe(agent);
  });

  test.each([
    [
      'another field',
      'export async function runWorkflow(workflow: { input_as_text: string; user_id: string }) {}',
      'needs `user_id`, but',
      ['user_id:', 'user_id?:'],
    ],
    [
      'another argument',
      'async function runWorkflow({ input_as_text }: { input_as_text: string }, userId: string) {}\nvoid runWorkflow;',
      'needs `userId`, but',
      ['userId: string', 'userId?: string'],
    ],
  ] as const)('a workflow that needs %s', async (_what, text, message, [part, replacement]) => {
    const finding = await findingOf(await writeModule({ 'agent.ts': written(text) }));
    expect(finding).toMatchObject({ code: 'workflow_needs_arguments', line: 3 });
    expect(finding.message).toContain(message);
    const edited = written(text.replace(part, replacement));
    expect((await manifestOf(await writeModule({ 'agent.ts': edited }))).kind).toBe('workflow');
  });

  test.each([
    [
      'a server of MCP',
      '{ run(transport: unknown) {}, listTools() {}, callTool() {} }',
      'run(transport)',
    ],
    ['a web server', '{ run() {}, listen() {}, close() {} }', 'run()'],
    ['a command', '{ async run(args: string[]) { return args; } }', 'run(args)'],
    ['a step with two inputs', '{ run: (a: string, b: string) => a + b }', 'run(a, b)'],
    ['a query', '{ run(query: string) { return query; } }', 'run(query)'],
  ])('an object with a `run` that takes no messages: %s', async (_what, value, shown) => {
    const finding = await findingOf(
      await writeModule({ 'agent.ts': `export const app = ${value};\n` }),
    );
    expect(finding).toMatchObject({ code: 'run_takes_no_messages', line: 1 });
    expect(finding.message).toContain(
      `\`app\` has a \`run\`, but none that takes messages: \`${shown}\`.`,
    );
  });

  test('an object of a class, which is not told again to be a class', async () => {
    const text = `export class Desk {}\nexport const agent = new Desk();\n`;
    const finding = await findingOf(await writeModule({ 'agent.ts': text }));
    expect(finding).toMatchObject({ code: 'wrong_export_kind', line: 2 });
    expect(finding.message).toContain('`agent` is an instance of `Desk`, which is no agent');
    const edited = text.replace('{}', '{ run({ messages }) { return messages.length; } }');
    expect((await manifestOf(await writeModule({ 'agent.ts': edited }))).kind).toBe('runnable');
  });

  test('an agent for voice sessions, before anything is said of exporting it', async () => {
    const text = `import { RealtimeAgent } from '@openai/agents/realtime';\nconst voice = new RealtimeAgent({ name: 'Voice' });\nvoid voice;\n`;
    const finding = await findingOf(await writeModule({ 'agent.ts': text }));
    expect(finding).toMatchObject({ code: 'realtime_agent', line: 2 });
    const inner = text.replace('const voice = ', 'throw new Error();\nconst voice = ');
    expect(await findingOf(await writeModule({ 'agent.ts': inner }))).toMatchObject({
      code: 'realtime_agent',
      line: 3,
    });
  });

  test('an agent inside main(), not the one that its guardrail asks', async () => {
    const text = written(
      'async function main() {\n  const style = "x";\n  const judge = new Agent({ name: "Judge", instructions: style });\n  const check = async () => run(judge, "x");\n  const desk = new Agent({ name: "Desk", instructions: style });\n  await check();\n  await run(desk, "x");\n}\nvoid main;',
    );
    const finding = await findingOf(await writeModule({ 'agent.ts': text }));
    expect(finding).toMatchObject({ code: 'agent_in_function', line: 7 });
  });

  test('an agent for a sandbox inside main(), before anything is said of where to build it', async () => {
    const text = `import { Agent, run } from '@openai/agents';\nimport { SandboxAgent } from '@openai/agents/sandbox';\nexport async function main() {\n  const coder = new SandboxAgent({ name: 'Coder' });\n  await run(coder, 'x');\n}\n`;
    const finding = await findingOf(await writeModule({ 'agent.ts': text }));
    expect(finding).toMatchObject({ code: 'sandbox_client_missing', line: 4 });
    const led = text
      .replace('  await', "  const desk = new Agent({ name: 'Desk', handoffs: [coder] });\n  await")
      .replace('run(coder', 'run(desk');
    const other = await findingOf(await writeModule({ 'agent.ts': led }));
    expect(other).toMatchObject({ code: 'sandbox_client_missing', line: 5 });
  });
});

/** The line of code in a hint. */
function editIn(hint: string | undefined): string {
  return [...(hint ?? '').matchAll(/`([^`]+;)`/g)].at(-1)?.[1] ?? '';
}
