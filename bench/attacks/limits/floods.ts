import { setTimeout as wait } from 'node:timers/promises';
import { privateMb } from '../../processes.ts';
import { type Attack, type AttackGroup, type Language, verdict } from '../attack.ts';

const file = (language: Language) => `agent.${language === 'python' ? 'py' : 'ts'}`;

/** A module that writes so many of an event, in which `index` counts up, on the descriptor of the protocol. */
const writers: Readonly<Record<Language, (event: string, count: number) => string>> = {
  node: (event, count) => `
import { writeSync } from 'node:fs';
export const agent = {
  async run({ context }) {
    for (let index = 0; index < ${count}; index++) {
      const event = (${event});
      let rest = Buffer.from(JSON.stringify({ type: 'event', runId: context.run_id, event }) + '\\n');
      while (rest.length > 0) {
        try {
          rest = rest.subarray(writeSync(3, rest));
        } catch {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
        }
      }
    }
    return 'written';
  },
};
`,
  python: (event, count) => `
import json, os, time

class Spy:
    def run(self, messages, context=None):
        for index in range(${count}):
            event = ${event}
            rest = (json.dumps({"type": "event", "runId": context["run_id"], "event": event}) + "\\n").encode()
            while rest:
                try:
                    rest = rest[os.write(3, rest):]
                except BlockingIOError:
                    time.sleep(0.001)
        return "written"

agent = Spy()
`,
};

const endlessText: Readonly<Record<Language, string>> = {
  node: `{ type: 'text', delta: 'x'.repeat(4 * 1024 * 1024) }`,
  python: `{"type": "text", "delta": "x" * (4 * 1024 * 1024)}`,
};

const answers: Attack = {
  title: 'an agent says 240 MiB to callers that want it whole',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const text = writers[language](endlessText[language], 60);
    const gateway = await victim.start({ files: { [`src/agents/Spy/${file(language)}`]: text } });
    const { status, text: said } = await gateway.ask('spy');
    if (status === 503) return { outcome: 'untried', detail: 'the module did not load' };
    return verdict(said.length < 1024, `status ${status}, ${said.length} characters`);
  },
};

const failures: Readonly<Record<Language, string>> = {
  node: `{ type: 'tool_ended', callId: 'c' + index, tool: 't' + index, agent: 'a', provenance: 'native', outcome: 'failed',
        durationMs: 1, detail: { class: 'Error', message: 'flood ' + index, stage: 'tool' } }`,
  python: `{"type": "tool_ended", "callId": f"c{index}", "tool": f"t{index}", "agent": "a", "provenance": "native",
                "outcome": "failed", "durationMs": 1, "detail": {"class": "E", "message": f"flood {index}", "stage": "tool"}}`,
};

const diagnostics: Attack = {
  title:
    'failures of 3,000 kinds push those of others out of the list, and their tools out of metrics',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const gateway = await victim.start({
      files: {
        'src/agents/Broken/agent.ts': 'throw new Error("no luck");\n',
        'src/agents/Other/agent.ts': writers.node(failures.node, 1),
        [`src/agents/Spy/${file(language)}`]: writers[language](failures[language], 3000),
      },
    });
    const { status } = await gateway.ask('spy');
    if (status === 503) return { outcome: 'untried', detail: 'the module did not load' };
    await gateway.ask('other');
    // Events are taken as they come, some after the answer.
    await wait(1000);
    const listed = await (await gateway.fetch('/admin/agents/errors?agent=default/broken')).text();
    const metrics = await (await gateway.fetch('/metrics')).text();
    const isListed = listed.includes('no luck');
    const isCounted = /tool_calls_total\{tool="t0"[^}]*agent="default\/other"/.test(metrics);
    return verdict(isListed && isCounted, `listed ${isListed}, counted ${isCounted}`);
  },
};

/** A module that begins forty model calls, reads two thirds of each long answer and no more. */
const halfReaders: Readonly<Record<Language, string>> = {
  node: `
import { request } from 'node:http';
const kept = [];
export const agent = {
  async run() {
    const { hostname: host, port } = new URL(process.env.OPENAI_BASE_URL);
    const headers = { authorization: 'Bearer ' + process.env.OPENAI_API_KEY, 'content-type': 'application/json' };
    const left = () => new Promise((done) => {
      const call = request({ host, port, path: '/v1/responses', method: 'POST', headers });
      call.on('error', done).on('response', (answer) => {
        let length = 0;
        answer.on('error', done).on('close', done).on('data', (piece) => {
          length += piece.length;
          if (length < 20 * 2 ** 20) return;
          answer.pause();
          done();
        });
      });
      call.end('{"model":"m","input":"hi"}');
      kept.push(call);
    });
    await Promise.all(Array.from({ length: 40 }, left));
    return 'left';
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
        body = b'{"model":"m","input":"hi"}'
        head = (
            "POST /v1/responses HTTP/1.1\\r\\nhost: broker\\r\\nauthorization: Bearer "
            + os.environ["OPENAI_API_KEY"]
            + f"\\r\\ncontent-type: application/json\\r\\ncontent-length: {len(body)}\\r\\n\\r\\n"
        ).encode()
        for _ in range(40):
            call = socket.create_connection((place.hostname, place.port))
            call.sendall(head + body)
            kept.append(call)
        for call in kept:
            length = 0
            while length < 20 * 2**20:
                piece = call.recv(2**20)
                length += len(piece)
                if not piece:
                    break
        return "left"

agent = Spy()
`,
};

const unread: Attack = {
  title: 'a worker leaves forty answers of models, of 30 MiB each, at two thirds',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const long = JSON.stringify({ object: 'response', output: [], pad: 'x'.repeat(30 * 2 ** 20) });
    const gateway = await victim.start({
      files: { [`src/agents/Spy/${file(language)}`]: halfReaders[language] },
      upstream: (_request, _body, response) =>
        void response.writeHead(200, { 'content-type': 'application/json' }).end(long),
    });
    const before = privateMb(gateway.pid);
    const { status, text } = await gateway.ask('spy');
    if (status === 503) return { outcome: 'untried', detail: 'the module did not load' };
    const grown = Math.round(privateMb(gateway.pid) - before);
    return verdict(
      text.includes('left') && grown < 600,
      `status ${status}, the gateway grew by ${grown} MB`,
    );
  },
};

/** What one worker does to what is held and shown of others. */
export const floods: AttackGroup = { heading: 'Floods', attacks: [answers, diagnostics, unread] };
