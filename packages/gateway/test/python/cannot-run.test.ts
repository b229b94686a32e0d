import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/protocol/diagnostics.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import { loadedWorker, pythonFindingOf, writePythonModule } from '../support/python-worker.ts';

const missing = await missingPython();

const imports = 'from agents import Agent, Runner, function_tool\nfrom pydantic import BaseModel\n';

type Case = readonly [what: string, source: string, finding: Partial<Finding>];

const refused: readonly Case[] = [
  [
    'a function in the place of a tool',
    'def look_up(): ...\nagent = Agent(name="Desk", tools=[look_up])\n',
    {
      code: 'bad_tool',
      line: 3,
      message: 'Tool 1 of agent "Desk" is the function `look_up`, not a tool.',
      hint: 'Put `@function_tool` above `look_up`.',
    },
  ],
  [
    'no tool in the place of one, in an agent that is handed off to',
    'other = Agent(name="Other", tools=[None])\nagent = Agent(name="Desk", handoffs=[other])\n',
    { code: 'bad_tool', message: 'Tool 1 of agent "Other" is `None`, not a tool.' },
  ],
  [
    'a model whose package is not there',
    'agent = Agent(name="Desk", model="litellm/anthropic/claude")\n',
    {
      code: 'missing_package',
      message:
        'Agent "Desk" uses the model "litellm/anthropic/claude", but package `litellm` is not installed.',
      hint: 'Write `openai-agents[litellm]` into Written/requirements.txt, then run `dropgate deps install default/written`.',
    },
  ],
  [
    'a model that speaks over a WebSocket',
    'from openai import AsyncOpenAI\nfrom agents.models.openai_responses import OpenAIResponsesWSModel\nmodel = OpenAIResponsesWSModel("gpt-5.6-luna", AsyncOpenAI(api_key="x", base_url="http://127.0.0.1:9/v1"))\nimport os\nos.environ["OPENAI_BASE_URL"] = "http://127.0.0.1:9/v1"\nagent = Agent(name="Desk", model=model)\n',
    {
      code: 'web_socket_not_served',
      message:
        'The `OpenAIResponsesWSModel` of agent "Desk" speaks over a WebSocket, which the gateway does not pass on.',
    },
  ],
  [
    'an SDK that cannot make what each run makes',
    'import agents\ndef refuse(): raise TypeError("cache_write_tokens")\nagents.Usage = refuse\nagent = Agent(name="Desk")\n',
    {
      code: 'sdk_mismatch',
      message:
        'openai-agents 0.24.0 does not work with openai 3.57.0: every run fails inside the SDK.',
      // The least that this SDK takes: an older one could not be installed beside it.
      hint: 'Write `openai-agents==0.24.0` and `openai==3.0.0` into Written/requirements.txt, or take a newer `openai-agents`, then run `dropgate deps install default/written`.',
    },
  ],
  [
    'a workflow with another parameter',
    'async def run_workflow(text: str, user_id: str): ...\n',
    {
      stage: 'export',
      code: 'workflow_needs_arguments',
      line: 3,
      message: '`run_workflow` needs `user_id`, but a request brings `input_as_text` alone.',
      hint: 'Make `user_id` optional, or give it a default value.',
    },
  ],
  [
    'a workflow with another field',
    'class WorkflowInput(BaseModel):\n    input_as_text: str\n    user_id: str\nasync def run_workflow(given: WorkflowInput): ...\n',
    { stage: 'export', code: 'workflow_needs_arguments', line: 6 },
  ],
];

describe.skipIf(missing)(`what cannot run, in Python (${missing ?? 'runs'})`, () => {
  test.each(refused)('refuses %s when it is loaded', async (...args) => {
    const [, source, finding] = args;
    const load = await writePythonModule({ 'agent.py': imports + source });
    expect(await pythonFindingOf(load)).toMatchObject({
      stage: 'load',
      severity: 'error',
      ...finding,
    });
  });

  test('warns of two tools of one name', async () => {
    const { manifest } = await loadedWorker({
      'agent.py': `${imports}@function_tool(needs_approval=True)\ndef erase(): ...\n@function_tool\ndef look_up(): ...\nagent = Agent(name="Desk", tools=[erase, look_up, look_up])\n`,
    });
    expect(manifest.warnings).toMatchObject([
      {
        code: 'duplicate_tool',
        severity: 'warning',
        message: 'Agent "Desk" has two tools called `look_up`, of which the last alone is offered.',
      },
    ]);
  });

  test.each([
    ['a workflow', 'run_workflow', 'async def run_workflow(text: str): ...\n'],
    [
      'a plain object',
      'plain',
      'class Plain:\n    def run(self, messages): ...\nplain = Plain()\n',
    ],
  ])(
    'warns of a tool that needs approval where it is called in %s',
    async (_what, name, source) => {
      const { manifest } = await loadedWorker({
        'agent.py': `${imports}@function_tool(needs_approval=True)\ndef erase(): ...\ndesk = Agent(name="Desk", tools=[erase])\n${source}__gateway__ = {"agent": "${name}"}\n`,
      });
      expect(manifest.warnings).toMatchObject([
        {
          code: 'approval_not_served',
          severity: 'warning',
          message:
            '`erase` of agent "Desk" may need approval. What is served is no agent, whose run could wait for it: a run that calls it ends with `approval_required`.',
          hint: 'Export the agent itself in its place, so that its runs wait; or remove `needs_approval` where no person has to decide.',
        },
      ]);
    },
  );

  test.each([
    [
      'a tool',
      'function_tool = lambda function=None: function\n@function_tool(needs_approval=True)\ndef erase(): ...\n',
    ],
    [
      'an agent as a tool',
      'Agent.as_tool = lambda self: self\ndesk = Agent(name="Desk")\nagent = Agent(name="A", tools=[desk.as_tool(needs_approval=True)])\n',
    ],
  ])(
    'tells the version of the SDK from which %s can wait for an approval',
    async (_what, source) => {
      const finding = await pythonFindingOf(
        await writePythonModule({ 'agent.py': imports + source }),
      );
      expect(finding).toMatchObject({
        code: 'sdk_mismatch',
        hint: expect.stringMatching(
          /^Take openai-agents 0\.8\.0 or newer: write `openai-agents>=0\.8\.0` into .*requirements\.txt, then run /,
        ),
      });
    },
  );

  test('warns of a prompt that OpenAI keeps for a while only', async () => {
    const { manifest } = await loadedWorker({
      'agent.py': `${imports}agent = Agent(\n    name="Desk",\n    prompt={"id": "pmpt_42", "version": "2"},\n)\n`,
    });
    expect(manifest.warnings).toMatchObject([
      {
        stage: 'load',
        code: 'stored_prompt_ends',
        severity: 'warning',
        line: 5,
        message:
          'Agent "Desk" uses the stored prompt "pmpt_42", and OpenAI serves stored prompts until 2026-11-30 only.',
        hint: 'Put the text of the prompt into `instructions` and remove `prompt`.',
      },
    ]);
  });

  test('warns of a vendor’s key that LiteLLM misses', async () => {
    const litellm =
      'def validate_environment(model):\n    return {"missing_keys": ["GOOGLE_API_KEY", "GEMINI_API_KEY"]}\n';
    const { manifest } = await loadedWorker({
      'agent.py': `${imports}import litellm\nagent = Agent(name="Desk", model="litellm/gemini/flash")\n`,
      'litellm.py': litellm,
    });
    expect(manifest.warnings).toMatchObject([
      {
        code: 'missing_variable',
        severity: 'warning',
        message:
          'The model "litellm/gemini/flash" of agent "Desk" needs `GEMINI_API_KEY`, which is not set.',
        hint: 'Write `GEMINI_API_KEY=…` into Written/.env.',
      },
    ]);
  });

  test('refuses a sandbox agent without its client, with a workflow that then serves', async () => {
    const source = `${imports}from agents.sandbox import SandboxAgent\nagent = SandboxAgent(name="Coder")\n`;
    const found = await pythonFindingOf(await writePythonModule({ 'agent.py': source }));
    expect(found).toMatchObject({ code: 'sandbox_client_missing', line: 4 });
    const code = found.hint?.split('\n\n').at(-1);
    const { manifest } = await loadedWorker({ 'agent.py': `${source}\n${code}\n` });
    expect(manifest.kind).toBe('workflow');
  });
});
