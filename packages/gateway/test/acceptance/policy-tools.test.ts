import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { call } from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { type Parrot, startParrot } from './parrot.ts';
import { followSteps, type Steps, saying } from './tool-script.ts';
import { until } from './until.ts';

const typeScript = `
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, tool, webSearchTool } from '@openai/agents';
import OpenAI from 'openai';
import { z } from 'zod';

const onFile = (name: string, execute: (input: { file: string }) => unknown) =>
  tool({ name, description: name, parameters: z.object({ file: z.string() }), execute });

const disk = {
  name: 'disk',
  cacheToolsList: false,
  connect: async () => undefined,
  close: async () => undefined,
  invalidateToolsCache: async () => undefined,
  listTools: async () => [
    {
      name: 'disk_wipe',
      inputSchema: { type: 'object', properties: {}, required: [], additionalProperties: false },
    },
  ],
  callTool: async () => [{ type: 'text', text: 'wiped' }],
};
const clerk = new Agent({ name: 'clerk', tools: [onFile('shred', () => 'shredded')] });
const expert = new Agent({ name: 'expert', tools: [onFile('burn', () => 'burnt')] });

export const agent = new Agent({
  name: 'desk',
  tools: [
    onFile('erase', ({ file }) => 'erased ' + file),
    onFile('hold', async ({ file }) => {
      while (!existsSync(file)) await sleep(20);
      return 'held';
    }),
    onFile('bypass', async () => {
      const tools = [{ type: 'web_search_preview' }, { type: 'image_generation' }] as any[];
      const { output_text } = await new OpenAI().responses.create({ model: 'm', input: 'draw', tools });
      return output_text;
    }),
    expert.asTool({ toolName: 'expert', toolDescription: 'Knows.' }),
    webSearchTool(),
  ],
  mcpServers: [disk],
  handoffs: [clerk],
});
`;

const python = `
import asyncio, os
from agents import Agent, WebSearchTool, function_tool
from agents.mcp import MCPServer
from openai import AsyncOpenAI
from mcp.types import CallToolResult, TextContent, Tool


class Disk(MCPServer):
    name = "disk"

    async def connect(self): ...
    async def cleanup(self): ...
    async def list_prompts(self): ...
    async def get_prompt(self, name, arguments=None): ...

    async def list_tools(self, *args, **kwargs):
        return [Tool(name="disk_wipe", inputSchema={"type": "object", "properties": {}})]

    async def call_tool(self, *args, **kwargs):
        return CallToolResult(content=[TextContent(type="text", text="wiped")])


@function_tool
def erase(file: str) -> str:
    return f"erased {file}"

@function_tool
def shred(file: str) -> str:
    return "shredded"

@function_tool
def burn(file: str) -> str:
    return "burnt"

@function_tool
async def bypass(file: str) -> str:
    tools = [{"type": "web_search_preview"}, {"type": "image_generation"}]
    answer = await AsyncOpenAI().responses.create(model="m", input="draw", tools=tools)
    return answer.output_text

@function_tool
async def hold(file: str) -> str:
    while not os.path.exists(file):
        await asyncio.sleep(0.02)
    return "held"

clerk = Agent(name="clerk", tools=[shred])
expert = Agent(name="expert", tools=[burn])
agent = Agent(
    name="desk",
    tools=[erase, hold, bypass, expert.as_tool("expert", "Knows."), WebSearchTool()],
    mcp_servers=[Disk()],
    handoffs=[clerk],
)
`;

const settings = `
worker: { spares: 0 }
security:
  rules:
    - { id: no-shredding, effect: deny, action: call_tool, principals: ["*"], resources: [shred, burn] }
    - { id: no-wiping, effect: deny, action: call_tool, principals: ["*"], resources: ["disk_*"] }
    - { id: no-search, effect: deny, action: call_tool, principals: ["*"], resources: ["web_search*"] }
    - { id: no-secrets, effect: deny, action: call_tool, principals: ["*"], resources: [erase],
        when: 'args.file.startsWith("secret")' }
`;

type Decision = {
  readonly action: string;
  readonly effect: string;
  readonly resource: string;
  readonly rule_id: string;
  readonly key_id: string;
  readonly agent_id: string;
  readonly module_path: string;
  readonly request_id: string;
};

const missing = await missingPython();
const languages = [
  ['TypeScript', 'default/desk', 'src/agents/Desk/agent.ts'],
  ...(missing ? [] : [['Python', 'default/snake', 'src/agents/Snake/agent.py']]),
] as [string, string, string][];

let parrot: Parrot;
let gateway: TestGateway;

beforeAll(async () => {
  parrot = await startParrot(followSteps);
  gateway = await startGateway({
    files: {
      'gateway.yaml': settings,
      'src/agents/Desk/agent.ts': typeScript,
      ...(missing ? {} : { 'src/agents/Snake/agent.py': python }),
    },
    env: {
      OPENAI_API_KEY: 'sk-parrot',
      OPENAI_BASE_URL: parrot.baseUrl,
      GATEWAY_UPSTREAM_API: 'responses',
      ...(missing ? {} : { GATEWAY_PYTHON: pythonWithSdk() }),
    },
  });
});
afterAll(async () => {
  await gateway?.stop();
  parrot?.stop();
});

/** Runs the steps; gives what the model was told of each, and what was decided in that request, oldest first. */
async function run(model: string, ...steps: Steps) {
  const reply = await call(gateway, gateway.key, { model, content: saying(...steps) });
  expect(reply).toMatchObject({ status: 200, error: null });
  const requestId = reply.headers.get('x-request-id') ?? '';
  const told = reply.content.split(' | ');
  return { told, decided: () => decisionsOf(requestId) };
}

async function decisionsOf(requestId: string): Promise<Decision[]> {
  const response = await gateway.fetch(`/security/decisions?request_id=${requestId}&limit=100`);
  const { decisions } = (await response.json()) as { decisions: Decision[] };
  return decisions.toReversed();
}

/** The decisions of a request on tools, as `deny erase no-secrets`, once there are so many. */
async function onTools(decided: () => Promise<Decision[]>, count: number): Promise<string[]> {
  const all = await until(`${count} decisions on tools`, async () => {
    const some = (await decided()).filter(({ action }) => action === 'call_tool');
    return some.length >= count && some;
  });
  return all.map(({ effect, resource, rule_id }) => `${effect} ${resource} ${rule_id}`);
}

const denied = (tool: string) => `The tool ${tool} may not be called here.`;
const byDefault = 'agents-call-their-tools';

describe.each(languages)('an agent in %s', (_language, model, modulePath) => {
  test('calls its tools but for those that rules deny, by their arguments too', async () => {
    const { told, decided } = await run(
      model,
      ['erase', { file: 'notes' }],
      ['erase', { file: 'secrets' }],
      ['disk_wipe', {}],
    );
    expect(told).toEqual(['erased notes', denied('erase'), denied('disk_wipe')]);
    expect(await onTools(decided, 4)).toEqual([
      'deny web_search no-search',
      `allow erase ${byDefault}`,
      'deny erase no-secrets',
      'deny disk_wipe no-wiping',
    ]);
    const [first, ...others] = await decided();
    expect(first).toMatchObject({ action: 'run_agent', effect: 'allow', resource: model });
    for (const decision of others) {
      expect(decision).toMatchObject({
        agent_id: model,
        module_path: modulePath,
        key_id: first?.key_id,
      });
    }
    expect(others).toHaveLength(4);
    expect(parrot.calls().at(-1)?.tools).not.toContain('web_search');
  });

  test('gets no denied tool at the upstream through a client of its own', async () => {
    const { told, decided } = await run(model, ['bypass', { file: 'any' }]);
    expect(told).toEqual(['nothing']);
    const asked = parrot.calls().findLast(({ body }) => body.input === 'draw');
    expect(asked?.tools).toEqual(['image_generation']);
    expect(await onTools(decided, 3)).toEqual([
      'deny web_search no-search',
      `allow bypass ${byDefault}`,
      `allow image_generation ${byDefault}`,
    ]);
  });

  test('reaches no denied tool by a handoff', async () => {
    const { told, decided } = await run(
      model,
      ['transfer_to_clerk', {}],
      ['shred', { file: 'notes' }],
    );
    expect(told.at(-1)).toBe(denied('shred'));
    expect(await onTools(decided, 2)).toEqual([
      'deny web_search no-search',
      'deny shred no-shredding',
    ]);
  });

  test('reaches no denied tool by an agent that it uses as a tool', async () => {
    const { told, decided } = await run(model, [
      'expert',
      { input: saying(['burn', { file: 'notes' }]) },
    ]);
    expect(told).toEqual([denied('burn')]);
    expect(await onTools(decided, 3)).toEqual([
      'deny web_search no-search',
      `allow expert ${byDefault}`,
      'deny burn no-shredding',
    ]);
  });

  test('loses a tool within a second while it runs, and gets it back', async () => {
    const flag = join(gateway.project.root, `${model.replace('/', '-')}.flag`);
    const running = run(model, ['hold', { file: flag }], ['erase', { file: 'notes' }]);
    await until('the run to begin', () =>
      parrot.calls().some(({ body }) => JSON.stringify(body).includes(flag)),
    );
    const override = await makeOverride(model);
    await gateway.project.write({ [flag.slice(gateway.project.root.length + 1)]: '' });
    const { told, decided } = await running;
    expect(told).toEqual(['held', denied('erase')]);
    expect(await onTools(decided, 3)).toEqual([
      'deny web_search no-search',
      `allow hold ${byDefault}`,
      `deny erase ${override}`,
    ]);
    await gateway.fetch(`/security/overrides/${override}`, { method: 'DELETE' });
    const after = await run(model, ['erase', { file: 'notes' }]);
    expect(after.told).toEqual(['erased notes']);
  });
});

/** Denies `erase` to an agent for a minute. */
async function makeOverride(model: string): Promise<string> {
  const response = await gateway.fetch('/security/override', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      principal: `agent:${model}`,
      action: 'call_tool',
      resource: 'erase',
      effect: 'deny',
      ttl_seconds: 60,
      reason: 'An incident.',
    }),
  });
  expect(response.status).toBeLessThan(300);
  return ((await response.json()) as { id: string }).id;
}
