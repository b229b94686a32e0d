import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { call } from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { type Parrot, startParrot } from './parrot.ts';
import { followSteps, type Steps, saying } from './tool-script.ts';
import { until } from './until.ts';

/** Modules whose tools hand work to what was made when the module was imported: it has no run's scope. */
const typeScript = `
import { EventEmitter } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Agent, run, tool } from '@openai/agents';
import { z } from 'zod';

const onFile = (name, execute) =>
  tool({ name, description: name, parameters: z.object({ file: z.string() }), execute });
const hand = new Agent({
  name: 'hand',
  tools: [onFile('erase', ({ file }) => 'erased ' + file), onFile('wipe', () => 'wiped')],
});
const work = async ({ name, file, done }) => {
  const { finalOutput } = await run(hand, JSON.stringify([[name, { file }]]));
  done(finalOutput);
};
const queues = { queue: [], timer: [], timeout: [], emitter: [] };
let wake = () => {};
const drain = async () => {
  for (;;) {
    for (const job of queues.queue.splice(0)) await work(job);
    await new Promise((resolve) => { wake = resolve; });
  }
};
void drain();
setInterval(() => queues.timer.splice(0).forEach(work), 20);
const again = () => setTimeout(() => { queues.timeout.splice(0).forEach(work); again(); }, 20);
again();
const thread = new Worker(new URL('./thread.ts', import.meta.url));
queues.thread = {
  push({ name, file, done }) {
    thread.once('message', done);
    thread.postMessage({ name, file });
  },
};
const bus = new EventEmitter().on('job', work);
setInterval(() => queues.emitter.splice(0).forEach((job) => bus.emit('job', job)), 20);

export const __gateway__ = { calls_at_load: 'allow' };
const atImport = await run(hand, JSON.stringify([['wipe', { file: 'a' }]]));
const later = [];
setInterval(() => {
  for (const job of later.splice(0)) existsSync(job.file) ? void work(job) : later.push(job);
}, 20);

export const agent = new Agent({
  name: 'desk',
  tools: [
    tool({
      name: 'hand_on',
      description: 'Hands on.',
      parameters: z.object({ how: z.string(), name: z.string() }),
      execute: ({ how, name }) =>
        new Promise((done) => {
          queues[how].push({ name, file: how, done });
          wake();
        }),
    }),
    onFile('later', ({ file }) => {
      later.push({ name: 'erase', file, done: (said) => writeFileSync(file + '.done', said) });
      return 'later';
    }),
    onFile('hold', async ({ file }) => {
      writeFileSync(file + '.held', '');
      while (!existsSync(file)) await sleep(20);
      return 'held';
    }),
    onFile('at_import', () => atImport.finalOutput),
  ],
});
`;

const typeScriptThread = `
import { parentPort } from 'node:worker_threads';
import { Agent, run, tool } from '@openai/agents';
import { z } from 'zod';

const onFile = (name, execute) =>
  tool({ name, description: name, parameters: z.object({ file: z.string() }), execute });
const hand = new Agent({
  name: 'hand',
  tools: [onFile('erase', ({ file }) => 'erased ' + file), onFile('wipe', () => 'wiped')],
});
parentPort.on('message', async ({ name, file }) => {
  const { finalOutput } = await run(hand, JSON.stringify([[name, { file }]]));
  parentPort.postMessage(finalOutput);
});
`;

const python = `
import asyncio, json, os, queue, threading
from concurrent.futures import Future, ThreadPoolExecutor
from agents import Agent, OpenAIResponsesModel, Runner, function_tool
from openai import AsyncOpenAI

__gateway__ = {"calls_at_load": "allow"}


@function_tool
def erase(file: str) -> str:
    return f"erased {file}"

@function_tool
def wipe(file: str) -> str:
    return "wiped"


def make_hand():
    # A client is bound to the loop that used it first.
    return Agent(name="hand", tools=[erase, wipe], model=OpenAIResponsesModel("test", AsyncOpenAI()))

async def work(job):
    name, file, done = job
    result = await Runner.run(make_hand(), json.dumps([[name, {"file": file}]]))
    done(str(result.final_output))

def work_in_thread(job):
    asyncio.run(work(job))

at_import = Future()
importing = threading.Thread(target=work_in_thread, args=(("wipe", "a", at_import.set_result),))
importing.start()
importing.join()

queues = {"task": [], "timer": []}
loop = asyncio.get_event_loop()

async def drain():
    while True:
        for job in list(queues["task"]):
            queues["task"].remove(job)
            await work(job)
        await asyncio.sleep(0.02)

drained = loop.create_task(drain())
tasks = set()

def tick():
    for job in list(queues["timer"]):
        if os.path.exists(job[1]) or "/" not in job[1]:
            queues["timer"].remove(job)
            task = loop.create_task(work(job))
            tasks.add(task)
    loop.call_later(0.02, tick)

loop.call_later(0.02, tick)
jobs = queue.Queue()

def serve():
    while True:
        work_in_thread(jobs.get())

threading.Thread(target=serve, daemon=True).start()
pool = ThreadPoolExecutor(1)

@function_tool
async def hand_on(how: str, name: str) -> str:
    done = Future()
    job = (name, how, done.set_result)
    if how == "pool":
        pool.submit(work_in_thread, job)
    elif how == "queue":
        jobs.put(job)
    else:
        queues[how].append(job)
    return await asyncio.wrap_future(done)

@function_tool
def later(file: str) -> str:
    def done(said):
        with open(file + ".done", "w") as written:
            written.write(said)
    queues["timer"].append(("erase", file, done))
    return "later"

@function_tool
async def hold(file: str) -> str:
    open(file + ".held", "w").close()
    while not os.path.exists(file):
        await asyncio.sleep(0.02)
    return "held"

@function_tool(name_override="at_import")
def tell_import(file: str) -> str:
    return at_import.result()

agent = Agent(name="desk", tools=[hand_on, later, hold, tell_import])
`;

const settings = `
worker: { spares: 0 }
security:
  rules:
    - { id: no-wiping, effect: deny, action: call_tool, principals: ["*"], resources: [wipe] }
    - { id: not-bob, effect: deny, action: call_tool, principals: [bob], resources: [erase] }
`;

const missing = await missingPython();
const languages = [
  ['TypeScript', 'default/desk', ['queue', 'timer', 'timeout', 'emitter', 'thread']],
  ...(missing ? [] : [['Python', 'default/snake', ['queue', 'timer', 'task', 'pool']]]),
] as [string, string, string[]][];

let parrot: Parrot;
let gateway: TestGateway;
let alice: string;
let bob: string;

beforeAll(async () => {
  parrot = await startParrot(followSteps);
  gateway = await startGateway({
    files: {
      'gateway.yaml': settings,
      'src/agents/Desk/agent.ts': typeScript,
      'src/agents/Desk/thread.ts': typeScriptThread,
      ...(missing ? {} : { 'src/agents/Snake/agent.py': python }),
    },
    env: {
      OPENAI_API_KEY: 'sk-parrot',
      OPENAI_BASE_URL: parrot.baseUrl,
      GATEWAY_UPSTREAM_API: 'responses',
      ...(missing ? {} : { GATEWAY_PYTHON: pythonWithSdk() }),
    },
  });
  [alice, bob] = await Promise.all([makeKey('alice'), makeKey('bob')]);
});
afterAll(async () => {
  await gateway?.stop();
  parrot?.stop();
});

async function makeKey(name: string): Promise<string> {
  const response = await gateway.fetch('/security/keys', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, role: 'caller' }),
  });
  return ((await response.json()) as { key: string }).key;
}

async function run(key: string, model: string, ...steps: Steps): Promise<string> {
  const reply = await call(gateway, key, { model, content: saying(...steps) });
  expect(reply).toMatchObject({ status: 200, error: null });
  return reply.content;
}

type Decision = {
  readonly effect: string;
  readonly rule_id: string | null;
  readonly key_id: string | null;
  readonly agent_id: string;
};

/** Decisions on a tool of an agent, newest first, once there are so many. */
async function decisionsOn(tool: string, model: string, count: number): Promise<Decision[]> {
  return until(`${count} decisions on ${tool}`, async () => {
    const query = `/security/decisions?tool=${tool}&agent=${model}&limit=100`;
    const { decisions } = (await (await gateway.fetch(query)).json()) as { decisions: Decision[] };
    return decisions.length >= count && decisions;
  });
}

/** Writes a file that something waits for, and gives the text of the file that comes of it. */
async function letGo(path: string, made: string): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  await gateway.project.write({ [path]: '' });
  return until(made, () =>
    readFile(join(gateway.project.root, made), 'utf8').then(
      (text) => text || null,
      () => null,
    ),
  );
}

const denied = (tool: string) => `The tool ${tool} may not be called here.`;
const erase = (how: string): Steps[number] => ['hand_on', { how, name: 'erase' }];

describe.each(languages)('work outside of runs in %s', (_language, model, ways) => {
  const fileOf = (name: string) => `${model.replace('/', '-')}-${name}`;
  const pathOf = (name: string) => join(gateway.project.root, fileOf(name));

  test('calls no denied tool while the module is imported', async () => {
    expect(await run(alice, model, ['at_import', { file: '' }])).toBe(denied('wipe'));
    const [decision] = await decisionsOn('wipe', model, 1);
    expect(decision).toMatchObject({ effect: 'deny', rule_id: 'no-wiping', key_id: null });
  });

  test.each(ways)('calls by %s no tool that is denied, and is recorded', async (how) => {
    const before = (await decisionsOn('wipe', model, 1)).length;
    expect(await run(alice, model, ['hand_on', { how, name: 'wipe' }])).toBe(denied('wipe'));
    expect((await decisionsOn('wipe', model, before + 1))[0]).toMatchObject({ effect: 'deny' });
  });

  test('goes by its key while one run lives, is asked about while none or several do', async () => {
    const [how = ''] = ways;
    expect(await run(alice, model, erase(how))).toBe(`erased ${how}`);
    expect((await decisionsOn('erase', model, 1))[0]).toMatchObject({
      effect: 'allow',
      key_id: expect.stringMatching(/^key_/),
    });
    await run(alice, model, ['later', { file: pathOf('none') }]);
    expect(await letGo(fileOf('none'), `${fileOf('none')}.done`)).toBe(`erased ${pathOf('none')}`);
    expect((await decisionsOn('erase', model, 2))[0]).toMatchObject({
      effect: 'allow',
      key_id: null,
    });

    const held = run(bob, model, ['hold', { file: pathOf('held') }]);
    await until('bob to be served', () =>
      import('node:fs').then(({ existsSync }) => existsSync(`${pathOf('held')}.held`)),
    );
    expect(await run(alice, model, erase(how))).toBe(denied('erase'));
    const [latest] = await decisionsOn('erase', model, 3);
    expect(latest).toMatchObject({ effect: 'deny', rule_id: 'not-bob' });
    await gateway.project.write({ [fileOf('held')]: '' });
    await held;

    await run(bob, model, ['later', { file: pathOf('left') }]);
    expect(await run(alice, model, erase(how))).toBe(denied('erase'));
    expect(await letGo(fileOf('left'), `${fileOf('left')}.done`)).toBe(denied('erase'));
  });
});
