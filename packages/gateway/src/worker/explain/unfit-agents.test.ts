import { describe, expect, test } from 'vitest';
import { useLoadHost } from '../../../test/support/load-host.ts';
import { writeModule } from '../../../test/support/node-worker.ts';

const { findingOf, manifestOf } = useLoadHost();

const head = `import { Agent, run, tool } from '@openai/agents';
const made = (name: string) => tool({ name, description: 'x', strict: false, parameters: { type: 'object', properties: {}, required: [], additionalProperties: true }, execute: () => '' });
function lookUp() { return ''; }
void [run, made, lookUp];
`;

const deskWith = (tools: string) =>
  `${head}export const agent = new Agent({\n  name: 'Desk',\n  instructions: 'x',\n  tools: [${tools}],\n});\n`;

/** Tools that cannot be, what is told, and what takes their place to make the agent serve. */
const badTools = [
  [
    'nothing',
    'undefined as never',
    'bad_tool',
    'Tool 1 of agent "Desk" is undefined, not a tool.',
    'made("a")',
  ],
  [
    'a plain function',
    'made("a"), lookUp as never',
    'bad_tool',
    'Tool 2 of agent "Desk" is the function `lookUp`, not a tool.',
    `tool({ name: 'look_up', description: 'x', strict: false, parameters: { type: 'object', properties: {}, required: [], additionalProperties: true }, execute: lookUp })`,
  ],
  [
    'an agent',
    `new Agent({ name: 'Other', instructions: 'x' }) as never`,
    'bad_tool',
    'Tool 1 of agent "Desk" is the agent "Other", not a tool.',
    `new Agent({ name: 'Other', instructions: 'x' }).asTool({ toolName: 'other', toolDescription: 'x' })`,
  ],
] as const;

/** Fields that no run can use, what is told, and what takes their place to make the agent serve. */
const badParts = [
  [
    'handoffs: [made]',
    'bad_handoff',
    'Entry 1 of `handoffs` of agent "Desk" is the function `made`, not an agent.',
    'handoffs: []',
  ],
  [
    'handoffs: [undefined]',
    'bad_handoff',
    'An entry of `handoffs` is `undefined`, not an agent.',
    'handoffs: []',
  ],
  ['handoffs: other', 'bad_handoff', '`handoffs` of an agent is no list.', 'handoffs: [other]'],
  [
    'tools: made("a")',
    'bad_tool',
    'src/agents/Written/agent.ts has nothing to serve. `tools` of `agent` is no list. It exports `agent` (an object).',
    'tools: [made("a")]',
  ],
  [
    'tools: [{ name: "a", execute: lookUp }]',
    'bad_tool',
    'Tool 1 of agent "Desk" is an object ("a"), not a tool.',
    'tools: [made("a")]',
  ],
  [
    'inputGuardrails: [lookUp]',
    'bad_guardrail',
    'Entry 1 of `inputGuardrails` of agent "Desk" is the function `lookUp`, not a guardrail.',
    'inputGuardrails: [{ name: "g", execute: lookUp }]',
  ],
  [
    'outputGuardrails: [undefined]',
    'bad_guardrail',
    'Entry 1 of `outputGuardrails` of agent "Desk" is undefined, not a guardrail.',
    'outputGuardrails: []',
  ],
  [
    'mcpServers: ["http://x"]',
    'bad_mcp_server',
    'Entry 1 of `mcpServers` of agent "Desk" is a text, not a server of tools.',
    'mcpServers: []',
  ],
  [
    'model: { name: "x" }',
    'bad_model',
    '`model` of agent "Desk" is an object, not a name of a model.',
    'model: "x"',
  ],
  [
    'instructions: ["x"]',
    'bad_instructions',
    '`instructions` of agent "Desk" is a list, not a text.',
    'instructions: "x"',
  ],
  [
    'outputType: { a: "string" }',
    'bad_output_type',
    '`outputType` of agent "Desk" is an object, not a schema.',
    'outputType: z.object({ a: z.string() })',
  ],
  [
    'outputType: z.string()',
    'bad_output_type',
    '`outputType` of an agent is no schema of an object.',
    'outputType: z.object({ a: z.string() })',
  ],
  [
    'modelSettings: { toolChoice: "b" }, tools: [made("a")]',
    'bad_tool_choice',
    '`toolChoice` of agent "Desk" is "b", but its tools are `a`.',
    'modelSettings: { toolChoice: "a" }, tools: [made("a")]',
  ],
] as const;

test('two tools of one name are a warning: the last alone is offered', async () => {
  const load = await writeModule({ 'agent.ts': deskWith('made("a"), made("a")') });
  expect((await manifestOf(load)).warnings).toMatchObject([
    {
      stage: 'load',
      code: 'duplicate_tool',
      severity: 'warning',
      message: 'Agent "Desk" has two tools called `a`, of which the last alone is offered.',
      line: 8,
    },
  ]);
});

describe('a tool that may need approval', () => {
  const text = `${head}const wipe = tool({ name: 'wipe', description: 'x', parameters: { type: 'object', properties: {}, required: [], additionalProperties: false }, needsApproval: true, execute: () => 'x' });
const other = new Agent({ name: 'Other', instructions: 'x', tools: [wipe] });
const agent = new Agent({ name: 'Desk', instructions: 'x', tools: [other.asTool({ toolName: 'other', toolDescription: 'x' })] });
`;

  test('is nothing to warn of in an agent, also one that is a tool: its run waits', async () => {
    const module = await writeModule({ 'agent.ts': `${text}export { agent };` });
    expect((await manifestOf(module)).warnings).toEqual([]);
  });

  test.each([
    [
      'workflow',
      `export const runWorkflow = async () => ({ output_text: String((await run(agent, 'x')).finalOutput) });`,
    ],
    [
      'plain object',
      `export default { run: async ({ messages }: { messages: object[] }) => String((await run(agent, JSON.stringify(messages))).finalOutput) };`,
    ],
  ])('is a warning in a %s, with which nobody can go on', async (_, served) => {
    const module = await writeModule({ 'agent.ts': `${text}${served}\n` });
    expect((await manifestOf(module)).warnings).toMatchObject([
      {
        code: 'approval_not_served',
        severity: 'warning',
        line: 5,
        message:
          '`wipe` of agent "Other" may need approval. What is served is no agent, whose run could wait for it: a run that calls it ends with `approval_required`.',
        hint: expect.stringContaining('Export the agent itself'),
      },
    ]);
  });
});

test('a prompt that OpenAI keeps for a while only is a warning, also of an agent that is handed off to', async () => {
  const text = `${head}const other = new Agent({
  name: 'Other',
  prompt: { promptId: 'pmpt_42', version: '2' },
});
export const agent = new Agent({ name: 'Desk', instructions: 'A prompt.', handoffs: [other] });
`;
  expect((await manifestOf(await writeModule({ 'agent.ts': text }))).warnings).toMatchObject([
    {
      stage: 'load',
      code: 'stored_prompt_ends',
      severity: 'warning',
      line: 7,
      message:
        'Agent "Other" uses the stored prompt "pmpt_42", and OpenAI serves stored prompts until 2026-11-30 only.',
      hint: 'Put the text of the prompt into `instructions` and remove `prompt`.',
    },
  ]);
});

test('a model that only the runner of the file itself has is a warning', async () => {
  const text = `${head}import { Runner } from '@openai/agents';
export const agent = new Agent({ name: 'Desk', instructions: 'x' });
export const runner = new Runner({ tracingDisabled: true, modelProvider: undefined as never });
`;
  expect((await manifestOf(await writeModule({ 'agent.ts': text }))).warnings).toMatchObject([
    {
      code: 'run_model_not_used',
      severity: 'warning',
      line: 7,
      message:
        "The file's own `Runner` has a `modelProvider`, which runs of the gateway do not get: they go by the agent's `model`.",
    },
  ]);
});

describe('an agent of which every run would fail is refused when it is loaded', () => {
  test.each(badTools)('for tools that are %s', async (_what, tools, code, message, better) => {
    const finding = await findingOf(await writeModule({ 'agent.ts': deskWith(tools) }));
    expect(finding).toMatchObject({ stage: 'load', severity: 'error', code, message, line: 8 });
    const { agents } = await manifestOf(await writeModule({ 'agent.ts': deskWith(better) }));
    expect(agents[0]?.name).toBe('Desk');
  });

  test.each(badParts)('for %s', async (part, code, message, better) => {
    const text = (parts: string) =>
      `${head}import { z } from 'zod';\nconst other = new Agent({ name: 'Other' });\nvoid [other, z];\nexport const agent = new Agent({\n  name: 'Desk',\n  ${parts},\n});\n`;
    const finding = await findingOf(await writeModule({ 'agent.ts': text(part) }));
    expect(finding).toMatchObject({ severity: 'error', code, message });
    expect(finding.line).toBeGreaterThan(7);
    const { agents } = await manifestOf(await writeModule({ 'agent.ts': text(better) }));
    expect(agents[0]?.name).toBe('Desk');
  });

  test('for the tools of an agent that it has as a tool', async () => {
    const text = `${head}const other = new Agent({ name: 'Other', instructions: 'x', tools: [undefined as never] });\nexport const agent = new Agent({ name: 'Desk', instructions: 'x', tools: [other.asTool({ toolName: 'other', toolDescription: 'x' })] });\n`;
    const message = 'Tool 1 of agent "Other" is undefined, not a tool.';
    expect(await findingOf(await writeModule({ 'agent.ts': text }))).toMatchObject({
      message,
      line: 5,
    });
  });

  test('for a sandbox that it is not given, also where nothing else of the SDK is imported', async () => {
    const text = `import { SandboxAgent } from '@openai/agents/sandbox';\nexport const coder = new SandboxAgent({ name: 'Coder', instructions: 'x' });\n`;
    const finding = await findingOf(await writeModule({ 'agent.ts': text }));
    expect(finding).toMatchObject({
      stage: 'load',
      code: 'sandbox_client_missing',
      line: 2,
      message: '"Coder" is a SandboxAgent, and a run of the gateway gives it no sandbox client.',
    });
    const edit = /`([^`]+)`/.exec(finding.hint ?? '')?.[1] ?? '';
    const edited = `import { run } from '@openai/agents';\nconst client = undefined as never;\n${text}${edit}\n`;
    const manifest = await manifestOf(await writeModule({ 'agent.ts': edited }));
    expect(manifest).toMatchObject({ kind: 'workflow', exportName: 'runWorkflow' });
  });
});

describe('a context that the file gives its own runs', () => {
  const text = `${head}const agent = new Agent<{ name: string }>({ name: 'Desk', instructions: ({ context }) => context.name });
export const go = () => run(agent, 'x', { context: { name: 'Ada' } });
`;

  test('is told where a request does not bring it', async () => {
    const { warnings } = await manifestOf(await writeModule({ 'agent.ts': text }));
    expect(warnings.map(({ code }) => code)).toEqual(['agent_chosen', 'context_not_given']);
    expect(warnings[1]).toMatchObject({ stage: 'metadata', severity: 'warning', line: 6 });
  });

  test.each([
    ['instructions', 'instructions: (given) => given.context.name', 'name'],
    [
      'a tool',
      "tools: [{ ...made('a'), execute: (_, given) => given?.context.user.name + given.context.plan }]",
      'plan',
    ],
    ['a function by its name', 'instructions: greet', 'name'],
  ])('is told where %s read what no request brings', async (_what, field, name) => {
    const greet = 'const greet = ({ context }) => context.name;';
    const load = await writeModule({
      'agent.ts': `${head}${greet}\nvoid greet;\nexport const agent = new Agent({\n  name: 'Desk',\n  ${field} });\n`,
    });
    expect((await manifestOf(load)).warnings).toMatchObject([
      {
        code: 'context_not_given',
        line: field.includes('greet') ? 5 : 9,
        hint: `Make it of the request: \`export const __gateway__ = { context: (request) => ({ ${name}: … }) };\`.`,
      },
    ]);
  });

  test.each([
    'given.context.key.name',
    'given.context.name ?? given.context.plan ?? 1',
    '(given.context.count = 1)',
    'given.usage.requests',
  ])('is not told where a run reads %s', async (read) => {
    const load = await writeModule({
      'agent.ts': `${head}export const agent = new Agent({ name: 'Desk', instructions: (given) => String(${read}) });\n`,
    });
    expect((await manifestOf(load)).warnings).toEqual([]);
  });

  test('is not told where `__gateway__.context` makes one', async () => {
    const made = `export const __gateway__ = { context: (request) => ({ name: request.key.name }) };\n`;
    const { warnings } = await manifestOf(await writeModule({ 'agent.ts': text + made }));
    expect(warnings.map(({ code }) => code)).toEqual(['agent_chosen']);
  });

  test('is told where `__gateway__.context` is a value', async () => {
    const made = `export const __gateway__ = { context: { name: 'Ada' } };\n`;
    const { warnings } = await manifestOf(await writeModule({ 'agent.ts': text + made }));
    expect(warnings[1]).toMatchObject({
      code: 'bad_metadata',
      line: 7,
      message: '`__gateway__.context` is no class or function, so it is ignored.',
    });
  });
});
