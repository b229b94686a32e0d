import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/protocol/diagnostics.ts';
import { moduleLoad } from '../support/node-worker.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import {
  loadedWorker,
  pythonFindingOf,
  startPythonWorker,
  writePythonModule,
} from '../support/python-worker.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { textOf } from '../support/worker-run.ts';

const missing = await missingPython();

type Case = readonly [
  what: string,
  files: Readonly<Record<string, string>>,
  finding: Partial<Finding>,
];

const put = (name: string) =>
  `If it is a file of yours, put ${name}.py beside agent.py. If it is a package, write the name that its own documentation says into Written/requirements.txt, then run \`dropgate deps install default/written\`.`;

const imports: readonly Case[] = [
  ...['common', 'app', 'config'].map(
    (name): Case => [
      `a file that is called ${name}`,
      { 'agent.py': `from ${name} import settings\n` },
      {
        code: 'missing_file',
        line: 1,
        message: `Written/agent.py imports \`${name}\`, which is neither in the module's folder nor installed.`,
        hint: put(name),
      },
    ],
  ),
  [
    'a file in a folder of its own',
    { 'agent.py': 'from team.planner import plan\n' },
    { code: 'missing_file', line: 1, hint: put('team/planner') },
  ],
  [
    'a name of the file itself',
    { 'agent.py': '\nfrom agent import triage\n' },
    {
      code: 'circular_import',
      line: 2,
      message: 'Written/agent.py imports `triage` from `agent`, which is this very file.',
      hint: 'If it is another file of yours that was called agent.py, put it beside this one under another name, such as my_agent.py, and import `my_agent`.',
    },
  ],
  [
    'a folder that the SDK hides',
    { 'agent.py': 'from agents.planner import planner\n', 'agents/planner.py': 'planner = 1\n' },
    {
      code: 'missing_export',
      line: 1,
      message:
        'Written/agent.py imports `agents.planner`, but `agents` is the Agents SDK, which hides the folder of that name.',
      hint: 'Rename Written/agents, such as to `my_agents`, and what imports it.',
    },
  ],
  [
    'a part that the SDK does not have',
    { 'agent.py': 'from agents.planner import planner\n' },
    {
      code: 'missing_export',
      hint: 'If it is a file of yours, put planner.py beside agent.py and import `planner`: `agents` is the Agents SDK.',
    },
  ],
  [
    'a part that an installed package does not have',
    { 'agent.py': 'import pydantic.gone\n' },
    {
      code: 'missing_export',
      line: 1,
      message:
        'Written/agent.py imports `pydantic.gone`, but the installed `pydantic` has no such part.',
      hint: 'Correct the name, or install the version of `pydantic` that has it.',
    },
  ],
  [
    'a misspelt member',
    { 'agent.py': 'from agents import Agnet\n' },
    {
      code: 'missing_export',
      line: 1,
      message: '`agents` has no `Agnet`.',
      hint: 'Did you mean `Agent`?',
    },
  ],
  [
    'a misspelt member of an imported package',
    { 'agent.py': 'import agents\nagent = agents.Agnet(name="A")\n' },
    { code: 'missing_export', line: 2, hint: 'Did you mean `Agent`?' },
  ],
  [
    'an argument that the installed version does not take',
    { 'agent.py': 'from agents import Agent\nagent = Agent(name="A", persona="kind")\n' },
    {
      code: 'sdk_mismatch',
      line: 2,
      message:
        'Written/agent.py gives `Agent` the argument `persona`, which openai-agents 0.24.0, as it is installed, does not take.',
      hint: 'Remove it, or name the version that takes it: write `openai-agents==…` into Written/requirements.txt, then run `dropgate deps install default/written`.',
    },
  ],
  [
    'a misspelt argument',
    { 'agent.py': 'import openai as ai\nclient = ai.AsyncOpenAI(base_uri="http://127.0.0.1")\n' },
    { code: 'unknown_argument', line: 2, hint: 'Did you mean `base_url`?' },
  ],
  [
    'a file of data',
    { 'agent.py': 'text = open("data/faq.json").read()\n' },
    {
      code: 'missing_file',
      line: 1,
      message:
        'Written/agent.py needs the file `data/faq.json`, which is not there: relative paths begin in Written, where the agent works.',
      hint: 'Put it there (Written/data/faq.json), or write its whole path.',
    },
  ],
  [
    'an answer that nobody gives',
    { 'agent.py': 'name = input("Your name? ")\n' },
    {
      code: 'input_at_load',
      line: 1,
      message: 'Written/agent.py asks on the terminal while it is loaded, where nobody answers.',
    },
  ],
  [
    'a program',
    { 'agent.py': 'import subprocess\nsubprocess.run(["no-such-program"])\n' },
    {
      code: 'missing_program',
      line: 2,
      message:
        'Written/agent.py starts the program `no-such-program`, which is not on this machine.',
    },
  ],
  [
    'an extra of the SDK',
    { 'agent.py': 'from agents.extensions.models.litellm_model import LitellmModel\n' },
    {
      code: 'missing_package',
      line: 1,
      message:
        'Written/agent.py imports what only `openai-agents[litellm]` brings, which is not installed.',
      hint: 'Write `openai-agents[litellm]` into Written/requirements.txt, then run `dropgate deps install default/written`.',
    },
  ],
  [
    'a file beside it',
    { 'agent.py': 'from .team.planner import plan\n' },
    {
      code: 'missing_file',
      line: 1,
      hint: 'Correct the name, or put team/planner.py beside agent.py.',
    },
  ],
  [
    'a file above the folder',
    { 'agent.py': 'from ..common import settings\n' },
    {
      code: 'missing_file',
      line: 1,
      message: "Written/agent.py imports from above the module's folder, which is in no package.",
    },
  ],
];

const lacks = {
  code: 'missing_variable',
  message: 'Written/agent.py needs the environment variable `DESK_KEY`, which is not set.',
  hint: 'Write `DESK_KEY=…` into Written/.env.',
} as const;

const variables: readonly Case[] = [
  [
    'a KeyError',
    { 'agent.py': 'import os\nkey = os.environ["DESK_KEY"]\n' },
    { ...lacks, line: 2 },
  ],
  [
    'an error that names it',
    {
      'agent.py':
        'import os\nkey = os.getenv("DESK_KEY")\nif not key:\n    raise ValueError("Please set DESK_KEY first")\n',
    },
    { ...lacks, line: 4 },
  ],
  [
    'a function that reads it',
    {
      'agent.py':
        'import os\ndef need(name):\n    raise RuntimeError(f"Missing environment variable: {name}")\nneed("OPENAI_WEBHOOK_SECRET")\n',
    },
    {
      code: 'missing_variable',
      line: 3,
      hint: 'Write `OPENAI_WEBHOOK_SECRET=…` into Written/.env.',
    },
  ],
  [
    'what None cannot do',
    { 'agent.py': 'import os\nkey = os.getenv("DESK_KEY")\nparts = key.split(",")\n' },
    { ...lacks, line: 3 },
  ],
  [
    'an error that tells of the value alone',
    {
      'agent.py':
        'import os\nkey: str = os.getenv("DESK_KEY", "")\nif not key:\n    raise ValueError("The key is not in env")\n',
    },
    { ...lacks, line: 4 },
  ],
  [
    'a client without a key',
    {
      'agent.py':
        'import os\nfrom openai import AsyncOpenAI\nos.environ["OPENAI_API_KEY"] = ""\nkey: str = os.getenv("DESK_KEY", "")\nclient = AsyncOpenAI(api_key=key)\n',
    },
    { ...lacks, line: 5 },
  ],
  [
    'a line that reads it',
    { 'agent.py': 'import os\nos.environ["OTHER"] = os.getenv("DESK_KEY")\n' },
    { ...lacks, line: 2 },
  ],
];

/** Tells how often it ran. */
const counted =
  'import os\nos.environ["RUNS"] = os.environ.get("RUNS", "") + "I"\nclass Desk:\n    def run(self, messages): return os.environ["RUNS"]\nagent = Desk()\n';

describe.skipIf(missing)(`what a Python file lacks (${missing ?? 'runs'})`, () => {
  test.each(imports)('tells of %s', async (...args) => {
    const [, files, finding] = args;
    const found = await pythonFindingOf(await writePythonModule(files));
    expect(found).toMatchObject({ stage: 'load', severity: 'error', ...finding });
  });

  test.each(variables)('names a variable that is not set, told by %s', async (...args) => {
    const [, files, finding] = args;
    const found = await pythonFindingOf(await writePythonModule(files));
    expect(found).toMatchObject({ stage: 'load', severity: 'error', ...finding });
  });

  test.each([
    ['relative', 'from .agent import agent\n'],
    ['by name', 'from agent import agent\n'],
  ])('runs the module once where `__init__.py` imports it %s', async (...args) => {
    const [, init] = args;
    const { worker } = await loadedWorker({ 'agent.py': counted, '__init__.py': init });
    expect(textOf(await worker.eventsOf('Hi'))).toBe('I');
  });

  test('finds the siblings of a file that is linked, and what PYTHONPATH names in the project', async () => {
    const project = await tempFolder({
      'src/agents/Linked/.keep': '',
      'elsewhere/agent.py': 'from helper import agent\n',
      'elsewhere/helper.py':
        'class Desk:\n    def run(self, messages): return "Linked."\nagent = Desk()\n',
      'src/agents/Rooted/agent.py': 'from common.desk import agent\n',
      'common/desk.py':
        'class Desk:\n    def run(self, messages): return "Rooted."\nagent = Desk()\n',
    });
    const folderOf = (name: string) => join(project, 'src/agents', name);
    await symlink(join(project, 'elsewhere/agent.py'), join(folderOf('Linked'), 'agent.py'));
    const linked = await startPythonWorker(project);
    expect(await linked.load(moduleLoad(folderOf('Linked'), 'agent.py'))).toMatchObject({
      type: 'loaded',
    });
    const unnamed = moduleLoad(folderOf('Rooted'), 'agent.py');
    expect(await pythonFindingOf(unnamed)).toMatchObject({
      code: 'missing_file',
      hint: expect.stringContaining('write `PYTHONPATH=../../..` into '),
    });
    const rooted = await startPythonWorker(project);
    const named = { ...unnamed, env: { PYTHONPATH: '../../..' } };
    const answer = await rooted.load(named);
    const paths = answer.type === 'loaded' ? answer.manifest.files.map(({ path }) => path) : answer;
    expect(paths).toContain(join(project, 'common/desk.py'));
  });
});
