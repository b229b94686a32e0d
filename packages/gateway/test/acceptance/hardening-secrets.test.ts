import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CliProcess, runCli, startCli } from '../support/cli-process.ts';
import { createProject, type Project } from './project.ts';
import { until } from './until.ts';

/** What nobody may find anywhere. None has the form of a key but ours: they are known, not guessed. */
const planted = {
  'the admin’s key': `dg_${'Admin-key_0123456789-abcdefghijklmnopqrstuvwxyz'.slice(0, 43)}`,
  'the key of the upstream': 'upstream.secret+value/42',
  'a secret of a module': 'module~secret~value~7',
  'a secret of a module that does not load': 'unloaded!secret!value',
  'the token of a registry': 'registry-token-value-9',
} as const;
const adminKey = planted['the admin’s key'];

/** Prints, throws and rejects with its secret, and fails a tool with it. */
const leaky = `import { Agent, tool } from '@openai/agents';
import { z } from 'zod';
const secret = process.env.SERPER_API_KEY;
console.log('starting with', secret);
console.error(new Error('warning: ' + secret));
const tell = tool({
  name: 'tell',
  description: 'Tells.',
  parameters: z.object({}),
  errorFunction: null,
  execute: async () => {
    throw new TypeError('401 for key ' + secret, { cause: new Error(secret) });
  },
});
export const agent = new Agent({ name: 'Leaky', instructions: 'Tell.', model: 'm', tools: [tell] });
`;
const thrower = `export const agent = {
  async run() {
    throw Object.assign(new Error('no luck with ' + process.env.SERPER_API_KEY), { class: 'X' });
  },
};
`;
const unloadable = `throw new Error('cannot connect with ' + process.env.DB_PASSWORD);\n`;

let project: Project;
let upstream: http.Server;
let gateway: CliProcess;
let url = '';
/** Every body that the gateway answered with. */
const answers: string[] = [];

beforeAll(async () => {
  upstream = await echoingUpstream();
  const { port } = upstream.address() as AddressInfo;
  project = await createProject({
    'gateway.yaml': `worker: { spares: 0 }\nupstreams: { mine: { base_url: "http://127.0.0.1:${port}/v1", api_key_env: MINE_KEY, api: chat_completions, max_retries: 0 } }`,
    'key-file': `${adminKey}\n`,
    '.env': `MINE_KEY=${planted['the key of the upstream']}\n`,
    'src/agents/Leaky/agent.ts': leaky,
    'src/agents/Leaky/.env': `SERPER_API_KEY=${planted['a secret of a module']}\n`,
    'src/agents/Thrower/agent.ts': thrower,
    'src/agents/Thrower/.env': `SERPER_API_KEY=${planted['a secret of a module']}\n`,
    'src/agents/Unloadable/agent.ts': unloadable,
    'src/agents/Unloadable/.env': `DB_PASSWORD=${planted['a secret of a module that does not load']}\n`,
  });
  await mkdir(join(project.root, '.dropgate'), { mode: 0o700 });
  gateway = startCli(project.root, ['start'], {
    env: {
      GATEWAY_PORT: '0',
      GATEWAY_LOG_LEVEL: 'trace',
      GATEWAY_BOOTSTRAP_KEY_FILE: 'key-file',
      NPM_TOKEN: planted['the token of a registry'],
    },
  });
  await gateway.until('gateway started');
  url = JSON.parse(readFileSync(join(project.root, '.dropgate/gateway.json'), 'utf8')).address;
  await until('readyz', async () => (await fetch(new URL('/readyz', url))).ok);
});
afterAll(async () => {
  gateway?.child.kill('SIGTERM');
  await gateway?.ended;
  upstream?.close();
  await project?.remove();
});

/** Its secrets are words of the log, and names of its neighbour and of whoever asks. */
const spy = `import { writeSync } from 'node:fs';
const words = Object.entries(process.env).filter(([name]) => name.startsWith('SPY_')).map(([, value]) => value);
export const __gateway__ = { description: 'Knows ' + words.join(' and ') };
console.log('the spy knows', words.join(' and '));
export const agent = {
  run({ messages, context }) {
    const error = new Error('caught with ' + words.join(' and '));
    if (messages.at(-1).content !== 'claim') throw error;
    // In the words of the protocol, for whatever the worker would put in other words.
    const usage = { requests: 0, inputTokens: 0, outputTokens: 0, cachedInputTokens: 0, reasoningTokens: 0 };
    const event = { type: 'failed', code: 'max_turns_exceeded', message: error.message, usage };
    writeSync(3, JSON.stringify({ type: 'event', runId: context.run_id, event }) + '\\n');
    return 'claimed';
  },
};
`;
const desk = `export const agent = { run: () => (console.log('access allow for default/desk'), 'run finished') };\n`;

describe('secrets of a module that are words of others', () => {
  const four = '[secret] and [secret] and [secret] and [secret]';

  test('take nothing out of what is written of those, and are hidden in its own words', async () => {
    const { keys } = await json<{ keys: { id: string }[] }>('/security/keys');
    const keyId = keys[0]?.id ?? '';
    const words = ['access allow', 'default/desk', 'run finished', keyId];
    await project.write({
      'src/agents/Desk/agent.ts': desk,
      'src/agents/Spy/agent.ts': spy,
      'src/agents/Spy/.env': words.map((word, at) => `SPY_${at}_TOKEN="${word}"\n`).join(''),
    });
    await ask('POST', '/agents/refresh');
    const [said, caught, claimed] = await Promise.all(
      [
        ['default/desk', 'Hi'],
        ['default/spy', 'Hi'],
        ['default/spy', 'claim'],
      ].map(async ([model, content]) => {
        const body = JSON.stringify({ model, messages: [{ role: 'user', content }] });
        return await ask('POST', '/v1/chat/completions', { body });
      }),
    );
    expect(JSON.parse(said ?? '').choices[0].message.content).toBe('run finished');
    expect(JSON.parse(caught ?? '').error).toMatchObject({
      message: expect.not.stringMatching(/caught with/),
      dropgate: { detail: { message: `caught with ${four}` } },
    });
    expect(JSON.parse(claimed ?? '').error.message).toBe(`caught with ${four}`);
    const { data } = await json<{ data: { id: string }[] }>('/v1/models');
    expect(data.find(({ id }) => id === 'default/spy')).toMatchObject({
      description: `Knows ${four}`,
    });
    const decisions = await until('the decisions', async () => {
      const all = await json<{ decisions: { agent_id: string }[] }>(
        '/security/decisions?action=run_agent',
      );
      const found = all.decisions.filter(({ agent_id }) => agent_id === 'default/desk');
      return found.length > 0 && found;
    });
    expect(decisions).toMatchObject([{ effect: 'allow', key_id: keyId, resource: 'default/desk' }]);
    const lines = await until('the end of each run in the log', async () => {
      const all = (await gateway.until('')).split('\n').flatMap(logLine);
      return all.filter(({ msg }) => /^run (finished|failed)$/.test(msg ?? '')).length >= 3 && all;
    });
    const of = (id: string) => lines.filter(({ agent_id }) => agent_id === id);
    expect(JSON.stringify(of('default/desk'))).not.toContain('[secret]');
    expect(of('default/desk').map(({ msg }) => msg)).toEqual(
      expect.arrayContaining(['access allow', 'access allow for default/desk', 'run finished']),
    );
    expect(of('default/spy')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ msg: `the spy knows ${four}` }),
        expect.objectContaining({ msg: 'access allow', key_id: keyId, resource: 'default/spy' }),
        expect.objectContaining({ msg: 'run failed', key_id: keyId, error: `caught with ${four}` }),
      ]),
    );
  });
});

describe('secrets that turn up where things go wrong', () => {
  test('are in no answer, no log line, no metric and no file', async () => {
    await provoke();
    await lookAround();
    gateway.child.kill('SIGTERM');
    const { out, err } = await gateway.ended;
    for (const line of out.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
    // It was told of, so that what follows proves something.
    expect(out).toContain('401 for key [secret]');
    expect(out).toContain('cannot connect with [secret]');
    expect(answers.join()).toContain('no luck with [secret]');

    const written = {
      'the log': out + err,
      'an answer': answers.join('\n'),
      ...filesOf(join(project.root, '.dropgate')),
    };
    const found = Object.entries(written).flatMap(([place, text]) =>
      Object.entries(planted).flatMap(([what, secret]) =>
        text.includes(secret) ? [`${what} in ${place}`] : [],
      ),
    );
    expect(found).toEqual([]);
  });

  test('the password of a store that cannot be reached is not repeated', async () => {
    const folder = join(project.root, 'other');
    await mkdir(folder);
    await writeFile(
      join(folder, '.env'),
      'GATEWAY_STORE_URL=postgres://gw:St0re-Pass@127.0.0.1:1/x\n',
    );
    const { code, out, err } = await runCli(folder, ['start']);
    expect(code).toBe(1);
    expect(err).toMatch(/store|postgres/i);
    expect(out + err).not.toContain('St0re-Pass');
  });
});

/** A line of the log; none where it is something else, or not all of it is there yet. */
function logLine(line: string) {
  try {
    return [JSON.parse(line) as Record<string, string>];
  } catch {
    return [];
  }
}

/** Makes everything fail that can be made to say a secret. */
async function provoke(): Promise<void> {
  for (const [model, stream] of [
    ['default/leaky', false],
    ['default/leaky', true],
    ['default/thrower', false],
    ['default/thrower', true],
    ['default/unloadable', false],
  ] as const) {
    await ask('POST', '/v1/chat/completions', {
      body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'tell' }] }),
    });
  }
  for (const content of ['unauthorized', 'broken', 'page']) {
    const messages = [{ role: 'user', content }];
    const body = JSON.stringify({ model: 'default/leaky', messages });
    await ask('POST', '/v1/chat/completions', { body });
  }
  await ask('POST', '/v1/chat/completions', { body: `{"model": ${adminKey}` });
  await ask('POST', '/v1/chat/completions', { body: JSON.stringify({ model: 1, messages: [] }) });
  await ask('GET', `/v1/models?api_key=${adminKey}`);
  await ask('GET', '/v1/models', { authorization: `Bearer x${adminKey}` });
  await ask('GET', '/v1/models', { authorization: `Token ${adminKey}` });
  await ask('POST', '/agents/refresh?force=true');
}

/** Reads whatever the gateway shows of itself. */
async function lookAround(): Promise<void> {
  for (const path of [
    ...['agents', 'agents/errors?limit=500', 'upstreams', 'usage', 'runs', 'metrics'].map(
      (name) => `/admin/${name}`,
    ),
    ...['rules', 'overrides', 'decisions', 'keys'].map((name) => `/security/${name}`),
    '/metrics',
    '/openapi.json',
    '/v1/models',
  ]) {
    await ask('GET', path);
  }
}

async function ask(
  method: string,
  path: string,
  more: { body?: string; authorization?: string } = {},
): Promise<string> {
  const response = await fetch(new URL(path, url), {
    method,
    headers: {
      authorization: more.authorization ?? `Bearer ${adminKey}`,
      ...(more.body ? { 'content-type': 'application/json' } : {}),
    },
    ...(more.body ? { body: more.body } : {}),
  });
  const text = await response.text();
  answers.push([...response.headers].join('\n'), text);
  return text;
}

async function json<Answer>(path: string): Promise<Answer> {
  return JSON.parse(await ask('GET', path)) as Answer;
}

/** Every file but the kept bytes of modules: their `.env` is among them, for the gateway's user alone. */
function filesOf(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter(
    (entry) => entry.isFile() && !entry.parentPath.endsWith('generations'),
  );
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'latin1')]),
  );
}

/** Says back the key that it was sent: a tool call first, then what the last message asks for. */
async function echoingUpstream(): Promise<http.Server> {
  const server = http.createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString();
    const key = request.headers.authorization ?? '';
    const fails = /unauthorized|broken|page/.exec(body)?.[0];
    response.writeHead(fails === 'unauthorized' ? 401 : fails === 'page' ? 502 : 200, {
      'content-type': fails === 'page' ? 'text/html' : 'application/json',
      'x-echo': key,
    });
    const message = `Incorrect API key provided: ${key}`;
    if (fails === 'unauthorized') response.end(JSON.stringify({ error: { message, code: key } }));
    else if (fails) response.end(`<p>${message}</p>`);
    else response.end(JSON.stringify(toolCall));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const toolCall = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [
    {
      index: 0,
      finish_reason: 'tool_calls',
      message: {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'call_1', type: 'function', function: { name: 'tell', arguments: '{}' } },
        ],
      },
    },
  ],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
};
