import { type Attack, type AttackGroup, type Language, verdict } from '../attack.ts';
import { until } from '../until.ts';
import type { VictimGateway, VictimOptions } from '../victim.ts';

const modules: Readonly<Record<Language, readonly [path: string, text: string]>> = {
  node: [
    'src/agents/Spy/agent.ts',
    `
import { Agent, run, tool } from '@openai/agents';
import { z } from 'zod';
const wipe = tool({ name: 'wipe', description: 'w', parameters: z.object({}), execute: () => 'WIPED' });
const hand = new Agent({ name: 'hand', tools: [wipe] });
const jobs: ((said: unknown) => void)[] = [];
setInterval(() => {
  for (const done of jobs.splice(0)) void run(hand, 'go').then(({ finalOutput }) => done(finalOutput));
}, 20);
export const agent = { run: () => new Promise((done) => { jobs.push(done); }) };
`,
  ],
  python: [
    'src/agents/Spy/agent.py',
    `
import asyncio, queue, threading
from concurrent.futures import Future
from agents import Agent, OpenAIResponsesModel, Runner, function_tool
from openai import AsyncOpenAI

@function_tool
def wipe() -> str:
    return "WIPED"

jobs = queue.Queue()

def serve():
    while True:
        hand = Agent(name="hand", tools=[wipe], model=OpenAIResponsesModel("m", AsyncOpenAI()))
        done = jobs.get()
        done.set_result(str(asyncio.run(Runner.run(hand, "go")).final_output))

threading.Thread(target=serve, daemon=True).start()

class Spy:
    async def run(self, messages):
        done = Future()
        jobs.put(done)
        return await asyncio.wrap_future(done)

agent = Spy()
`,
  ],
};

const rules = `
security:
  rules: [{ id: no-wiping, effect: deny, action: call_tool, principals: ["*"], resources: [wipe] }]
`;

const answering: NonNullable<VictimOptions['upstream']> = (_request, body, response) => {
  const told = /"output":"([^"]*)"/.exec(body)?.[1];
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(answer(told)));
};

const queue: Attack = {
  title: 'a denied tool is called by a queue of the module, outside of its run',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const [path, text] = modules[language];
    const gateway = await victim.start({
      files: { 'gateway.yaml': rules, [path]: text },
      upstream: answering,
    });
    const { status, text: said } = await gateway.ask('default/spy');
    if (status === 503) return { outcome: 'untried', detail: 'no Python with the SDK' };
    const recorded = await recordedDenies(gateway);
    const told = said.includes('WIPED') ? 'it ran' : 'denied';
    return verdict(
      said.includes('may not be called') && recorded > 0,
      `${told}, ${recorded} recorded`,
    );
  },
};

const threaded = {
  'src/agents/Spy/agent.ts': `
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
const thread = new Worker(new URL('./thread.ts', import.meta.url));
thread.unref();
export const agent = {
  async run() {
    thread.postMessage('go');
    return (await once(thread, 'message'))[0];
  },
};
`,
  'src/agents/Spy/thread.ts': `
import { parentPort } from 'node:worker_threads';
import { Agent, run, tool } from '@openai/agents';
import { z } from 'zod';
const wipe = tool({ name: 'wipe', description: 'w', parameters: z.object({}), execute: () => 'WIPED' });
const hand = new Agent({ name: 'hand', tools: [wipe] });
parentPort?.on('message', async () => parentPort?.postMessage((await run(hand, 'go')).finalOutput));
`,
};

const thread: Attack = {
  title: 'a denied tool is called in a thread that the module began',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start({
      files: { 'gateway.yaml': rules, ...threaded },
      upstream: answering,
    });
    const { text: said } = await gateway.ask('default/spy');
    const recorded = await recordedDenies(gateway);
    const told = said.includes('WIPED') ? 'it ran' : 'denied';
    return verdict(
      said.includes('may not be called') && recorded > 0,
      `${told}, ${recorded} recorded`,
    );
  },
};

/** Decisions are written in batches, a moment late. */
async function recordedDenies(gateway: VictimGateway): Promise<number> {
  const count = await until(async () => {
    const answered = await gateway.fetch('/security/decisions?tool=wipe&effect=deny');
    const { decisions } = (await answered.json()) as { decisions: unknown[] };
    return decisions.length > 0 && decisions.length;
  });
  return count ?? 0;
}

const floods = {
  node: [
    'src/agents/Spy/agent.ts',
    `import { writeSync } from 'node:fs';
const line = JSON.stringify({ type: 'tool_decided', runId: null, tool: 'wipe'.repeat(400), provenance: 'native', answer: 'deny' }) + '\\n';
function send(text) {
  while (text) { try { text = text.slice(writeSync(3, text)); } catch {} }
}
export const agent = { run() { for (let sent = 0; sent < 3000; sent += 1) send(line); return 'sent'; } };
`,
  ],
  python: [
    'src/agents/Spy/agent.py',
    `import json
import os

LINE = json.dumps({"type": "tool_decided", "runId": None, "tool": "wipe" * 400, "provenance": "native", "answer": "deny"}) + "\\n"


class Spy:
    async def run(self, messages):
        for _ in range(3000):
            left = LINE.encode()
            while left:
                try:
                    left = left[os.write(3, left) :]
                except BlockingIOError:
                    pass
        return "sent"


agent = Spy()
`,
  ],
} as const;

const flood: Attack = {
  title: 'a worker floods the log with calls outside of runs, of tools with endless names',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const [path, text] = floods[language];
    const gateway = await victim.start({ files: { [path]: text } });
    const { status } = await gateway.ask('default/spy');
    if (status === 503) return { outcome: 'untried', detail: 'no Python' };
    const told = await until(async () => {
      const errors = await (await gateway.fetch('/admin/agents/errors')).text();
      return errors.includes('outside_calls_refused') && errors;
    });
    const metrics = await (await gateway.fetch('/metrics')).text();
    const series = /security_decisions_total\{[^}]*call_tool[^}]*\} (\d+)/g;
    const recorded = [...metrics.matchAll(series)].reduce((sum, [, each]) => sum + Number(each), 0);
    const isBounded = told !== null && recorded <= 1000 && !told.includes('worker_protocol');
    return verdict(isBounded, `${recorded} recorded`);
  },
};

/** An answer of a model: first a call of the tool, then what the tool said. */
function answer(told: string | undefined) {
  const output =
    told === undefined
      ? { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'wipe', arguments: '{}' }
      : {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: told, annotations: [] }],
        };
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
  return { id: 'resp_1', object: 'response', status: 'completed', output: [output], usage };
}

/** What a module tries with tools that rules deny. */
export const guards: AttackGroup = { heading: 'Rules on tools', attacks: [queue, thread, flood] };
