import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/protocol/run.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import { loadedWorker, pythonFindingOf, writePythonModule } from '../support/python-worker.ts';
import { startUpstream } from '../support/scripted-upstream.ts';
import { textOf } from '../support/worker-run.ts';

const missing = await missingPython();

const info = `
from dataclasses import dataclass
from agents import Agent, RunContextWrapper, Runner

@dataclass
class UserInfo:
    name: str = "nobody"
    age: int = 0
    run_id: str = ""

def greet(context, agent):
    user = context.context
    return f"{user.name} is {user.age!r} in {type(user).__name__}"
`;

/** What the instructions made of the context; the upstream heard them. */
async function instructionsOf(source: string, metadata: Readonly<Record<string, string>>) {
  const upstream = await startUpstream({ text: ['Hi.'] });
  const { worker, manifest } = await loadedWorker({ 'agent.py': info + source }, upstream.baseUrl);
  const events = await worker.eventsOf('Hi', {
    context: {
      request_id: 'req_1',
      run_id: 'run_1',
      key: { id: 'key_1', name: 'one' },
      metadata,
      model_id: 'default/written',
    },
  });
  const [heard] = upstream.calls;
  return { events, told: heard?.body.instructions, manifest };
}

describe.skipIf(missing)(`the context of runs in Python (${missing ?? 'runs'})`, () => {
  test('a model that the file gives its own runs alone is told', async () => {
    const source = `from agents import Agent, RunConfig\nagent = Agent(name="A")\nconfig = RunConfig(\n    model_provider=provider, model="m"\n) if False else None\n`;
    const { manifest } = await loadedWorker({ 'agent.py': source });
    expect(manifest.warnings).toMatchObject([
      {
        code: 'run_model_not_used',
        severity: 'warning',
        line: 3,
        message:
          "agent.py gives its own runs a `model` (line 3), which runs of the gateway do not get: they go by the agent's `model`.",
        hint: "Give it to the agent: `Agent(…, model='m')`.",
      },
    ]);
  });

  test.each([
    [
      'the class that `__gateway__` names',
      'agent = Agent(name="A", instructions=greet)\n__gateway__ = {"context": UserInfo}\n',
      'Ada is 36 in UserInfo',
    ],
    [
      'a function that `__gateway__` names',
      'def make(request): return UserInfo(request.name.upper())\nagent = Agent(name="A", instructions=greet)\n__gateway__ = {"context": make}\n',
      'ADA is 0 in UserInfo',
    ],
    [
      'an async function by the names of its parameters',
      'async def make(run_id, name): return UserInfo(name + run_id)\nagent = Agent(name="A", instructions=greet)\n__gateway__ = {"context": make}\n',
      'Adarun_1 is 0 in UserInfo',
    ],
    [
      'the type that the agent names',
      'agent = Agent[UserInfo](name="A", instructions=greet)\n',
      'Ada is 36 in UserInfo',
    ],
    [
      'the type that the instructions name',
      'def say(context: RunContextWrapper[UserInfo], agent: Agent[UserInfo]): return greet(context, agent)\nagent = Agent(name="A", instructions=say)\n',
      'Ada is 36 in UserInfo',
    ],
    [
      'the request, where nothing is named',
      'agent = Agent(name="A", instructions=greet)\n',
      "Ada is '36' in RequestContext",
    ],
  ])('is made by %s', async (...args) => {
    const [, source, instructions] = args;
    const { told, manifest } = await instructionsOf(source, { name: 'Ada', age: '36' });
    expect(told).toBe(instructions);
    expect(manifest.warnings).toEqual([]);
  });

  test('says what it lacks, and how to make it', async () => {
    const unnamed = await instructionsOf('agent = Agent(name="A", instructions=greet)\n', {});
    expect(messageOf(unnamed.events)).toBe(
      'The context of this run has no `name`: it has request_id, run_id, key, metadata, model_id and what the caller sends in metadata. Name the class or function that makes it of the request: `__gateway__ = {"context": …}`.',
    );
    const strict =
      'def make(name, uid): return UserInfo(name)\nagent = Agent(name="A")\n__gateway__ = {"context": make}\n';
    const lacking = await instructionsOf(strict, { name: 'Ada' });
    expect(messageOf(lacking.events)).toBe(
      '`make` needs `uid`, which the request does not bring: send it in `metadata`, or give it a default value.',
    );
    expect(textOf(lacking.events)).toBe('');
  });

  test('is warned of where the file gives its agent one of its own', async () => {
    const { manifest } = await loadedWorker({
      'agent.py': `${info}\nagent = Agent(name="A", instructions=greet)\nasync def main():\n    user = UserInfo("Ada")\n    await Runner.run(agent, "Hi", context=user)\n`,
    });
    expect(manifest.warnings).toMatchObject([
      {
        stage: 'metadata',
        code: 'context_not_given',
        message:
          'agent.py runs its agent with a context of its own (line 18), which a request does not bring.',
        hint: 'Make it of the request: `__gateway__ = {"context": UserInfo}`; its fields come from `metadata`.',
      },
    ]);
  });

  test('refuses what cannot make one', async () => {
    const source = `${info}agent = Agent(name="A")\n__gateway__ = {"context": "UserInfo"}\n`;
    const load = await writePythonModule({ 'agent.py': source });
    expect(await pythonFindingOf(load)).toMatchObject({
      stage: 'metadata',
      code: 'bad_context',
      message: '`__gateway__.context` is a str, not a class or function.',
    });
  });
});

function messageOf(events: readonly RunEvent[]): string | undefined {
  const last = events.at(-1);
  return last?.type === 'failed' ? last.detail?.message : undefined;
}
