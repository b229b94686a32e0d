import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestReport } from '../../src/cli/cases/test-report.ts';
import { inProcessCli } from '../support/in-process-cli.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { type TemporaryProject, warmTemporaryProject } from '../support/temporary-project.ts';

const missing = await missingPython();

const plannerTs = (url: string) => `import { Agent, tool } from '@openai/agents';
import { gatewayTool } from 'dropgate/agent';
import { z } from 'zod';

const lookUp = tool({
  name: 'look_up',
  description: 'Looks up a train.',
  parameters: z.object({ to: z.string(), class: z.number() }),
  execute: async ({ to }) => (await fetch('${url}/train/' + to)).text(),
});

const book = tool({
  name: 'book',
  description: 'Books a seat.',
  parameters: z.object({ to: z.string() }),
  needsApproval: true,
  execute: async ({ to }) => 'Booked to ' + to,
});

export const agent = new Agent({
  name: 'Planner',
  instructions: 'Plan.',
  tools: [lookUp, book, gatewayTool('weather', 'Tells the weather.')],
});
`;

const plannerPy = (url: string) => `import urllib.request

from agents import Agent, function_tool
from dropgate import gateway_tool


@function_tool
def look_up(to: str, seat_class: int = 1) -> str:
    """Looks up a train."""
    with urllib.request.urlopen("${url}/train/" + to) as answer:
        return answer.read().decode()


@function_tool(needs_approval=True)
def book(to: str) -> str:
    """Books a seat."""
    return "Booked to " + to


agent = Agent(
    name="Planner", instructions="Plan.", tools=[look_up, book, gateway_tool("weather", "Tells the weather.")]
)
`;

const languages = [
  { language: 'TypeScript', ending: 'ts', name: 'Planner', source: plannerTs, seat: 'class' },
  { language: 'Python', ending: 'py', name: 'Plannerpy', source: plannerPy, seat: 'seat_class' },
] as const;

const settings = (url: string) => `
worker: { spares: 0 }
tools:
  weather:
    kind: http
    url: ${url}/weather/{city}
    allow_addresses: [127.0.0.1]
    parameters: { type: object, properties: { city: { type: string } }, required: [city] }
`;

const messages = '[{ role: user, content: To Rome? }]';

/** A call of each tool, and an answer. */
const script = (seat: string) => `model:
  - tool_calls: [{ name: look_up, arguments: { to: Rome, ${seat}: 2 } }]
  - tool_calls: [{ name: weather, arguments: { city: Rome } }]
  - '{ "city": "Rome" }'
`;

describe.skipIf(missing)(`cases that an author wrote (${missing ?? 'run'})`, () => {
  let server: Server;
  let project: TemporaryProject;
  const seen: string[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(request.url ?? '');
      response.end('fine');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    project = warmTemporaryProject();
    project.write('gateway.yaml', settings(url));
    for (const { name, ending, source } of languages) {
      project.write(`src/agents/${name}/agent.${ending}`, source(url));
    }
  });
  afterAll(() => {
    project.dispose();
    server.close();
  });

  const play = async (name: string, cases: Readonly<Record<string, string>>) => {
    const files = Object.entries(cases).map(([file, text]) => ({
      path: `src/agents/${name}/tests/${file}`,
      text,
    }));
    for (const { path, text } of files) project.write(path, text);
    const cli = inProcessCli(project.folder, { GATEWAY_PYTHON: pythonWithSdk() });
    const { code, out } = await cli('test', name, '--only', 'cases', '--json');
    for (const { path } of files) project.remove(path);
    const { cases: played } = JSON.parse(out) as TestReport;
    const told = played.map(({ name, error, difference }) => [
      name,
      error ?? difference?.place ?? difference?.message ?? 'passed',
    ]);
    return { code, told };
  };

  test.each(languages)(
    'answer for the person that a call waits for, in $language',
    async ({ name, ending }) => {
      const asked = `messages: ${messages}
model:
  - tool_calls: [{ name: book, arguments: { to: Rome } }]
  - Done.
`;
      // Each takes a process of its own, which in Python costs most.
      const inTypeScript = {
        'denied.yaml': `${asked}approvals: [{ deny: book, reason: Too dear. }]
expect: { text: Done., tools: [book] }
`,
        'waits.yaml': `${asked.replace('  - Done.\n', '')}expect: { outcome: interrupted, tools: [] }\n`,
      };
      const { told } = await play(name, {
        'approved.yaml': `${asked}approvals: [{ approve: book }]
expect: { text: Done., tools: [{ name: book, arguments: { to: Rome } }], max_model_calls: 2 }
`,
        ...(ending === 'ts' && inTypeScript),
      });
      const passed = ending === 'ts' ? ['approved', 'denied', 'waits'] : ['approved'];
      expect(told).toEqual(passed.map((each) => [each, 'passed']));
    },
  );

  test.each(languages)(
    'pass where all is as expected, in $language',
    async ({ name, ending, seat }) => {
      seen.length = 0;
      project.write(`src/agents/${name}/.env`, 'CLUB_API_KEY=key-of-the-club\n');
      const expected = `messages: ${messages}\n${script(seat)}expect:
  pattern: ^\\{ "city"
  schema: { type: object, required: [city], properties: { city: { const: Rome } } }
  max_model_calls: 3
`;
      // Each takes a process of its own, which in Python costs most.
      const inTypeScript = {
        'a.yaml': `${expected}  tools: [{ name: look_up, arguments: { to: Rome } }, weather]\n`,
        // The demo model answers, since there is no key.
        'c.json': JSON.stringify({
          messages: [{ role: 'user', content: 'Hello!' }],
          expect: { pattern: '.' },
        }),
        'hidden.yaml': `messages: ${messages}\nmodel: [It is key-of-the-club.]\nexpect: { text: 'It is [secret].' }\n`,
      };
      const { code, told } = await play(name, {
        ...(ending === 'ts' && inTypeScript),
        'b.yml': `${expected}  tools: { any_order: [weather, look_up] }\nstreamed: true\n`,
      });
      const passed = ending === 'ts' ? ['a', 'b', 'c', 'hidden'] : ['b'];
      expect(told).toEqual(passed.map((each) => [each, 'passed']));
      expect(code).toBe(0);
      expect(seen.filter((url) => url === '/train/Rome')).toHaveLength(ending === 'ts' ? 2 : 1);
    },
  );

  // Which field of what came of a run is not met is told by `check-expected.test.ts`.
  test('fail with what is not met', async () => {
    const failing = (expect: string, model = script('class')) =>
      `messages: ${messages}\n${model}expect: ${expect}\n`;
    const { code, told } = await play('Planner', {
      'a.yaml': failing('{ tools: [weather, look_up] }'),
      'b.yaml': failing('{ text: Hi }', 'model: [Hi, Ho]\n'),
      'c.yaml': failing(
        '{ text: Hi }',
        'model: [{ tool_calls: [{ name: weather, arguments: { city: Rome } }] }]\n',
      ),
      'd.yaml': failing('{ max_turns: 1 }'),
      'e.yaml': `messages: ${messages}\nexpect: { max_tokens: 1, max_cost_usd: 0 }\n`,
    });
    expect(code).toBe(1);
    expect(told).toEqual([
      ['a', 'expect.tools[0]'],
      ['b', 'model[1]'],
      ['c', 'model'],
      ['d', 'expect.max_turns'],
      ['e', 'expect.max_tokens'],
    ]);
  });

  test('that are none are told with the field', async () => {
    const { code, told } = await play('Planner', {
      'f.yaml': `messages: ${messages}\nmodel: [Hi]\nexpect: { max_cost_usd: 1 }\n`,
      'a.yaml': 'messages: [',
      'b.yaml': `messages: ${messages}\n`,
      'c.yaml': `messages: ${messages}\nexpect: { txt: Hi }\n`,
      'd.yaml': `messages: ${messages}\nexpect: { pattern: "(" }\n`,
      'e.yaml': `messages: ${messages}\nmodel: ['{}']\nexpect: { schema: { type: none } }\n`,
    });
    expect(code).toBe(1);
    expect(told).toEqual([
      ['a', expect.stringMatching(/^It is no YAML: .* Correct it\.$/)],
      ['b', expect.stringMatching(/^line 1: expect is missing\. Correct it/)],
      ['c', expect.stringMatching(/^line 2: expect has no field txt \(did you mean text\?\)/)],
      ['d', expect.stringMatching(/^line 2: expect\.pattern: Invalid regular expression/)],
      ['e', expect.stringMatching(/^expect\.schema is no JSON schema: .* Correct it\.$/)],
      ['f', expect.stringMatching(/^line 3: expect\.max_cost_usd: Answers that the case brings/)],
    ]);
  });
});
