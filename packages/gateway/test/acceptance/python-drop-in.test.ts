import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installTimeoutMs, missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { call, diagnosticsOf } from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { createProject, type Project } from './project.ts';
import { until } from './until.ts';

const reason = await missingPython();

/** Nothing of ours in it: what its author runs with the SDK alone. */
const sampleAgent = `from agents import Agent, function_tool


@function_tool
def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    return f"It is sunny in {city}."


agent = Agent(name="SampleAgent", instructions="Use get_weather.", tools=[get_weather])
`;

const typeScript = `export const agent = {
  async *run() {
    for (const word of ['one ', 'two ', 'three ', 'four']) {
      yield word;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  },
};
`;

const mortal = `import os


class Mortal:
    async def run(self, messages):
        if "die" in messages[-1]["content"]:
            os._exit(3)
        return "alive"


agent = Mortal()
`;

describe.skipIf(reason !== null)(
  'a project whose only file is src/agents/SampleAgent/agent.py',
  () => {
    let project: Project;
    let gateway: TestGateway;
    const question = { model: 'default/sampleagent', content: 'What is the weather in Paris?' };

    beforeAll(async () => {
      project = await createProject({ 'src/agents/SampleAgent/agent.py': sampleAgent });
      gateway = await startGateway({ project, env: { GATEWAY_PYTHON: await pythonWithSdk() } });
    }, installTimeoutMs);
    afterAll(async () => {
      await gateway?.stop();
      await project?.remove();
    });

    test('serves it as default/sampleagent', async () => {
      const answer = await call(gateway, gateway.key, question);
      expect(answer).toMatchObject({ status: 200, error: null });
      expect(answer.content).toContain('It is sunny in Paris.');
    });

    test('streams it', async () => {
      const answer = await call(gateway, gateway.key, { ...question, stream: true });
      expect(answer.content).toContain('It is sunny in Paris.');
      expect(answer.text.trimEnd()).toMatch(/data: \[DONE\]$/);
    });

    test('answers OpenAI’s own client', async () => {
      const { choices } = await gateway.client().chat.completions.create({
        model: 'sampleagent',
        messages: [{ role: 'user', content: question.content }],
      });
      expect(choices[0]?.message.content).toContain('It is sunny in Paris.');
    });

    test('makes an edit live, and goes on serving when the next one is wrong', async () => {
      const file = 'src/agents/SampleAgent/agent.py';
      await project.write({ [file]: sampleAgent.replace('sunny', 'cloudy') });
      const saysCloudy = async () =>
        (await call(gateway, gateway.key, question)).content.includes('cloudy');
      await until('the edit to be live', saysCloudy);
      await project.write({ [file]: sampleAgent.replace('def get_weather(', 'def get_weather((') });
      await until('the error to be told', async () => {
        return (await diagnosticsOf(gateway, 'default/sampleagent')).length > 0;
      });
      const [diagnostic] = await diagnosticsOf(gateway, 'default/sampleagent');
      expect(diagnostic).toMatchObject({ stage: 'load', code: 'syntax_error', line: 5 });
      expect(await saysCloudy()).toBe(true);
    });
  },
);

describe.skipIf(reason !== null)('agents of both languages in one gateway', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway({
      files: {
        'src/agents/Script/agent.ts': typeScript,
        'src/agents/Mortal/agent.py': mortal,
        'src/agents/Other/agent.py': mortal,
      },
    });
  });
  afterAll(() => gateway?.stop());

  test('answer side by side, and the end of one leaves the others alone', async () => {
    const ask = (model: string, content = 'Hi') => call(gateway, gateway.key, { model, content });
    for (const model of ['default/mortal', 'default/other']) {
      await until(`${model} to answer`, async () => (await ask(model)).content === 'alive');
    }
    const script = call(gateway, gateway.key, { model: 'default/script', stream: true });
    const [died, other] = await Promise.all([ask('default/mortal', 'die'), ask('default/other')]);
    expect(died.status).toBe(500);
    expect(other.content).toBe('alive');
    expect((await script).content).toBe('one two three four');
    await until('a fresh worker', async () => (await ask('default/mortal')).content === 'alive');
  });
});

test('without a Python its agents are told of in plain words, and the others serve', async () => {
  const gateway = await startGateway({
    files: { 'src/agents/Script/agent.ts': typeScript, 'src/agents/Mortal/agent.py': mortal },
    env: { GATEWAY_PYTHON: '/nowhere/python3' },
  });
  try {
    const answer = await call(gateway, gateway.key, { model: 'default/mortal' });
    expect(answer).toMatchObject({ status: 503, error: { code: 'agent_unavailable' } });
    expect(await diagnosticsOf(gateway, 'default/mortal')).toMatchObject([
      {
        ...{ stage: 'dependencies', code: 'python_missing' },
        message: 'GATEWAY_PYTHON names /nowhere/python3, which cannot be started.',
      },
    ]);
    const script = await call(gateway, gateway.key, { model: 'default/script' });
    expect(script.content).toBe('one two three four');
  } finally {
    await gateway.stop();
  }
});
