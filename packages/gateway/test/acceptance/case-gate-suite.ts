import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestGateway, type TestGateway } from '../../src/testing.ts';
import { inProcessCli } from '../support/in-process-cli.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { type TemporaryProject, warmTemporaryProject } from '../support/temporary-project.ts';

const missingHere = await missingPython();

const typescript = (said: string) => `import { Agent, tool } from '@openai/agents';
import { z } from 'zod';

const lookUp = tool({
  name: 'look_up',
  description: 'Looks up a train.',
  parameters: z.object({ to: z.string() }),
  execute: async () => { ${said} },
});

export const agent = new Agent({ name: 'Planner', tools: [lookUp], toolUseBehavior: 'stop_on_first_tool' });
`;

const python = (said: string) => `from agents import Agent, function_tool


@function_tool(failure_error_function=None)
def look_up(to: str) -> str:
    """Looks up a train."""
    ${said}


agent = Agent(name="Planner", tools=[look_up], tool_use_behavior="stop_on_first_tool")
`;

const all = [
  { language: 'TypeScript', id: 'default/planner', file: 'Planner/agent.ts', source: typescript },
  { language: 'Python', id: 'default/pyplanner', file: 'Pyplanner/agent.py', source: python },
] as const;

const expecting = (text: string) => `messages: [{ role: user, content: To Rome? }]
model: [{ tool_calls: [{ name: look_up, arguments: { to: Rome } }] }]
expect: { text: ${text} }
`;

/** By day agents in TypeScript; at night those in Python, whose cases the same code of the gateway judges. */
export function caseGateSuite(language: (typeof all)[number]['language']): void {
  const languages = all.filter((one) => one.language === language);
  const missing = language === 'Python' ? missingHere : null;
  describe.skipIf(missing)(`cases that decide about new versions (${missing ?? 'run'})`, () =>
    scenes(languages),
  );
}

function scenes(languages: readonly (typeof all)[number][]): void {
  let project: TemporaryProject;
  let started: TestGateway;
  const env = {
    PATH: process.env.PATH ?? '',
    ...(missingHere ? {} : { GATEWAY_PYTHON: pythonWithSdk() }),
  };
  const start = () => startTestGateway({ projectRoot: project.folder, env });
  const { gateway } = { gateway: () => started.gateway };
  const refresh = () => gateway().refresh({ force: false });
  const statusOf = (id: string) =>
    gateway()
      .agents()
      .find((agent) => agent.id === id);
  const write = (path: string, text: string) => project.write(`src/agents/${path}`, text);

  beforeAll(async () => {
    project = warmTemporaryProject();
    project.write(
      'gateway.yaml',
      `worker: { spares: 0 }
defaults: { tests: gate }
agents: { default/free: { tests: 'off' } }
`,
    );
    for (const { file, source } of languages) {
      write(file, source("return 'At nine.'"));
      write(`${file.split('/')[0]}/tests/rome.yaml`, expecting('At nine.'));
    }
    write('First/agent.mjs', `export const agent = { run: async () => 'No.' };\n`);
    const asks = 'messages: [{ role: user, content: Well? }]\nexpect: { text: "Yes." }\n';
    write('First/tests/yes.yaml', asks);
    write('Free/agent.mjs', `export const agent = { run: async () => 'No.' };\n`);
    write('Free/tests/yes.yaml', asks);
    started = await start();
    await gateway().whenAllLoaded();
  });
  afterAll(async () => {
    await started.close();
    project.dispose();
  });

  test('do not let the first version of an agent serve that fails one, until it is mended', async () => {
    const { id, status, diagnostics } = statusOf('default/first') ?? {};
    expect([id, status]).toEqual(['default/first', 'failed']);
    expect(diagnostics).toMatchObject([
      {
        code: 'case_failed',
        severity: 'error',
        message:
          'This version does not serve, because the case src/agents/First/tests/yes.yaml fails: expect.text: The answer is another.',
        frame: '- "Yes."\n+ "No."',
        serving_generation: null,
      },
    ]);
    expect(statusOf('default/free')?.status).toBe('ready');
    write('First/agent.mjs', `export const agent = { run: async () => 'Yes.' };\n`);
    expect((await refresh()).loaded).toEqual(['default/first']);
  });

  test.each(languages)('keep the version before in $language', async ({ id, file, source }) => {
    expect(statusOf(id)).toMatchObject({ status: 'ready', generation: 1 });
    write(file, source("return 'At ten.'"));
    expect((await refresh()).failed).toEqual([id]);
    expect(statusOf(id)).toMatchObject({ status: 'degraded', generation: 1 });
    const { out } = await inProcessCli(project.folder, env)('agents', 'errors');
    expect(out).toMatch(/does not serve, because\s+the case\s+\S+rome\.yaml fails: expect\.text/);
    expect(out).toContain('+ "At ten."');
    // The case is changed for what the agent is to say from now on.
    write(`${file.split('/')[0]}/tests/rome.yaml`, expecting('At ten.'));
    expect((await refresh()).loaded).toEqual([id]);
    expect(statusOf(id)).toMatchObject({ status: 'ready', generation: 2, diagnostics: [] });
  });

  test('are not played again for what an earlier gateway served', async () => {
    for (const { file } of languages) {
      write(`${file.split('/')[0]}/tests/rome.yaml`, expecting('Never.'));
    }
    await started.close();
    started = await start();
    await gateway().whenAllLoaded();
    expect(languages.map(({ id }) => statusOf(id)?.status)).toEqual(['ready']);
  });
}
