import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { patienceMs } from '../support/hang-limit.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { call, diagnosticsOf } from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { startUpstream, type TestUpstream } from './upstream.ts';

/** A server of the author's choice: answers each chat completion, and remembers where and with which key it was asked. */
async function startVendor() {
  const calls: { path: string; key: string }[] = [];
  const server = http.createServer((request, response) => {
    const key = String(request.headers['api-key'] ?? request.headers.authorization);
    calls.push({ path: request.url ?? '', key });
    const message = { role: 'assistant', content: 'The vendor.' };
    const choices = [{ index: 0, message, finish_reason: 'stop' }];
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, choices }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { calls, server, origin: `http://127.0.0.1:${port}` };
}

type Vendor = Awaited<ReturnType<typeof startVendor>>;

const missing = await missingPython();
const python = missing ? null : pythonWithSdk();

/** What a file does about its models, in both languages; `VENDOR` stands for the vendor's address. */
const files = {
  ownkey: {
    ts: "setDefaultOpenAIKey('sk-own-key');\nexport const agent = new Agent({ name: 'A', model: 'gpt-5' });",
    py: 'set_default_openai_key("sk-own-key")\nagent = Agent(name="A", model="gpt-5")',
  },
  replaced: {
    ts: "process.env.OPENAI_API_KEY = 'sk-own-key';\nprocess.env.OPENAI_BASE_URL = 'VENDOR/v1';\nexport const agent = new Agent({ name: 'A', model: 'gpt-5' });",
    py: 'os.environ["OPENAI_API_KEY"] = "sk-own-key"\nos.environ["OPENAI_BASE_URL"] = "VENDOR/v1"\nagent = Agent(name="A", model="gpt-5")',
  },
  keyonly: {
    ts: "const client = new OpenAI({ apiKey: 'sk-own-key' });\nexport const agent = new Agent({ name: 'A', model: new OpenAIResponsesModel(client, 'gpt-5') });",
    py: 'client = AsyncOpenAI(api_key="sk-own-key")\nagent = Agent(name="A", model=OpenAIResponsesModel("gpt-5", client))',
  },
  chatapi: {
    ts: "setOpenAIAPI('chat_completions');\nexport const agent = new Agent({ name: 'A', model: 'gpt-5' });",
    py: 'set_default_openai_api("chat_completions")\nagent = Agent(name="A", model="gpt-5")',
  },
  azure: {
    ts: "const client = new AzureOpenAI({ endpoint: 'VENDOR', apiKey: 'azure-key', apiVersion: '2024-10-21' });\nexport const agent = new Agent({ name: 'A', model: new OpenAIChatCompletionsModel(client, 'gpt-5') });",
    py: 'client = AsyncAzureOpenAI(azure_endpoint="VENDOR", api_key="azure-key", api_version="2024-10-21")\nagent = Agent(name="A", model=OpenAIChatCompletionsModel("gpt-5", client))',
  },
  azureenv: {
    ts: "process.env.AZURE_OPENAI_ENDPOINT = 'VENDOR';\nprocess.env.AZURE_OPENAI_API_KEY = 'azure-key';\nprocess.env.OPENAI_API_VERSION = '2024-10-21';\nsetDefaultOpenAIClient(new AzureOpenAI());\nsetOpenAIAPI('chat_completions');\nexport const agent = new Agent({ name: 'A', model: 'gpt-5' });",
    py: 'os.environ["AZURE_OPENAI_ENDPOINT"] = "VENDOR"\nos.environ["AZURE_OPENAI_API_KEY"] = "azure-key"\nos.environ["OPENAI_API_VERSION"] = "2024-10-21"\nset_default_openai_client(AsyncAzureOpenAI())\nset_default_openai_api("chat_completions")\nagent = Agent(name="A", model="gpt-5")',
  },
  argument: {
    ts: "export const agent = new Agent({ name: 'A', instructions: () => new AzureOpenAI({ apiKey: 'k', apiVersion: 'x' }).baseURL });",
    py: 'agent = Agent(name="A", model_settings=ModelSettings(extra_args={"nonsense": 1}))',
  },
  local: {
    ts: "setDefaultOpenAIClient(new OpenAI({ baseURL: 'VENDOR/v1', apiKey: 'ollama' }));\nsetOpenAIAPI('chat_completions');\nexport const agent = new Agent({ name: 'A', model: 'llama' });",
    py: 'set_default_openai_client(AsyncOpenAI(base_url="VENDOR/v1", api_key="ollama"))\nset_default_openai_api("chat_completions")\nagent = Agent(name="A", model="llama")',
  },
};

/** Asks in all ways there are, one after the other, in one run. */
const mixed = `import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Agent, run } from '@openai/agents';
import OpenAI from 'openai';
const client = new OpenAI();
const asked = new Agent({ name: 'Asked', model: 'gpt-5' });
const body = JSON.stringify({ model: 'gpt-5', input: 'Hi' });
const headers = { 'content-type': 'application/json' };
const url = process.env.OPENAI_BASE_URL + '/responses';
const child = 'fetch(process.argv[1], { method: "POST", headers: { "content-type": "application/json", authorization: "Bearer " + process.env.OPENAI_API_KEY }, body: process.argv[2] }).then((answer) => answer.text()).then(console.log)';
const textIn = (json) => JSON.parse(json).output.at(-1).content[0].text;
export const agent = {
  async *run({ messages }) {
    yield (await run(asked, 'Hi')).finalOutput + ' ';
    yield (await client.responses.create({ model: 'gpt-5', input: 'Hi' })).output_text + ' ';
    yield textIn(await (await fetch(url, { method: 'POST', headers, body })).text()) + ' ';
    if (messages.at(-1).content === 'With a child') {
      const { stdout } = await promisify(execFile)(process.execPath, ['-e', child, url, body]);
      yield textIn(stdout);
    }
  },
};
`;

const mixedPython = `import asyncio
import json
import os
import sys
import httpx2
from agents import Agent, Runner
from openai import AsyncOpenAI

asked = Agent(name="Asked", model="gpt-5")
body = {"model": "gpt-5", "input": "Hi"}
child = "import sys, httpx2; print(httpx2.post(sys.argv[1], headers={'authorization': 'Bearer ' + sys.argv[2]}, json={'model': 'gpt-5', 'input': 'Hi'}).text)"


def text_in(answer):
    return answer["output"][-1]["content"][0]["text"]


class Mixed:
    async def run(self, messages):
        url, key = os.environ["OPENAI_BASE_URL"] + "/responses", os.environ["OPENAI_API_KEY"]
        yield (await Runner.run(asked, "Hi")).final_output + " "
        yield (await AsyncOpenAI().responses.create(**body)).output_text + " "
        async with httpx2.AsyncClient() as client:
            answer = await client.post(url, headers={"authorization": "Bearer " + key}, json=body)
        yield text_in(answer.json()) + " "
        if messages[-1]["content"] == "With a child":
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", child, url, key, stdout=asyncio.subprocess.PIPE)
            told, _ = await process.communicate()
            yield text_in(json.loads(told))


agent = Mixed()
`;

const heads = {
  ts: "import { Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, setDefaultOpenAIClient, setDefaultOpenAIKey, setOpenAIAPI } from '@openai/agents';\nimport OpenAI, { AzureOpenAI } from 'openai';\n",
  py: 'import os\nfrom agents import Agent, ModelSettings, OpenAIChatCompletionsModel, OpenAIResponsesModel, set_default_openai_api, set_default_openai_client, set_default_openai_key\nfrom openai import AsyncAzureOpenAI, AsyncOpenAI\n',
};

type Language = keyof typeof heads;
type What = keyof typeof files;
/** What of them is tested, in each language, and in which ones a file that asks in all ways at once. */
type Chosen = Readonly<Record<Language, readonly What[]>> & {
  readonly mixed: readonly Language[];
};

let upstream: TestUpstream;
let vendor: Vendor;
let gateway: TestGateway;
let callerKey: string;

async function start(chosen: Chosen): Promise<void> {
  [upstream, vendor] = await Promise.all([startUpstream(), startVendor()]);
  upstream.mock.onMessage('Hi', { content: 'The gateway.' });
  const written = (language: Language) =>
    chosen[language].map((name) => [
      `src/agents/${language}/${name}/agent.${language}`,
      (heads[language] + files[name][language]).replaceAll('VENDOR', vendor.origin),
    ]);
  gateway = await startGateway({
    files: {
      ...(chosen.mixed.includes('ts') && { 'src/agents/ts/mixed/agent.ts': mixed }),
      ...(python && chosen.mixed.includes('py') && { 'src/agents/py/mixed/agent.py': mixedPython }),
      ...Object.fromEntries([...written('ts'), ...(python ? written('py') : [])]),
      'gateway.yaml': `worker: { spares: 0, load_timeout_ms: ${patienceMs} }\n`,
    },
    env: {
      OPENAI_API_KEY: 'sk-real',
      OPENAI_BASE_URL: upstream.baseUrl,
      GATEWAY_UPSTREAM_API: 'responses',
      ...(python && { GATEWAY_PYTHON: python }),
    },
  });
  callerKey = await gateway.createCallerKey();
}

const languages = [
  { language: 'ts', leftOut: false },
  { language: 'py', leftOut: missing !== null },
] as const;

/** Files that do something about their models, and where their calls go; one gateway for all of them. */
export function testOwnModels(chosen: Chosen): void {
  beforeAll(() => start(chosen));
  afterAll(async () => {
    await gateway?.stop();
    await upstream?.stop();
    vendor?.server.close();
  });

  const tested = languages.filter(({ language }) => chosen[language].length > 0);
  describe.each(tested)('a file in $language', ({ language, leftOut }) => {
    testFiles(language, { leftOut, ways: chosen[language] });
    if (chosen.mixed.includes(language)) testMixedCalls(`${language}/mixed`, leftOut);
  });
}

function testFiles(
  language: Language,
  { leftOut, ways }: { readonly leftOut: boolean; readonly ways: readonly What[] },
): void {
  const ask = async (what: What) => {
    const model = `${language}/${what}`;
    const reply = await call(gateway, callerKey, { model });
    const told = (await diagnosticsOf(gateway, model)).map(({ code, line }) => ({ code, line }));
    return { reply, codes: told.toSorted((a, b) => Number(a.line) - Number(b.line)) };
  };
  const begin = heads[language].split('\n').length;

  const throughGateway = [
    ['a key of its own', 'ownkey', [{ code: 'upstream_key_in_module', line: begin }]],
    [
      'a key and an address for the gateway’s',
      'replaced',
      [
        { code: 'model_access_replaced', line: begin },
        { code: 'model_access_replaced', line: begin + 1 },
      ],
    ],
    ['a client with a key alone', 'keyonly', [{ code: 'upstream_key_in_module', line: begin }]],
  ] as const;
  const isChosen = ({ 1: what }: (typeof throughGateway)[number]) => ways.includes(what);
  test.skipIf(leftOut).each(throughGateway.filter(isChosen))(
    'with %s is answered through the gateway, and told so',
    async (_, what, told) => {
      const before = upstream.calls.length;
      const { reply, codes } = await ask(what);
      expect([reply.status, reply.content]).toEqual([200, 'The gateway.']);
      expect(upstream.calls.at(-1)?.headers.authorization).toBe('Bearer sk-real');
      expect(upstream.calls.length - before).toBe(1);
      expect(codes).toEqual(told);
    },
  );

  const onlyOne = (what: What) => ways.filter((way) => way === what);
  test.skipIf(leftOut).each(onlyOne('chatapi'))('that chooses an API has it: %s', async (what) => {
    const { reply, codes } = await ask(what);
    expect([reply.content, codes]).toEqual(['The gateway.', []]);
    expect(upstream.calls.at(-1)?.path).toBe('/v1/chat/completions');
  });

  test.skipIf(leftOut).each(onlyOne('argument'))(
    'that gives its client what it does not take is told as the agent’s failure: %s',
    async (what) => {
      const { reply } = await ask(what);
      expect([reply.status, reply.error?.code]).toEqual([500, 'agent_error']);
      expect(reply.headers.get('x-should-retry')).toBe('false');
    },
  );

  const azurePath = '/openai/deployments/gpt-5/chat/completions?api-version=2024-10-21';
  const elsewhere = [
    ['azure', azurePath, 'azure-key', []],
    ['azureenv', azurePath, 'azure-key', ['own_model_server']],
    ['local', '/v1/chat/completions', 'Bearer ollama', ['own_model_server']],
  ] as const;
  const others = elsewhere.filter(([what]) => ways.includes(what));
  test.skipIf(leftOut).each(others)(
    'with a client for another server keeps it: %s',
    async (what, path, key, told) => {
      const before = upstream.calls.length;
      const { reply, codes } = await ask(what);
      expect([reply.status, reply.content]).toEqual([200, 'The vendor.']);
      expect(vendor.calls.at(-1)).toEqual({ path, key });
      expect(upstream.calls.length).toBe(before);
      expect(codes.map(({ code }) => code)).toEqual(told);
    },
  );
}

function testMixedCalls(model: string, leftOut: boolean): void {
  test.skipIf(leftOut)('may ask in every way at once: each call is booked on its run', async () => {
    const before = upstream.calls.length;
    const keys = await Promise.all(['one', 'two'].map(() => gateway.createCallerKey()));
    const alone = await call(gateway, callerKey, { model, content: 'With a child' });
    expect(alone.content).toBe('The gateway. The gateway. The gateway. The gateway.');
    const usage = async () => {
      const { rows } = (await (await gateway.fetch('/admin/usage?by=key')).json()) as {
        rows: { key_id: string; model_calls: number }[];
      };
      return new Map(rows.map(({ key_id, model_calls }) => [key_id, model_calls]));
    };
    const told = await usage();
    const replies = await Promise.all(
      keys.map((key, index) => call(gateway, key, { model, stream: index === 0 })),
    );
    expect(replies.map(({ content }) => content)).toEqual(Array(2).fill('The gateway. '.repeat(3)));
    const keysUsed = upstream.calls.slice(before).map(({ headers }) => headers.authorization);
    expect(keysUsed).toEqual(Array(10).fill('Bearer sk-real'));
    const more = [...(await usage())].map(([key, calls]) => calls - (told.get(key) ?? 0));
    expect(more.filter((calls) => calls > 0)).toEqual([3, 3]);
  });
}
