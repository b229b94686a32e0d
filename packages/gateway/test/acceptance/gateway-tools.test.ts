import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hangTimeoutMs } from '../support/hang-limit.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { call, diagnosticsOf, logOf } from './call.ts';
import { blocks, guide } from './guide.ts';
import { packageRoot, startGateway, type TestGateway } from './harness.ts';
import { type Parrot, startParrot } from './parrot.ts';
import { followSteps, type Steps, saying } from './tool-script.ts';
import { until } from './until.ts';

const typeScript = `
import { Agent, hostedMcpTool, tool } from '@openai/agents';
import { gatewayTool } from 'dropgate/agent';
import { z } from 'zod';

const add = tool({ name: 'add', description: 'Adds.', parameters: z.object({ a: z.number() }), execute: ({ a }) => String(a + 1) });
const clash = tool({ name: 'clash', description: 'Wins.', parameters: z.object({}), execute: () => 'mine' });
const slow = tool({ name: 'slow', description: 'Waits.', parameters: z.object({}), timeoutMs: 50, execute: () => new Promise(() => {}) });
const clerk = new Agent({ name: 'clerk', tools: [gatewayTool('weather')] });
const expert = new Agent({ name: 'expert', tools: [gatewayTool('weather', { noCache: true })] });

const remote = new Agent({ name: 'remote', tools: [hostedMcpTool({ serverLabel: 'docs', serverUrl: 'https://mcp.example.com/sse' })] });

export const __gateway__ = { tools: ['fetch_doc', 'wether', 'clash'] };
export const agent = new Agent({
  name: 'desk',
  tools: [add, clash, slow, gatewayTool('weather'), gatewayTool('fake_say'), expert.asTool({ toolName: 'expert', toolDescription: 'Knows.' })],
  handoffs: [clerk, remote],
});
`;

const python = `
import asyncio

from agents import Agent, HostedMCPTool, function_tool
from dropgate import gateway_tool
from sdk_adapter.gateway_tools import use_gateway_tool


@function_tool
def add(a: int) -> str:
    return str(a + 1)


@function_tool
def clash() -> str:
    return "mine"


@function_tool(timeout=0.05)
async def slow() -> str:
    await asyncio.sleep(60)
    return "late"


clerk = Agent(name="clerk", tools=[use_gateway_tool("weather")])
expert = Agent(name="expert", tools=[gateway_tool("weather", no_cache=True)])
remote = Agent(
    name="remote",
    tools=[
        HostedMCPTool(
            tool_config={
                "type": "mcp",
                "server_label": "docs",
                "server_url": "https://mcp.example.com/sse",
                "require_approval": "never",
            }
        )
    ],
)
__gateway__ = {"tools": ["fetch_doc", "wether", "clash"]}
agent = Agent(
    name="desk",
    tools=[add, clash, slow, gateway_tool("weather"), gateway_tool("fake_say"), expert.as_tool("expert", "Knows.")],
    handoffs=[clerk, remote],
)
`;

const slowToLoad = `
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent } from '@openai/agents';

console.log('late is loading');
while (!existsSync('go')) await pause(20);
export const __gateway__ = { tools: ['wether'] };
export const agent = new Agent({ name: 'late' });
`;

const builderInTypeScript = `
import { Agent, Runner } from '@openai/agents';

const plain = new Agent({ name: 'plain', instructions: 'Help.' });

type WorkflowInput = { input_as_text: string };

export const runWorkflow = async (workflow: WorkflowInput) => {
  const runner = new Runner();
  const input = [{ role: 'user' as const, content: [{ type: 'input_text' as const, text: workflow.input_as_text }] }];
  const result = await runner.run(plain, input);
  return { output_text: result.finalOutput ?? '' };
};
`;

const builderInPython = `
from agents import Agent, Runner
from pydantic import BaseModel

plain = Agent(name="plain", instructions="Help.")


class WorkflowInput(BaseModel):
    input_as_text: str


async def run_workflow(workflow_input: WorkflowInput):
    workflow = workflow_input.model_dump()
    history = [{"role": "user", "content": [{"type": "input_text", "text": workflow["input_as_text"]}]}]
    result = await Runner.run(plain, input=history)
    return {"output_text": result.final_output_as(str)}
`;

const fakeServer = join(packageRoot, 'test/fixtures/mcp/server.mjs');

let asked = 0;
const server = createServer((request, response) => {
  asked += 1;
  const key = request.headers.authorization;
  response.end(request.url === '/w/Long' ? 'é'.repeat(300_000) : `${request.url} with ${key}`);
});

const settings = (port: number, more = '') => `
worker: { spares: 0, load_timeout_ms: ${hangTimeoutMs} }
tools:
  weather:
    kind: http
    url: http://127.0.0.1:${port}/w/{city}
    headers: { authorization: { env: WEATHER_KEY } }
    allow_addresses: [127.0.0.1]
    max_result_bytes: 1000000
    cache: { ttl_seconds: 60 }
    parameters: { type: object, properties: { city: { type: string } }, required: [city] }
  clash: { kind: fetch_doc }
  fake: { kind: mcp, command: [${process.execPath}, ${fakeServer}], include: [say] }
${more}
security:
  namespaces: { labs: { offer_tools: ["fake_*"] } }
  rules:
    - { id: no-rome, effect: deny, action: call_tool, principals: ["*"], resources: [weather], when: 'args.city == "Rome"' }
    - { id: ask-first, effect: require_approval, action: call_tool, principals: ["*"], resources: ["mcp:*"] }
`;

const page = guide('Tools.md');
const missing = await missingPython();
const pythonFiles = {
  'src/agents/Snake/agent.py': python,
  'src/agents/labs/Snake/agent.py': builderInPython,
  'src/agents/ReaderOfSnake/agent.py': blocks(page, 'python')[0] ?? '',
};
type ToolList = { readonly tools: readonly { readonly name: string }[] };

const languages = [
  ['TypeScript', 'default/desk'],
  ...(missing ? [] : [['Python', 'default/snake']]),
] as [string, string][];

let parrot: Parrot;
let gateway: TestGateway;
let port = 0;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  parrot = await startParrot(followSteps);
  gateway = await startGateway({
    files: {
      'gateway.yaml': settings(port),
      'docs/guide.md': '# The guide',
      'src/agents/Desk/agent.ts': typeScript,
      'src/agents/labs/Desk/agent.ts': builderInTypeScript,
      'src/agents/ReaderOfDesk/agent.ts': blocks(page, 'ts')[0] ?? '',
      ...(missing ? {} : pythonFiles),
    },
    env: {
      OPENAI_API_KEY: 'sk-parrot',
      OPENAI_BASE_URL: parrot.baseUrl,
      GATEWAY_UPSTREAM_API: 'responses',
      WEATHER_KEY: 'weather-secret',
      ...(missing ? {} : { GATEWAY_PYTHON: pythonWithSdk() }),
    },
  });
});
afterAll(async () => {
  await gateway?.stop();
  parrot?.stop();
  server.close();
});

async function told(model: string, ...steps: Steps): Promise<string[]> {
  const reply = await call(gateway, gateway.key, { model, content: saying(...steps) });
  expect(reply).toMatchObject({ status: 200, error: null });
  return reply.content.split(' | ');
}

describe.each(languages)('an agent in %s', (_language, model) => {
  test('reads a document as the guide says', async () => {
    const reader = model.replace('default/', 'default/readerof');
    expect(await told(reader, ['fetch_doc', { source: 'guide.md' }])).toEqual([
      'Title: The guide\nSource: guide.md\n\n# The guide',
    ]);
    expect(await diagnosticsOf(gateway, reader)).toEqual([]);
  });

  test('uses its own tools and the gateway’s in one run, under the same rules', async () => {
    const all = await told(
      model,
      ['add', { a: 1 }],
      ['fetch_doc', { source: 'guide.md' }],
      ['weather', { city: model }],
      ['weather', { city: 'Rome' }],
      ['weather', { town: 'Paris' }],
      ['fake_say', { text: 'Hi' }],
    );
    expect(all).toEqual([
      '2',
      'Title: The guide\nSource: guide.md\n\n# The guide',
      `/w/${encodeURIComponent(model)} with [secret]`,
      'The tool weather may not be called here.',
      "The arguments must have required property 'city'. Send an object with: city (string, required).",
      expect.stringMatching(/^Hi, says\n\n\d+$/),
    ]);
    const before = asked;
    await told(model, ['weather', { city: model }]);
    expect(asked).toBe(before);
  });

  test('has its own tool where the gateway’s has the same name, and is told so', async () => {
    expect(await told(model, ['clash', {}])).toEqual(['mine']);
    expect(await diagnosticsOf(gateway, model)).toContainEqual(
      expect.objectContaining({
        code: 'gateway_tool_hidden',
        message:
          'Agent "desk" has a tool of its own called "clash", which is used in place of the gateway\'s.',
      }),
    );
  });

  test('reaches gateway tools by a handoff and by an agent that it uses as a tool, which takes no kept result', async () => {
    const city = `Far-${model.length}`;
    const there = `/w/${city} with [secret]`;
    const before = asked;
    const ask = ['expert', { input: saying(['weather', { city }]) }] as const;
    expect(await told(model, ask, ask)).toEqual([there, there]);
    expect(asked).toBe(before + 2);
    const clerks = await told(model, ['transfer_to_clerk', {}], ['weather', { city }]);
    expect(clerks.at(-1)).toBe(there);
  });

  test('has the tools that its namespace is offered, as an export of Agent Builder too', async () => {
    const plain = model.replace('default/', 'labs/');
    const [text] = await told(plain, ['fake_say', { text: 'Hi' }]);
    expect(text).toMatch(/^Hi, says/);
    expect(parrot.calls().at(-1)?.tools).toEqual(['fake_say']);
  });

  test('has a tool of its own that takes too long told as such, and the sizes of others', async () => {
    await told(model, ['slow', {}], ['add', { a: 41 }]);
    const lines = await until('both lines', () => {
      const found = logOf(gateway, model).filter((line) => / tool=(slow|add) /.test(line));
      return found.at(-1)?.includes('tool=add') && found.slice(-2);
    });
    expect(lines[0]).toContain('tool timeout');
    expect(lines[1]).toMatch(/argument_bytes=8 result_bytes=2\b/);
  });

  test('has a server at the upstream ask before each call, where a person has to approve it', async () => {
    const content = saying(['transfer_to_remote', {}]);
    await call(gateway, gateway.key, { model, content });
    const tools = parrot.calls().at(-1)?.body.tools;
    expect(tools).toEqual([
      expect.objectContaining({ type: 'mcp', server_label: 'docs', require_approval: 'always' }),
    ]);
  });

  test('gets a long result whole', async () => {
    const [text] = await told(model, ['weather', { city: 'Long' }]);
    expect(text).toBe('é'.repeat(300_000));
  });

  test('is told of a gateway tool that there is not, with the nearest name', async () => {
    const source = model === 'default/desk' ? typeScript : python;
    const errors = await diagnosticsOf(gateway, model);
    expect(errors).toContainEqual(
      expect.objectContaining({
        code: 'unknown_gateway_tool',
        line: source.slice(0, source.indexOf('wether')).split('\n').length,
        message:
          'There is no gateway tool "wether", so the model is not told of it. Did you mean "weather"?',
      }),
    );
  });
});

test('what was called is counted with where it ran, how it ended and what the cache did', async () => {
  const metrics = await (await gateway.fetch('/metrics')).text();
  for (const line of [
    'dropgate_tool_calls_total{tool="add",provenance="native",outcome="ok",agent="default/desk"} 2',
    'dropgate_tool_calls_total{tool="slow",provenance="native",outcome="timeout",agent="default/desk"} 1',
    'dropgate_tool_calls_total{tool="fetch_doc",provenance="gateway",outcome="ok",agent="default/desk"} 1',
    'dropgate_tool_violations_total{agent="default/desk",tool="weather",reason="denied"} 1',
    'dropgate_tool_violations_total{agent="default/desk",tool="weather",reason="bad_arguments"} 1',
    'dropgate_tool_cache_total{tool="weather",result="hit"}',
    'dropgate_tool_duration_seconds_count{tool="fetch_doc"}',
  ]) {
    expect(metrics).toContain(line);
  }
});

test.each(languages)(
  'arguments that are no object are told to the model in %s, and the run goes on',
  async (_language, model) => {
    const deep = `${'['.repeat(300)}"]"${']'.repeat(300)}`;
    const given = ['', '{', '[]', deep, `{"city":${deep}}`, { city: 'Oslo' }];
    const answers = await told(model, ...given.map((args) => ['weather', args] as const));
    expect(answers.slice(2)).toEqual([
      'The arguments are no JSON object. Send an object with: city (string, required).',
      'The arguments are nested more than 200 levels deep. Send flatter ones.',
      'The arguments are nested more than 200 levels deep. Send flatter ones.',
      '/w/Oslo with [secret]',
    ]);
    // The SDK of TypeScript has words of its own for what is no JSON.
    expect(answers.slice(0, 2).map((text) => /arguments/.test(text))).toEqual([true, true]);
  },
);

test('a tool that is added to the settings, or changed, is so without a restart, in workers that run', async () => {
  const more = '  wether: { kind: fetch_doc, docs_root: docs }';
  const changed = settings(port, more).replace(
    'city: { type: string }',
    'city: { type: string, description: Of a town. }',
  );
  await gateway.project.write({ 'gateway.yaml': changed });
  await gateway.fetch('/agents/refresh', { method: 'POST' });
  for (const [, model] of languages) {
    await until('the new tool', async () => {
      const [text] = await told(model, ['wether', { source: 'guide.md' }]);
      return text?.includes('The guide');
    });
    expect(JSON.stringify(parrot.calls().at(-1)?.body.tools)).toContain('Of a town.');
  }
  const unknown = async (model: string) =>
    (await diagnosticsOf(gateway, model)).filter(({ code }) => code === 'unknown_gateway_tool');
  for (const [, model] of languages) expect(await unknown(model)).toEqual([]);
  await gateway.project.write({ 'gateway.yaml': settings(port) });
  await gateway.fetch('/agents/refresh', { method: 'POST' });
  await until(
    'the name to be unknown again',
    async () => (await unknown('default/desk')).length > 0,
  );
});

test('a tool that is added while an agent loads is there for its first run', async () => {
  await gateway.project.write({ 'src/agents/Late/agent.ts': slowToLoad });
  const refresh = () => gateway.fetch('/agents/refresh', { method: 'POST' });
  const refreshed = [refresh()];
  await until('the load', () => gateway.logs().includes('late is loading'));
  const more = '  wether: { kind: fetch_doc, docs_root: docs }';
  await gateway.project.write({ 'gateway.yaml': settings(port, more) });
  refreshed.push(refresh());
  await until('the new tool', async () => {
    const { tools } = (await (await gateway.fetch('/admin/tools')).json()) as ToolList;
    return tools.some(({ name }) => name === 'wether');
  });
  await gateway.project.write({ 'src/agents/Late/go': '' });
  await Promise.all(refreshed);
  const [text] = await told('default/late', ['wether', { source: 'guide.md' }]);
  expect(text).toContain('The guide');
});
