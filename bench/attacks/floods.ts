import { setTimeout as wait } from 'node:timers/promises';
import { type Attack, type AttackGroup, type Language, verdict } from './attack.ts';

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

/** What one worker does to what is held and shown of others. */
export const floods: AttackGroup = { heading: 'Floods', attacks: [answers, diagnostics] };
