import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/protocol/diagnostics.ts';
import type { ModuleLoad } from '../../src/protocol/records.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import { loadedWorker, pythonFindingOf, writePythonModule } from '../support/python-worker.ts';

const missing = await missingPython();

const imports =
  'import asyncio\nfrom agents import Agent, Runner, function_tool, input_guardrail\n';
const pair = 'billing = Agent(name="Billing")\ndesk = Agent(name="Desk")\n';

type Served = readonly [
  what: string,
  source: string,
  exportName: string,
  warnings: readonly object[] | null,
];

const served: readonly Served[] = [
  [
    'the agent that main() starts, of two that lead nowhere',
    `${pair}async def main():\n    await Runner.run(desk, "Hi")\nif __name__ == "__main__":\n    asyncio.run(main())\n`,
    'desk',
    [
      {
        stage: 'export',
        code: 'agent_chosen',
        severity: 'info',
        message: '`desk` is served: agent.py starts it in line 6.',
        line: 4,
        hint: 'To make that explicit, add `__gateway__ = {"agent": "desk"}`.',
      },
    ],
  ],
  [
    'the agent that a local name and a parameter lead to',
    `${pair}def ask(agent, text):\n    return Runner.run_sync(agent, text)\ndef main():\n    current: Agent = desk\n    while True:\n        current = ask(current, "Hi").last_agent\n`,
    'desk',
    null,
  ],
  [
    'the root over agents used as tools',
    `${pair}faq = Agent(name="FAQ", tools=[desk.as_tool("ask", "Asks."), billing.as_tool("bill", "Bills.")])\n`,
    'faq',
    [],
  ],
  [
    'an agent beside one that only a guardrail uses',
    'checker = Agent(name="Checker")\n@input_guardrail\nasync def check(context, agent, given):\n    await Runner.run(checker, given)\ndesk = Agent(name="Desk", input_guardrails=[check])\n',
    'desk',
    [],
  ],
  [
    'an agent beside one that only a tool runs',
    'writer = Agent(name="Writer")\n@function_tool\nasync def write(text: str) -> str:\n    """Writes."""\n    return str(await Runner.run(writer, text))\ndesk = Agent(name="Desk", tools=[write])\n',
    'desk',
    [],
  ],
  [
    'the one that `__gateway__` names',
    `${pair}__gateway__ = {"agent": "billing"}\n`,
    'billing',
    [],
  ],
  [
    'a workflow of another name, with a plain text',
    `${pair}async def run_support_workflow(text: str):\n    return text\n`,
    'run_support_workflow',
    null,
  ],
];

type Refused = readonly [what: string, source: string, finding: Partial<Finding>];

const refused: readonly Refused[] = [
  [
    'an agent inside main() of which a line fails',
    'import os\nasync def main():\n    text = os.environ["OF_NOBODY"]\n    desk = Agent(name="Desk", instructions=text)\n    await Runner.run(desk, "Hi")\n',
    { code: 'agent_in_function', line: 6 },
  ],
  [
    'an agent inside main() that is made of what a model answers',
    'from openai import AsyncOpenAI\nasync def main():\n    text = await AsyncOpenAI().responses.create(model="x", input="Hi")\n    desk = Agent(name="Desk", instructions=text)\n    await Runner.run(desk, "Hi")\n',
    { code: 'agent_in_function', line: 6 },
  ],
  [
    'two agents that main() starts one after the other',
    `first = Agent(name="0")\n${pair}async def main():\n    await Runner.run(billing, "x")\n    await Runner.run(desk, "x")\n`,
    {
      code: 'several_agents',
      message:
        'src/agents/Written/agent.py has 3 agents (`billing`, `desk`, `first`), and none of them hands off to all others.',
      hint: 'Name the one to serve, likely `billing`, which line 7 starts: `agent = billing`.',
    },
  ],
  [
    'a name in `__gateway__` that is not there',
    `${pair}__gateway__ = {"agent": "dask"}\n`,
    {
      code: 'named_agent_missing',
      message:
        '`__gateway__.agent` names "dask", but agent.py has no agent of that name at its top level.',
      hint: 'Use one of `desk`, `billing`.',
    },
  ],
];

type Inner = readonly [what: string, source: string, exportName: string, told: Partial<Finding>];

/** Built inside a function, and served; each hint ends with the code that makes it explicit. */
const inner: readonly Inner[] = [
  [
    'an agent that main() builds around those at the top',
    `${pair}async def main():\n    model = "gpt-5.6-luna"\n    triage = Agent(name="Triage", model=model)\n    triage.handoffs = [billing, desk]\n    await Runner.run(triage, "Hi")\n`,
    'triage',
    {
      line: 9,
      message: '`triage` is served: agent.py builds it inside `main`, and starts it in line 9.',
      hint: expect.stringContaining(
        'It is built by the lines that it needs. To make that explicit, add:\n\ndef build_agent():\n',
      ) as unknown as string,
    },
  ],
  [
    'an agent with a server that its caller connects',
    'from agents.mcp import MCPServer, MCPServerStdio\nasync def run(mcp_server: MCPServer):\n    agent = Agent(name="Files", mcp_servers=[mcp_server])\n    await Runner.run(starting_agent=agent, input="Hi")\nasync def main():\n    folder = "."\n    async with MCPServerStdio(params={"command": "false", "args": [folder]}) as server:\n        await run(server)\n',
    'agent',
    {
      line: 6,
      message: '`agent` is served: agent.py builds it inside `run`, and starts it in line 6.',
    },
  ],
  [
    'an agent built in the call that runs it',
    'def main():\n    Runner.run_sync(Agent(name="Desk"), "Hi")\n',
    'agent',
    {
      line: 4,
      message: '`agent` is served: agent.py builds it inside `main`, and starts it in line 4.',
    },
  ],
  [
    'an agent that needs nothing of its function',
    'async def main():\n    desk = Agent(name="Desk")\n    await Runner.run(desk, "Hi")\n',
    'desk',
    { line: 5 },
  ],
  [
    'an agent that needs what a tool server and a folder of its own hold',
    'import os, tempfile\nclass MCPServerDesk:\n    session = None\n    async def __aenter__(self): return self\n    async def __aexit__(self, *_): ...\n    async def connect(self): self.session = self\n    async def words(self): return self.session.kept\n    kept = "Be kind."\nasync def main():\n    async with MCPServerDesk() as server:\n        with tempfile.TemporaryDirectory() as folder:\n            text = await server.words()\n            desk = Agent(name=folder, instructions=text)\n            await Runner.run(desk, "Hi")\n',
    'desk',
    {
      hint: expect.stringContaining(
        '    build_agent.folder = tempfile.TemporaryDirectory()\n    folder = build_agent.folder.__enter__()\n',
      ) as unknown as string,
    },
  ],
  [
    'an agent that needs what is awaited',
    'async def fetch():\n    return "Be brief."\nasync def main():\n    text = await fetch()\n    desk = Agent(name="Desk", instructions=text)\n    await Runner.run(desk, "Hi")\n',
    'desk',
    { line: 8 },
  ],
  [
    'an agent that needs what the command line may give',
    'import argparse\nasync def main(model: str, tone: str):\n    async def guide(context, agent):\n        spoken = tone\n        return spoken\n    if model:\n        name = "Desk"\n    desk = Agent(name=name, model=model, instructions=guide)\n    await Runner.run(desk, "Hi")\nif __name__ == "__main__":\n    parser = argparse.ArgumentParser()\n    parser.add_argument("--model", default="gpt-5.6-luna")\n    parser.add_argument("--tone")\n    args = parser.parse_args()\n    tone = args.tone or "Kind."\n    asyncio.run(main(args.model, tone))\n',
    'desk',
    {
      line: 11,
      hint: expect.stringContaining(
        "    model = 'gpt-5.6-luna'\n    tone = 'Kind.'\n",
      ) as unknown as string,
    },
  ],
];

/** Each hint ends with code that is added to the file, which then serves. */
const repaired: readonly Refused[] = [
  [
    'an agent beside one that is made of what it answered',
    'async def main():\n    first = Agent(name="First")\n    result = await Runner.run(first, "Hi")\n    second = Agent(name="Second", instructions=result.final_output)\n    await Runner.run(second, "Hi")\n',
    { code: 'agent_not_exported', line: 4 },
  ],
];

const shapes: readonly Refused[] = [
  [
    'a workflow of Temporal',
    'def desk_agent(): return Agent(name="Desk")\nclass Flow:\n    async def run(self, text: str):\n        await Runner.run(desk_agent(), text)\nsetattr(Flow, "__temporal_workflow_definition", 1)\n',
    {
      code: 'temporal_workflow',
      line: 4,
      message: expect.stringContaining(
        '`Flow` is a workflow of Temporal, which only a worker of Temporal runs.',
      ) as unknown as string,
    },
  ],
  [
    'agents in a dict',
    'agents = {"billing": Agent(name="Billing"), "faq": Agent(name="FAQ")}\n',
    {
      code: 'agents_in_container',
      line: 3,
      message: expect.stringContaining(
        '`agents` holds 2 agents (`Billing`, `FAQ`), of which none stands by itself.',
      ) as unknown as string,
    },
  ],
  ['agents in a list', 'team = [Agent(name="Billing")]\n', { code: 'agents_in_container' }],
  [
    'a factory called create()',
    'def create():\n    return Agent(name="Desk")\n',
    { code: 'factory_misnamed', line: 3 },
  ],
  [
    'an async factory of another name',
    'async def assemble() -> Agent:\n    desk = Agent(name="Desk")\n    return desk\n',
    { code: 'factory_misnamed', line: 3 },
  ],
  [
    'a factory that needs arguments, which main() gives it',
    'async def create_agent(name: str):\n    return Agent(name=name)\nasync def main():\n    name = "Desk"\n    agent = await create_agent(name)\n    await Runner.run(agent, "Hi")\n',
    { code: 'factory_needs_arguments', line: 3 },
  ],
  [
    'build_agent with a parameter, called with a constant',
    'def build_agent(tone):\n    return Agent(name="Desk", instructions=tone)\ndef main():\n    Runner.run_sync(build_agent("Kind."), "Hi")\n',
    { code: 'factory_needs_arguments', line: 3 },
  ],
  [
    'tools without an agent',
    'from agents import function_tool as ft\n@ft\ndef look_up(): ...\n',
    {
      code: 'no_agent',
      hint: expect.stringContaining(
        'agent = Agent(name="Written", instructions="…", tools=[look_up])',
      ) as unknown as string,
    },
  ],
  [
    'a class with run',
    'class Desk:\n    async def run(self, query: str):\n        return query\n',
    { code: 'class_exported', line: 3 },
  ],
  [
    'a class with run that needs an argument',
    'class Desk:\n    def __init__(self, tone): self.tone = tone\n    def run(self, messages): return self.tone\nasync def main():\n    print(Desk("kind").run([]))\n',
    { code: 'class_exported', line: 3 },
  ],
  [
    'an instance of any name that holds an agent',
    'class Bot:\n    def __init__(self): self.inner = Agent(name="Desk")\n    async def ask(self, text): return await Runner.run(self.inner, text)\nbot = Bot()\n',
    { code: 'wrong_export_kind', line: 6 },
  ],
  [
    'a class that builds its agent',
    'class Bot:\n    def __init__(self): self.inner = Agent(name="Desk")\n    async def ask(self, text): return await Runner.run(self.inner, text)\nasync def main():\n    await Bot().ask("Hi")\n',
    {
      code: 'class_exported',
      line: 3,
      message: expect.stringContaining(
        '`Bot` is a class, which builds an agent when an instance is made: its `inner`.',
      ) as unknown as string,
    },
  ],
  [
    'an instance that holds an agent',
    'class DeskAgent:\n    def __init__(self): self.inner = Agent(name="Desk")\ndesk = DeskAgent()\n',
    {
      code: 'wrong_export_kind',
      message: expect.stringContaining(
        '`desk` is an instance of `DeskAgent`, which is no agent and has no `run`.',
      ) as unknown as string,
    },
  ],
];

/** None of these is an agent, though each has a `run`. */
const servers: readonly Refused[] = [
  [
    'an MCP server',
    'from mcp.server import MCPServer\nserver = MCPServer("files")\n',
    { code: 'run_takes_no_messages', line: 4 },
  ],
  [
    'a thread and a loop',
    'import threading\nlooper = asyncio.Runner()\nother = threading.Thread()\n',
    { code: 'run_takes_no_messages', line: 4 },
  ],
  ['a script', 'def run(args):\n    print(args)\n', { code: 'run_takes_no_messages', line: 3 }],
  [
    'an object that runs something else',
    'class App:\n    def run(self, host, port): ...\napp = App()\n',
    {
      code: 'run_takes_no_messages',
      message: expect.stringContaining(
        '`app` has a `run`, but none that takes messages: `run(host, port)`.',
      ) as unknown as string,
    },
  ],
  [
    'a voice agent',
    'from agents.realtime import RealtimeAgent, RealtimeRunner\nasync def main():\n    voice = RealtimeAgent(name="Voice")\n    helper = Agent(name="Helper")\n    await RealtimeRunner(voice).run()\n',
    { code: 'realtime_agent', line: 5 },
  ],
];

describe.skipIf(missing)(`which agent of a Python file is served (${missing ?? 'runs'})`, () => {
  test.each(served)('serves %s', async (...args) => {
    const [, source, exportName, warnings] = args;
    const { manifest } = await loadedWorker({ 'agent.py': imports + source });
    expect(manifest.exportName).toBe(exportName);
    if (warnings) expect(manifest.warnings).toMatchObject(warnings);
  });

  test.each([...refused, ...servers])('tells of %s', async (...args) => {
    const [, source, finding] = args;
    expect(await findingOf(imports + source)).toMatchObject({ stage: 'export', ...finding });
  });

  test.each(inner)('serves %s', async (...args) => {
    const [, source, exportName, told] = args;
    const { manifest } = await loadedWorker({ 'agent.py': imports + source });
    expect(manifest.exportName).toBe(exportName);
    const chosen = manifest.warnings.find(({ code }) => code === 'agent_chosen');
    expect(chosen).toMatchObject({ stage: 'export', severity: 'info', ...told });
    const code = chosen?.hint?.split('\n\n').at(-1);
    const explicit = await loadedWorker({ 'agent.py': `${imports}${source}\n${code}\n` });
    expect(explicit.manifest.agents).toHaveLength(manifest.agents.length);
    expect(explicit.manifest.warnings.map((each) => each.code)).not.toContain('agent_chosen');
  });

  test.each([...repaired, ...shapes])(
    'tells the edit for %s, which then serves',
    async (...args) => {
      const [, source, finding] = args;
      const found = await findingOf(imports + source);
      expect(found).toMatchObject({ stage: 'export', severity: 'error', ...finding });
      const code = found.hint?.split('\n\n').at(-1);
      const { manifest } = await loadedWorker({ 'agent.py': `${imports}${source}\n${code}\n` });
      expect(manifest.kind).toBe(/class Desk:/.test(source) ? 'runnable' : 'agent');
    },
  );

  test('tells to take texts of a factory from the environment, where nothing calls it', async () => {
    const source =
      'async def make_agent(tone: str):\n    return Agent(name="Desk", instructions=tone)\n';
    const { code, hint } = await findingOf(imports + source);
    expect([code, hint]).toEqual([
      'factory_needs_arguments',
      "Call it; add:\n\nimport os\ndef build_agent():\n    return make_agent(tone=os.environ['TONE'])",
    ]);
  });

  test('takes an own agent before imported ones, and imported ones where there is no other', async () => {
    const files = { 'helpers.py': `${imports}${pair}` };
    const own = await loadedWorker({
      'agent.py': `${imports}from helpers import billing, desk\ntriage = Agent(name="Triage")\n`,
      ...files,
    });
    expect(own.manifest.exportName).toBe('triage');
    const foreign = await loadedWorker({ 'agent.py': 'from helpers import desk\n', ...files });
    expect(foreign.manifest.exportName).toBe('desk');
  });
});

async function findingOf(source: string): Promise<Finding> {
  const load: ModuleLoad = await writePythonModule({ 'agent.py': source });
  return pythonFindingOf(load);
}
