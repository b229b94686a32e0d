import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/protocol/diagnostics.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import {
  loadedWorker,
  pythonFindingOf,
  startPythonWorker,
  writePythonModule,
} from '../support/python-worker.ts';
import { startUpstream } from '../support/scripted-upstream.ts';
import { textOf } from '../support/worker-run.ts';

const missing = await missingPython();

const agent = 'import asyncio, sys\nfrom agents import Agent, Runner\nagent = Agent(name="A")\n';
const main =
  'async def main():\n    result = await Runner.run(agent, "Hi")\n    print(result.final_output)\n';

type Case = readonly [what: string, source: string, warning: Partial<Finding>];

const served: readonly Case[] = [
  [
    'asks a model',
    `${main}asyncio.run(main())\n`,
    {
      code: 'call_at_load',
      line: 5,
      message:
        'agent.py starts an agent while it is loaded (line 5), which is refused: it would cost at each save.',
      hint: 'Put it under `if __name__ == "__main__":`, or permit it: `__gateway__ = {"calls_at_load": "allow"}`.',
    },
  ],
  [
    'asks a model and prints what it said',
    'result = Runner.run_sync(agent, "Hi")\nprint(result.final_output)\n',
    { code: 'call_at_load', line: 4 },
  ],
  [
    'has a main() that fails',
    'def main():\n    raise LookupError("no database")\nmain()\n',
    {
      code: 'script_failed',
      line: 5,
      message:
        'agent.py failed on its own while it was loaded (line 5: LookupError: no database); the agent is served all the same.',
      hint: 'Put line 6 under `if __name__ == "__main__":`.',
    },
  ],
  [
    'has a main() that fails before all is built',
    'def main():\n    raise LookupError("no database")\nmain()\n__gateway__ = {"agent": "agent"}\n',
    { code: 'script_failed', line: 5, hint: 'Put line 6 under `if __name__ == "__main__":`.' },
  ],
  [
    'prints what a model said before all is built',
    'result = Runner.run_sync(agent, "Hi")\nprint(result.final_output)\nother = Agent(name="B", handoffs=[agent])\nagent = other\n',
    { code: 'call_at_load', line: 4 },
  ],
  [
    'ends itself',
    'def main(): return 2\nsys.exit(main())\n',
    {
      code: 'script_failed',
      line: 5,
      message:
        'agent.py failed on its own while it was loaded (line 5: it ended itself with exit code 2); the agent is served all the same.',
    },
  ],
  ['asks for input', 'while True:\n    text = input("> ")\n', { code: 'script_left_out', line: 4 }],
  ['asks for one input', 'name = input("> ")\n', { code: 'script_failed', line: 4 }],
  [
    'reads a command line',
    'import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument("file")\nargs = parser.parse_args()\nprint(args)\n',
    { code: 'script_failed', line: 7 },
  ],
  [
    'starts a web server',
    'import uvicorn\nfrom starlette.applications import Starlette\napp = Starlette()\nuvicorn.run(app, port=1)\n',
    {
      code: 'script_left_out',
      line: 7,
      message:
        'agent.py starts what never ends while it is loaded (line 7: `uvicorn.run(app, port=1)`), so that is left out; the agent is served.',
      hint: 'Put it under `if __name__ == "__main__":`.',
    },
  ],
  [
    'starts a web server in its main()',
    'import uvicorn\nasync def serve(): uvicorn.Server(None).serve_forever()\nasync def main():\n    await serve()\nasyncio.run(main())\n',
    {
      code: 'script_left_out',
      line: 8,
      message:
        'agent.py starts what never ends while it is loaded (line 8: `asyncio.run(main())`), so that is left out; the agent is served.',
    },
  ],
  [
    'asks a model with a client of its own',
    'from openai import OpenAI\nanswer = OpenAI().responses.create(model="m", input="Hi")\n',
    {
      code: 'call_at_load',
      line: 5,
      message:
        'agent.py asks a model while it is loaded (line 5), which is refused: it would cost at each save.',
    },
  ],
  [
    'asks a model with an async client',
    'from openai import AsyncOpenAI\nasync def main():\n    await AsyncOpenAI().chat.completions.create(model="m", messages=[])\nasyncio.run(main())\n',
    { code: 'call_at_load', line: 6 },
  ],
  [
    'asks a model with another HTTP client',
    'import os, requests\naddress = os.environ["OPENAI_BASE_URL"]\nrequests.post(address + "/responses", json={})\n',
    { code: 'call_at_load', line: 6 },
  ],
  [
    'asks a model with an async one',
    'import os, httpx2\nasync def main():\n    async with httpx2.AsyncClient() as client:\n        await client.post(os.environ["OPENAI_BASE_URL"] + "/chat/completions", json={})\nasyncio.run(main())\n',
    { code: 'call_at_load', line: 7 },
  ],
  [
    'ends its process',
    'import os\ndef main(): os._exit(4)\nmain()\n',
    {
      code: 'script_failed',
      line: 5,
      message:
        'agent.py failed on its own while it was loaded (line 5: it ended itself with exit code 4); the agent is served all the same.',
    },
  ],
  [
    'launches a user interface',
    'class Demo:\n    def launch(self): raise SystemExit\ndemo = Demo()\ndemo.launch()\n',
    { code: 'script_left_out', line: 7 },
  ],
  [
    'starts a loop of questions',
    'from agents import run_demo_loop\nasyncio.run(run_demo_loop(agent))\n',
    { code: 'script_left_out', line: 5 },
  ],
];

describe.skipIf(missing)(`scripts in Python (${missing ?? 'runs'})`, () => {
  test.each(served)('serves the agent of a file that %s when it is loaded', async (...args) => {
    const [, source, warning] = args;
    const { manifest } = await loadedWorker({ 'agent.py': agent + source });
    expect(manifest.exportName).toBe('agent');
    expect(manifest.warnings).toMatchObject([
      { stage: 'load', severity: 'warning', hint: expect.stringContaining('__main__'), ...warning },
    ]);
  });

  test.each([
    [
      'the command line, which the agent is made of',
      'import argparse\nfrom agents import Agent\nparser = argparse.ArgumentParser()\nparser.add_argument("name")\nargs = parser.parse_args()\nagent = Agent(name=args.name)\n',
      {
        code: 'process_exit',
        line: 5,
        message:
          'The module reads its command line (argparse) while it is loaded, and there is none.',
        hint: 'Put `parse_args()` under `if __name__ == "__main__":`, or give its arguments default values.',
      },
    ],
    [
      'an agent that is made of what a model said',
      'from openai import OpenAI\nfrom agents import Agent\nsaid = OpenAI().responses.create(model="m", input="Hi")\nagent = Agent(name="A", instructions=said.output_text)\n',
      { code: 'call_at_load', severity: 'error', line: 3 },
    ],
    [
      'an agent with an argument of another name, beside one that is whole',
      `${agent}other = Agent(nam="B")\n`,
      { code: 'unknown_argument', line: 4, hint: 'Did you mean `name`?' },
    ],
  ])('refuses %s', async (...args) => {
    const [, source, finding] = args;
    const load = await writePythonModule({ 'agent.py': source });
    expect(await pythonFindingOf(load)).toMatchObject({ stage: 'load', ...finding });
  });

  test.each([
    ['sleeps', 'import time\ndef main():\n    time.sleep(3600)\nmain()\n', 6],
    [
      'waits in a loop',
      'async def main():\n    await asyncio.sleep(3600)\nasyncio.run(main())\n',
      5,
    ],
    [
      'goes on after each error',
      'def main():\n    while True:\n        try:\n            while True: pass\n        except ValueError: pass\nmain()\n',
      7,
    ],
  ])('serves the agent of a file that %s, and tells the line', async (...args) => {
    const [, source, line] = args;
    const load = await writePythonModule({ 'agent.py': agent + source });
    const worker = await startPythonWorker(join(load.folder, '..'));
    expect(await worker.load(load, 1000)).toMatchObject({
      type: 'loaded',
      manifest: {
        exportName: 'agent',
        warnings: [
          {
            code: 'script_failed',
            line,
            message: `agent.py failed on its own while it was loaded (line ${line}: it did not end within 1000 ms); the agent is served all the same.`,
          },
        ],
      },
    });
  });

  test.each([
    [
      'the top of it',
      'import time\ntime.sleep(3600)\nfrom agents import Agent\nagent = Agent(name="A")\n',
      2,
      'time.sleep(3600)',
    ],
    [
      'a factory',
      'import asyncio\nasync def build_agent():\n    await asyncio.Event().wait()\n',
      3,
      'await asyncio.Event().wait()',
    ],
  ])('tells the line where %s hangs', async (...args) => {
    const [, source, line, code] = args;
    const load = await writePythonModule({ 'agent.py': source });
    const worker = await startPythonWorker(join(load.folder, '..'));
    expect(await worker.load(load, 1000)).toMatchObject({
      type: 'load_failed',
      findings: [
        {
          stage: 'load',
          code: 'load_timeout',
          line,
          message: `src/agents/Written/agent.py did not finish loading within 1000 ms: line ${line} of agent.py goes on (\`${code}\`).`,
          hint: 'Put what takes so long under `if __name__ == "__main__":`, or into a function that runs later; raise worker.load_timeout_ms if it needs the time.',
        },
      ],
    });
  });

  test('asks a model at load where that is permitted, and has good connections afterwards', async () => {
    const upstream = await startUpstream({ text: ['Hello.'] });
    const { worker, manifest } = await loadedWorker(
      {
        'agent.py': `${agent}${main}__gateway__ = {"calls_at_load": "allow"}\nasyncio.run(main())\n`,
      },
      upstream.baseUrl,
    );
    expect(manifest.warnings).toEqual([]);
    expect(textOf(await worker.eventsOf('Hi'))).toBe('Hello.');
    expect(upstream.calls).toHaveLength(2);
  });
});
