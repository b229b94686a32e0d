import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import {
  call,
  diagnosticsOf,
  expectNoInsides,
  logOf,
  toldToCallers,
  untilAnswered,
} from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { type Parrot, startParrot } from './parrot.ts';
import { processesIn, seesProcesses } from './processes.ts';
import { until } from './until.ts';

const missing = await missingPython();

/** An agent whose tool does what hurts, each on request. */
const actor = `import asyncio
import os
import sys
import time

from agents import Agent, function_tool


@function_tool
async def act(how: str) -> str:
    if how == "block":
        time.sleep(3600)
    if how == "hoard":
        held = []
        while True:
            held.append(b"x" * (16 << 20))
            await asyncio.sleep(0.01)
    if how == "exit":
        os._exit(3)
    child = os.fork()
    if child == 0:
        print("child of a tool")
        os._exit(0)
    os.waitpid(child, 0)
    return "forked"


@function_tool
def pour() -> str:
    # In a thread: how long it takes is the reader's doing, and nothing is blocked by it.
    for _ in range(100 * 1024):
        sys.stdout.write("x" * 1023 + "\\n")
    return "poured"


agent = Agent(name="Actor", instructions="Acted.", tools=[act, pour])
`;

const plain = `class Plain:
    async def run(self, messages):
        yield "Begun"
        if "raise" in messages[-1]["content"]:
            raise LookupError("hunter2")


agent = Plain()
`;

const deadlyLoads = [
  { name: 'Hangs', text: 'import time\nwhile True:\n    time.sleep(1)\n', code: 'load_timeout' },
  { name: 'Exits', text: 'import os\nos._exit(3)\n', code: 'process_exit' },
];

/** What a tool does that its process does not survive. */
const deadlyActs = [
  { how: 'hoard', what: 'takes memory without end', code: 'worker_memory' },
  { how: 'block', what: 'blocks the process', code: 'worker_stalled' },
  { how: 'exit', what: 'ends the process', code: 'worker_exited' },
] as const;

type Chosen = {
  readonly acts: readonly (typeof deadlyActs)[number]['how'][];
  /** Whether a tool prints 100 MB too. */
  readonly prints: boolean;
  /** Whether there are modules that hang and exit while they load. */
  readonly loads: boolean;
};

/** Faults of agents in Python; each of these acts and loads takes a process that has to import the SDK anew. */
export function testPythonFaults({ acts, prints, loads }: Chosen): void {
  describe.skipIf(missing)(`faults of agents in Python (${missing ?? 'run'})`, () => {
    let parrot: Parrot;
    let gateway: TestGateway;
    const deadly = loads ? deadlyLoads : [];

    beforeAll(async () => {
      parrot = await startParrot();
      const modules = deadly.map(({ name, text }) => [`src/agents/${name}/agent.py`, text]);
      gateway = await startGateway({
        files: {
          'src/agents/Actor/agent.py': actor,
          'src/agents/Plain/agent.py': plain,
          ...Object.fromEntries(modules),
          'gateway.yaml': 'worker: { spares: 0, stall_timeout_ms: 3000, memory_limit_mb: 512 }\n',
        },
        isLoadingStill: true,
        env: {
          GATEWAY_PYTHON: pythonWithSdk(),
          OPENAI_API_KEY: 'sk-parrot',
          OPENAI_BASE_URL: parrot.baseUrl,
          GATEWAY_UPSTREAM_API: 'responses',
        },
      });
    });
    afterAll(async () => {
      await gateway?.stop();
      parrot?.stop();
    });

    const askActor = (content: string) =>
      call(gateway, gateway.key, { model: 'default/actor', content });
    const act = (how: string) => askActor(`call act {"how":"${how}"}`);
    const expectPlainAnswers = async () => {
      const reply = await call(gateway, gateway.key, { model: 'default/plain' });
      expect(reply.content).toBe('Begun');
    };

    test('an async generator that raises ends its stream with an error, told with its line', async () => {
      await expectPlainAnswers();
      const reply = await call(gateway, gateway.key, {
        model: 'default/plain',
        content: 'raise',
        stream: true,
      });
      expect([reply.content, reply.error?.code]).toEqual(['Begun', 'agent_error']);
      expect(reply.text).toMatch(/\n\ndata: \[DONE\]\n\n$/);
      expectNoInsides(toldToCallers(reply.error));
      const [found] = await diagnosticsOf(gateway, 'default/plain');
      expect(found).toMatchObject({ code: 'run_failed', message: 'LookupError: hunter2', line: 5 });
      await expectPlainAnswers();
    });

    test('a fork in a tool is the agent’s own matter', async () => {
      expect((await act('fork')).content).toBe('Acted. [forked]');
      await until('what the child printed', () =>
        logOf(gateway, 'default/actor').some((entry) => entry.includes('child of a tool')),
      );
    });

    const printed = prints ? ['100 MB'] : [];
    test.runIf(seesProcesses).each(printed)(
      'a tool that prints %s is cut short in the log, and the run goes on',
      async () => {
        const before = rssMb(gateway.pid);
        const [reply] = await Promise.all([askActor('call pour {}'), expectPlainAnswers()]);
        expect(reply.content).toBe('Acted. [poured]');
        await until('the mark of what is left out', () =>
          logOf(gateway, 'default/actor').some((entry) => entry.includes('lines dropped')),
        );
        expect(gateway.logs().length).toBeLessThan(20 << 20);
        expect(rssMb(gateway.pid) - before).toBeLessThan(200);
      },
    );

    test.each(deadlyActs.filter(({ how }) => acts.includes(how)))(
      'a tool that $what ends with its process alone, and the agent runs anew',
      async (one) => {
        await untilAnswered(gateway, { model: 'default/actor' });
        const [reply] = await Promise.all([act(one.how), expectPlainAnswers()]);
        expect([reply.status, reply.error?.code]).toEqual([500, 'agent_error']);
        expectNoInsides(toldToCallers(reply.error));
        await until('its diagnostic', async () =>
          (await diagnosticsOf(gateway, 'default/actor')).some(({ code }) => code === one.code),
        );
        await expectPlainAnswers();
        expect(await untilAnswered(gateway, { model: 'default/actor' })).toBe('Acted.');
      },
    );

    test.each(deadly)(
      '$name while it loads, is told so and leaves nothing running',
      async (one) => {
        const id = `default/${one.name.toLowerCase()}`;
        const [found] = await until('its diagnostic', async () => {
          const all = await diagnosticsOf(gateway, id);
          return all.length > 0 && all;
        });
        expect(found).toMatchObject({ stage: 'load', code: one.code });
        const reply = await call(gateway, gateway.key, { model: id });
        expect([reply.status, reply.error?.code]).toEqual([503, 'agent_unavailable']);
      },
    );

    test('after all that the gateway ends cleanly, with nothing left running', async () => {
      expect(await gateway.end('SIGTERM')).toEqual({ code: 0, signal: null });
      expect(await processesIn(gateway.project.root)).toEqual([]);
    });
  });
}

function rssMb(pid: number): number {
  const [, kb = '0'] =
    /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kb) / 1024;
}
