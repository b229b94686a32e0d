import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { call } from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { createProject, type Project } from './project.ts';

const reason = await missingPython();

/** Nothing of ours in it: what its author runs with the SDK alone. */
const sampleAgent = `from agents import Agent, function_tool


@function_tool
def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    return f"It is sunny in {city}."


agent = Agent(name="SampleAgent", instructions="Use get_weather.", tools=[get_weather])
`;

describe.skipIf(reason !== null)(
  'a project whose only file is src/agents/SampleAgent/agent.py',
  () => {
    let project: Project;
    let gateway: TestGateway;
    const question = { model: 'default/sampleagent', content: 'What is the weather in Paris?' };

    beforeAll(async () => {
      project = await createProject({ 'src/agents/SampleAgent/agent.py': sampleAgent });
      gateway = await startGateway({ project, env: { GATEWAY_PYTHON: pythonWithSdk() } });
    });
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
  },
);
