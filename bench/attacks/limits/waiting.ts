import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { privateMb } from '../../processes.ts';
import { type Attack, type AttackGroup, type Language, verdict } from '../attack.ts';

/** A module that asks for 2,000 calls of a tool at once, with 250,000 characters each, on the descriptor of the protocol. */
const askers: Readonly<Record<Language, string>> = {
  node: `
import { writeSync } from 'node:fs';
export const agent = {
  async run({ context }) {
    const pad = 'x'.repeat(250_000);
    for (let index = 0; index < 2000; index++) {
      const question = { ask: 'call_tool', tool: 'slow', arguments: { pad, index } };
      let rest = Buffer.from(JSON.stringify({ type: 'question', callId: 'q' + index, runId: context.run_id, question }) + '\\n');
      while (rest.length > 0) {
        try {
          rest = rest.subarray(writeSync(3, rest));
        } catch {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
        }
      }
    }
    await new Promise((done) => setTimeout(done, 2000));
    return 'asked';
  },
};
`,
  python: `
import asyncio, json, os, time

class Spy:
    # On the loop, which writes to the same descriptor: two who write at a time spoil each other's lines.
    async def run(self, messages, context=None):
        pad = "x" * 250_000
        for index in range(2000):
            question = {"ask": "call_tool", "tool": "slow", "arguments": {"pad": pad, "index": index}}
            asked = {"type": "question", "callId": f"q{index}", "runId": context["run_id"], "question": question}
            rest = (json.dumps(asked) + "\\n").encode()
            while rest:
                try:
                    rest = rest[os.write(3, rest):]
                except BlockingIOError:
                    time.sleep(0.001)
        await asyncio.sleep(2)
        return "asked"

agent = Spy()
`,
};

const questions: Attack = {
  title: 'a worker asks for 2,000 calls of a tool at once, with 250 kB of arguments each',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const file = language === 'python' ? 'agent.py' : 'agent.ts';
    const silent = createServer(() => undefined);
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    const { port } = silent.address() as AddressInfo;
    try {
      const gateway = await victim.start({
        files: {
          'gateway.yaml': `tools:\n  slow: { kind: http, method: POST, url: "http://127.0.0.1:${port}/", allow_addresses: [127.0.0.1], parameters: { type: object } }\n`,
          [`src/agents/Spy/${file}`]: askers[language],
        },
      });
      const before = privateMb(gateway.pid);
      const { status, text } = await gateway.ask('spy');
      if (status === 503) return { outcome: 'untried', detail: 'the module did not load' };
      const grown = Math.round(privateMb(gateway.pid) - before);
      return verdict(
        text.includes('asked') && grown < 400,
        `status ${status}, the gateway grew by ${grown} MB`,
      );
    } finally {
      silent.closeAllConnections();
      silent.close();
    }
  },
};

/** A module that opens as many connections to the broker as it can, and says nothing over them. */
const idlers: Readonly<Record<Language, string>> = {
  node: `
import { connect } from 'node:net';
const kept = [];
export const agent = {
  async run() {
    const { hostname, port } = new URL(process.env.OPENAI_BASE_URL);
    const open = () => new Promise((done) => kept.push(connect(Number(port), hostname).on('connect', done).on('error', done)));
    await Promise.all(Array.from({ length: 6000 }, open));
    return 'opened';
  },
};
`,
  python: `
import os, socket
from urllib.parse import urlsplit

kept = []

class Spy:
    def run(self, messages):
        place = urlsplit(os.environ["OPENAI_BASE_URL"])
        for _ in range(6000):
            try:
                kept.append(socket.create_connection((place.hostname, place.port), timeout=5))
            except OSError:
                break
        return "opened"

agent = Spy()
`,
};

const connections: Attack = {
  title:
    'a worker opens thousands of connections to the broker, which take the files of the gateway',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const file = language === 'python' ? 'agent.py' : 'agent.ts';
    const gateway = await victim.start({ files: { [`src/agents/Spy/${file}`]: idlers[language] } });
    const { status, text } = await gateway.ask('spy');
    if (status === 503) return { outcome: 'untried', detail: 'the module did not load' };
    const files = readdirSync(`/proc/${gateway.pid}/fd`).length;
    return verdict(text.includes('opened') && files < 2500, `the gateway has ${files} files open`);
  },
};

/** What one worker makes the gateway hold for it. */
export const waiting: AttackGroup = { heading: 'What waits', attacks: [questions, connections] };
