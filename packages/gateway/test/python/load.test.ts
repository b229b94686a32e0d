import { execFile } from 'node:child_process';
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/protocol/diagnostics.ts';
import { makePipe } from '../support/make-pipe.ts';
import { pythonFolder } from '../support/python-start.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import {
  loadedWorker,
  pythonFindingOf,
  spawnPythonWorker,
  startPythonWorker,
  writePythonModule,
} from '../support/python-worker.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { textOf } from '../support/worker-run.ts';

const execute = promisify(execFile);

const missing = await missingPython();

type Files = Readonly<Record<string, string>>;
type Case = readonly [what: string, files: Files, finding: Partial<Finding>];

const failures: readonly Case[] = [
  [
    'a syntax error',
    { 'agent.py': 'import os\n\nagent = Agent(name="x"\nx = 1\n' },
    { code: 'syntax_error', line: 3, column: 14, hint: 'Fix the syntax at the marked place.' },
  ],
  [
    'tabs mixed with spaces',
    { 'agent.py': 'if True:\n        x = 1\n\ty = 2\n' },
    { code: 'syntax_error', line: 3, hint: 'Indent with spaces only.' },
  ],
  [
    'an import that is not installed',
    { 'agent.py': 'import os\nimport yaml\n' },
    {
      code: 'missing_package',
      line: 2,
      message: 'Written/agent.py imports `yaml`, but package `PyYAML` is not installed.',
      hint: 'Write `PyYAML` into Written/requirements.txt, then run `dropgate deps install default/written`.',
    },
  ],
  [
    'an import inside a helper that is not installed',
    { 'agent.py': 'import helper\n', 'helper.py': 'x = 1\nfrom sklearn import svm\n' },
    {
      code: 'missing_package',
      file: expect.stringMatching(/Written\/helper\.py$/) as unknown as string,
      line: 2,
      message: 'Written/helper.py imports `sklearn`, but package `scikit-learn` is not installed.',
    },
  ],
  [
    'a relative helper that is not there',
    { 'agent.py': 'from .helper import x\n' },
    {
      code: 'missing_file',
      line: 1,
      message: "Written/agent.py imports `helper`, which is not in the module's folder.",
    },
  ],
  [
    'a name that the other file does not have',
    { 'agent.py': 'from helper import gone\n', 'helper.py': 'x = 1\n' },
    { code: 'missing_export', line: 1, message: '`helper` has no `gone`.' },
  ],
  [
    'a circular import',
    {
      'agent.py': 'from a import x\n',
      'a.py': 'from b import y\nx = 1\n',
      'b.py': 'from a import x\ny = 1\n',
    },
    {
      code: 'circular_import',
      line: 1,
      file: expect.stringMatching(/b\.py$/) as unknown as string,
    },
  ],
  [
    'an exit at the top level',
    { 'agent.py': 'import sys\nsys.exit(3)\n' },
    {
      code: 'process_exit',
      line: 2,
      message: 'The module ended its process with exit code 3 while it was loaded.',
    },
  ],
  [
    'an error at the top level of a helper',
    { 'agent.py': 'import helper\n', 'helper.py': 'x = {}["key"]\n' },
    {
      code: 'import_failed',
      line: 1,
      message: "src/agents/Written/agent.py raised while it was imported: KeyError: 'key'",
      file: expect.stringMatching(/helper\.py$/) as unknown as string,
    },
  ],
  [
    'no agent at all',
    { 'agent.py': 'from agents import Agent\nanswer = 42\n' },
    {
      stage: 'export',
      code: 'no_agent',
      message:
        'src/agents/Written/agent.py has nothing to serve. There is no agent in it. It has `answer` (a int).',
    },
  ],
  [
    'an agent that is built inside a function',
    { 'agent.py': 'from agents import Agent\ndef main():\n    bot = Agent(name="x")\n' },
    { stage: 'export', code: 'agent_not_exported', line: 3 },
  ],
  [
    'a factory that requires what nobody gives',
    { 'agent.py': 'def build_agent(database):\n    return None\n' },
    {
      stage: 'export',
      code: 'factory_needs_arguments',
      line: 1,
      message:
        '`build_agent` in src/agents/Written/agent.py requires `database`, which nobody gives it.',
    },
  ],
  [
    'two agents of which none hands off to the other',
    { 'agent.py': 'from agents import Agent\none = Agent(name="1")\ntwo = Agent(name="2")\n' },
    { stage: 'export', code: 'several_agents', line: 2 },
  ],
];

describe.skipIf(missing)(`loading a Python module (${missing ?? 'runs'})`, () => {
  test.each(failures)('tells file, line and fix of %s', async (...args) => {
    const [, files, finding] = args;
    const load = await writePythonModule(files);
    const found = await pythonFindingOf(load);
    expect(found).toMatchObject({ stage: 'load', severity: 'error', ...finding });
    if (finding.line) expect(found.frame).toContain(`> ${finding.line} | `);
  });

  const steps = 'from agents import Agent\none = Agent(name="1")\nagent = Agent(name="2")\n';
  const flow = 'async def run_workflow(workflow_input):\n    return {"output_text": ""}\n';
  test.each([
    [
      'a workflow of Agent Builder, whatever its steps are called',
      `${steps}class WorkflowInput: pass\n${flow}`,
      'run_workflow',
    ],
    ['the agent that is named so, beside a workflow of another kind', steps + flow, 'agent'],
    [
      'a workflow whose steps lie beside it',
      steps.replace('agent =', 'two =') + flow,
      'run_workflow',
    ],
  ])('serves %s', async (...args) => {
    const [, module, exportName] = args;
    const { manifest } = await loadedWorker({ 'agent.py': module });
    expect(manifest.exportName).toBe(exportName);
  });

  test('names kinds of tools as the Node worker does', async () => {
    const { manifest } = await loadedWorker({
      'agent.py': [
        'from agents import *',
        'from agents.tool import ToolSearchTool',
        'from dropgate import gateway_tool',
        'patches = ApplyPatchTool(editor=None)',
        'shell = ShellTool(executor=lambda request: "")',
        'agent = Agent(name="A", tools=[WebSearchTool(), ToolSearchTool(), patches, shell, gateway_tool("fetch_doc")])',
      ].join('\n'),
    });
    expect(manifest.agents[0]?.tools.map(({ name, type }) => [name, type])).toEqual([
      ['web_search', 'hosted_tool'],
      ['tool_search', 'hosted_tool'],
      ['apply_patch', 'apply_patch'],
      ['shell', 'shell'],
      ['fetch_doc', 'gateway'],
    ]);
  });

  test('leaves the garbage collector as the module has set it', async () => {
    const { worker } = await loadedWorker({
      'agent.py': 'import gc\ngc.disable()\ndef run(): return str(gc.isenabled())\n',
    });
    expect(textOf(await worker.eventsOf('On?'))).toBe('False');
  });

  test('finds helpers by name and relative to the module, each file once', async () => {
    const { manifest } = await loadedWorker({
      'agent.py': [
        'from agents import Agent',
        'import prompts',
        'from .texts import greeting',
        'from sub.deep import depth',
        '__gateway__ = {"display_name": "Helped", "maxTurns": 0, "colour": "red"}',
        'agent = Agent(name=prompts.NAME, instructions=greeting * depth)',
      ].join('\n'),
      'prompts.py': 'NAME = "Helped"\n',
      'texts.py': 'greeting = "Hi"\n',
      'sub/__init__.py': '',
      'sub/deep.py': 'depth = 2\n',
      'agents/__init__.py': 'raise RuntimeError("This folder must not hide the SDK.")',
    });
    expect(manifest).toMatchObject({
      kind: 'agent',
      exportName: 'agent',
      exports: ['greeting', 'depth', 'agent'],
      settings: { displayName: 'Helped' },
      model: { name: null, source: 'default' },
      upstream: { name: 'openai', source: 'config' },
      sdk: { version: '0.24.0', own: false },
      runtime: { name: 'python' },
    });
    expect(manifest.agents).toMatchObject([{ name: 'Helped', outputType: 'text', handoffs: [] }]);
    expect(manifest.warnings).toMatchObject([
      { code: 'bad_metadata', line: 5, hint: 'Give it a whole number from 1.' },
      { code: 'unknown_metadata', line: 5 },
    ]);
    const names = manifest.files.map(({ path }) => path.slice(path.indexOf('Written/') + 8));
    expect(names).toEqual(['agent.py', 'prompts.py', 'texts.py', 'sub/__init__.py', 'sub/deep.py']);
  });

  test('loads a kept generation from the kept bytes, whatever lies on disk', async () => {
    const load = await writePythonModule({
      'agent.py':
        'import helper\nclass Old:\n    def run(self): return helper.text\nagent = Old()\n',
      'helper.py': 'text = "old"\n',
    });
    const first = await startPythonWorker(load.folder);
    const loaded = await first.load(load);
    if (loaded.type !== 'loaded') throw new Error(JSON.stringify(loaded));
    const { files } = loaded.manifest;
    const [entry] = files;
    expect(await readFile(join(load.keptFolder, entry!.sha256), 'utf8')).toContain('class Old');
    await writeFile(join(load.folder, 'agent.py'), 'raise RuntimeError("new")');
    await rm(join(load.folder, 'helper.py'));
    const kept = Object.fromEntries(files.map(({ path, sha256 }) => [path, sha256]));
    const second = await startPythonWorker(load.folder);
    const again = await second.load({ ...load, kept });
    expect(again).toMatchObject({ type: 'loaded', manifest: { files } });
    expect(await second.eventsOf('Which?')).toMatchObject([
      { type: 'text', delta: 'old' },
      { type: 'finished', reason: 'stop' },
    ]);
  });

  test('refuses a kept generation whose bytes were changed', async () => {
    const load = await writePythonModule({
      'agent.py': 'class Own:\n    run = print\nagent = Own()\n',
    });
    const first = await startPythonWorker(load.folder);
    const loaded = await first.load(load);
    if (loaded.type !== 'loaded') throw new Error(JSON.stringify(loaded));
    const { sha256 } = loaded.manifest.files[0]!;
    await writeFile(join(load.keptFolder, sha256), 'raise RuntimeError("poisoned")\n');
    const second = await startPythonWorker(load.folder);
    expect(await second.load({ ...load, kept: { [load.entry]: sha256 } })).toMatchObject({
      type: 'load_failed',
      findings: [{ code: 'kept_bytes_changed', file: load.entry }],
    });
    // The next load from the folder keeps what it loads.
    const third = await startPythonWorker(load.folder);
    expect(await third.load(load)).toMatchObject({ type: 'loaded' });
    expect(await readFile(join(load.keptFolder, sha256), 'utf8')).toContain('class Own');
  });

  test('does not wait for a pipe in the place of the module, nor read a helper without end', async () => {
    const load = await writePythonModule({ 'agent.py': 'import helper\n', 'helper.py': '#\n' });
    await truncate(join(load.folder, 'helper.py'), 8 * 1024 * 1024);
    expect(await pythonFindingOf(load)).toMatchObject({
      code: 'file_too_large',
      file: join(load.folder, 'helper.py'),
    });
    await rm(load.entry);
    makePipe(load.entry);
    expect(await pythonFindingOf(load)).toMatchObject({
      code: 'not_a_file',
      message: 'Written/agent.py is a pipe, socket or device, not a file.',
    });
  });

  test('says how to install the SDK where the interpreter has none', async () => {
    const load = await writePythonModule({ 'agent.py': 'from agents import Agent\n' });
    const folder = join(load.folder, '..');
    await execute('python3', ['-m', 'venv', '--without-pip', join(folder, 'bare')]);
    const worker = await spawnPythonWorker(folder, { python: join(folder, 'bare/bin/python') });
    expect(await worker.load(load)).toMatchObject({
      type: 'load_failed',
      files: [load.entry],
      findings: [
        {
          code: 'missing_package',
          line: 1,
          column: 6,
          message:
            'Written/agent.py imports `agents`, but package `openai-agents` is not installed.',
          hint: 'Run `dropgate deps install default/written`.',
        },
      ],
    });
  });

  test.each([
    ['the standard library alone', 'import sys\n', 'False'],
    ['a file beside it', 'import sys\nimport helper\n', 'True'],
    ['something by its name', 'import importlib\nimport sys\n', 'True'],
  ])(
    'of what imports %s, a cold worker knows whether the SDK is to be imported',
    async (...args) => {
      const [, imports, isImported] = args;
      const load = await writePythonModule({
        'agent.py': `${imports}def run(messages):\n    return str("agents" in sys.modules)\n`,
        'helper.py': 'x = 1\n',
      });
      const worker = await spawnPythonWorker(join(load.folder, '..'));
      // A spare imports it before there is a module.
      expect(await worker.load(load)).toMatchObject({
        type: 'loaded',
        manifest: { sdk: isImported === 'True' ? expect.objectContaining({ own: false }) : null },
      });
      expect(textOf(await worker.eventsOf('Hello.'))).toBe(isImported);
    },
  );

  test('imports the client of tool servers with the SDK only once it is asked for, and builds answers ahead', async () => {
    const script = `
import sys
from dropgate_worker.models.built_answers import build_answers
from dropgate_worker.sdk import import_sdk

import_sdk()
early = "mcp.client" in sys.modules
import mcp
from agents.mcp import MCPServerStdio
from mcp.client.session import ClientSession
from mcp.shared.exceptions import MCPError

server = MCPServerStdio(params={"command": "none"}, name="far")
is_one = mcp.ClientSession is ClientSession and mcp.MCPError is MCPError
from openai.types.responses import Response

built = [Response.__pydantic_complete__]
build_answers()
built.append(Response.__pydantic_complete__)
print([early, is_one, type(mcp).__name__, hasattr(mcp, "nothing"), server.name, built])
`;
    const env = { PYTHONPATH: pythonFolder, PYTHONDONTWRITEBYTECODE: '1' };
    const { stdout } = await execute(pythonWithSdk(), ['-c', script], { env });
    expect(stdout).toBe("[False, True, 'module', False, 'far', [False, True]]\n");
  });

  test('tells that a package of the name `agents` is not the SDK', async () => {
    const load = await writePythonModule({ 'agent.py': 'from agents import Agent\n' });
    const other = await tempFolder({ 'agents/__init__.py': 'version = 1\n' });
    const worker = await spawnPythonWorker(join(load.folder, '..'), { pythonPath: [other] });
    expect(await worker.load(load)).toMatchObject({
      findings: [{ code: 'unofficial_package', line: 1 }],
    });
  });
});
