import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestReport } from '../../src/cli/cases/test-report.ts';
import { inProcessCli } from '../support/in-process-cli.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { type TemporaryProject, warmTemporaryProject } from '../support/temporary-project.ts';

const missing = await missingPython();

const weatherTs = `import { Agent, tool } from '@openai/agents';
import { z } from 'zod';

const getWeather = tool({
  name: 'get_weather',
  description: 'Tells the weather in a city.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => 'Sunny in ' + city,
});

export const agent = new Agent({ name: 'Weather', tools: [getWeather] });
`;

const weatherPy = `from agents import Agent, function_tool


@function_tool
def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    return "Sunny in " + city


agent = Agent(name="Weather", tools=[get_weather])
`;

const languages = [
  { language: 'TypeScript', id: 'default/weather' },
  { language: 'Python', id: 'default/pyweather' },
];

describe.skipIf(missing)(`an agent that is tried (${missing ?? 'run'})`, () => {
  let project: TemporaryProject;
  let code: number | null;
  let report: TestReport;
  const play = (...args: string[]) =>
    inProcessCli(project.folder, { GATEWAY_PYTHON: pythonWithSdk() })('test', ...args);

  beforeAll(async () => {
    project = warmTemporaryProject();
    // Nobody listens there, and nobody asks.
    project.write('gateway.yaml', 'upstreams: { dear: { base_url: http://127.0.0.1:1/v1 } }\n');
    project.write('src/agents/Weather/agent.ts', weatherTs);
    project.write('src/agents/Pyweather/agent.py', weatherPy);
    for (const name of ['Weather', 'Pyweather']) {
      const asked = 'message: What is the weather in Paris?\n';
      project.write(`src/agents/${name}/tests/generic.yaml`, asked);
    }
    const asks = 'messages: [{ role: user, content: Hi }]\nexpect: { pattern: . }\n';
    project.write('src/agents/Weather/tests/asks.yaml', asks);
    const ended = await play('--json');
    code = ended.code;
    report = JSON.parse(ended.out);
  });
  afterAll(() => project.dispose());

  test.each(languages)('does all that callers need, in $language', ({ id }) => {
    const checks = report.checks.filter(({ agent }) => agent === id);
    expect(checks.map(({ check, result, message }) => [check, result, message])).toEqual(
      [
        'loads',
        'listed',
        'described',
        'answers',
        'streams',
        'same_text',
        'tools',
        'leaves',
        'in_time',
      ].map((check) => [check, 'passed', null]),
    );
    expect(code).toBe(0);
  });

  test('asks no upstream of the project, nor does a case without answers of the model', async () => {
    expect(report.cases).toMatchObject([
      { name: 'asks', result: 'skipped', skipped: expect.stringContaining('give --upstream') },
    ]);
    const { code, out, err } = await play('weather', '--only', 'cases', '--upstream');
    expect(out).toMatch(/^failed {2}default\/weather .*\n {2}expect\.outcome: The run ended as/);
    expect(err).toContain('Your upstreams are asked: each model call costs its price.');
    expect(code).toBe(1);
  });

  test('is told in a few lines', async () => {
    project.write('src/agents/Weather/tests/generic.yaml', 'skip: It needs a picture.\n');
    const { code, out } = await play('weather', '--only', 'checks');
    expect([code, out]).toEqual([
      0,
      `passed  default/weather  loads
skipped  default/weather  listed, described, answers, streams, same_text, tools, leaves, in_time
  It needs a picture.

9 checks: 1 passed, 0 failed, 8 skipped.
`,
    ]);
  });
});
