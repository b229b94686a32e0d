import { existsSync } from 'node:fs';
import { copyFile, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestReport } from '../../src/cli/cases/test-report.ts';
import type { ForkReport, ReplayReport } from '../../src/protocol/admin/replay-answer.ts';
import { type RunTest, runTestAnswer } from '../../src/protocol/admin/run-test.ts';
import type { RunDetail, RunPage } from '../../src/protocol/admin/runs-answer.ts';
import { inProcessCli } from '../support/in-process-cli.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import type { Turn } from '../support/scripted-upstream.ts';
import { ways } from './ask.ts';
import { packageRoot, startGateway, type TestGateway, warmProject } from './harness.ts';
import { type Parrot, type ParrotCall, startParrot } from './parrot.ts';
import { until } from './until.ts';

const missing = await missingPython();

const clerkTs = (canary: string) => `import { Agent, tool } from '@openai/agents';
import { gatewayTool } from 'dropgate/agent';
import { z } from 'zod';

const lookUp = tool({
  name: 'look_up',
  description: 'Looks up a train.',
  parameters: z.object({ to: z.string() }),
  execute: async ({ to }) => {
    const answer = await fetch('${canary}/train/' + to, { headers: { key: process.env.TRAIN_API_KEY } });
    return (await answer.text()) + ', says ' + process.env.TRAIN_API_KEY;
  },
});

const expert = new Agent({ name: 'Expert', instructions: 'Know better.' });

export const agent = new Agent({
  name: 'Clerk',
  instructions: async () => {
    await fetch('${canary}/news').catch(() => null);
    return 'Sell tickets.';
  },
  tools: [lookUp, gatewayTool('weather', 'Tells the weather.')],
  handoffs: [expert],
});
`;

const clerkPy = (canary: string) => `import os
import urllib.request

from agents import Agent, function_tool
from dropgate import gateway_tool


@function_tool
def look_up(to: str) -> str:
    """Looks up a train."""
    with urllib.request.urlopen("${canary}/train/" + to) as answer:
        return answer.read().decode() + ", says " + os.environ["TRAIN_API_KEY"]


def instructions(context, agent):
    try:
        urllib.request.urlopen("${canary}/news").close()
    except OSError:
        pass
    return "Sell tickets."


expert = Agent(name="Expert", instructions="Know better.")
agent = Agent(
    name="Clerk",
    instructions=instructions,
    tools=[look_up, gateway_tool("weather", "Tells the weather.")],
    handoffs=[expert],
)
`;

const stationTs = (server: string) => `import { Agent, MCPServerStdio } from '@openai/agents';

const speaker = new MCPServerStdio({ name: 'speaker', command: '${process.execPath}', args: ['${server}'] });
await speaker.connect();

export const agent = new Agent({ name: 'Station', instructions: 'Announce.', mcpServers: [speaker] });
`;

const stationPy = (server: string) => `from agents import Agent
from agents.mcp import MCPServerStdio

speaker = MCPServerStdio(
    params={"command": "${process.execPath}", "args": ["${server}"]}, client_session_timeout_seconds=60
)
agent = Agent(name="Station", instructions="Announce.", mcp_servers=[speaker])
`;

const languages = [
  {
    language: 'TypeScript',
    ending: 'ts',
    name: 'Clerk',
    source: clerkTs,
    station: 'Station',
    stationSource: stationTs,
  },
  {
    language: 'Python',
    ending: 'py',
    name: 'Clerkpy',
    source: clerkPy,
    station: 'Stationpy',
    stationSource: stationPy,
  },
] as const;

/** What a model does that fails, and what comes of it for who asks whole, and streamed. */
const failures: readonly {
  readonly asked: string;
  readonly turn: Turn;
  /** Null where who asks whole has another than who streams. */
  readonly outcome: string | null;
}[] = [
  { asked: 'Fail.', turn: { answer: { status: 500, body: 'Oops.' } }, outcome: 'failed' },
  {
    asked: 'Refuse it.',
    turn: { answer: { status: 400, body: '{"error":{"message":"No."}}' } },
    outcome: 'failed',
  },
  { asked: 'Break off.', turn: { text: ['Take ', 'it'], ending: 'break' }, outcome: null },
  { asked: 'Say no.', turn: { refusal: 'No.' }, outcome: 'blocked' },
];

/** Looks up, asks for the weather, hands off, and says what it was told. */
function clerkAnswers({ body, tools, messages }: ParrotCall): Turn {
  const failure = failures.find(({ asked }) => messages.at(-1) === `user: ${asked}`);
  if (failure) return failure.turn;
  const items = body.input as readonly Readonly<Record<string, unknown>>[];
  const results = items.filter(({ type }) => type === 'function_call_output');
  const told = results.map(({ output }) =>
    typeof output === 'string' ? output : JSON.stringify(output),
  );
  const transfer = tools.find((name) => name.startsWith('transfer_to_')) ?? 'none';
  const id = `call_${results.length}`;
  const call = (name: string, args: object) => ({ calls: [{ name, args, id }] });
  if (tools.includes('say')) {
    return results.length === 0 ? call('say', { text: 'Mind the gap' }) : { text: told };
  }
  if (results.length === 0) return call('look_up', { to: 'Rome' });
  if (results.length === 1) return call('weather', { city: 'Rome' });
  if (results.length === 2) return call(transfer, {});
  return { text: ['Take ', 'it: ', told.slice(0, 2).join('; ')] };
}

const settings = (port: number) => `
worker: { spares: 0 }
tools:
  weather:
    kind: http
    url: http://127.0.0.1:${port}/weather/{city}
    allow_addresses: [127.0.0.1]
    parameters: { type: object, properties: { city: { type: string } }, required: [city] }
`;

/**
 * A gateway of both languages; what ran is recorded before anything runs again.
 *
 * @param extent - By day what both languages have in common is shown in one of them: a process for each run that runs again
 *   takes long in Python.
 */
export function replaySuite(extent: 'by day' | 'nightly'): void {
  describe.skipIf(missing)(`what runs did, run again (${missing ?? 'run'})`, () => scenes(extent));
}

function scenes(extent: 'by day' | 'nightly'): void {
  let canary: { readonly server: Server; url: string; requests: number };
  let parrot: Parrot;
  let gateway: TestGateway;
  /** Ids of the recorded runs, by `<agent> <way>`. */
  const recorded = new Map<string, string>();
  const isWholeIn = (ending: 'ts' | 'py') => extent === 'nightly' || ending === 'ts';

  beforeAll(async () => {
    const server = createServer((request, response) => {
      canary.requests += 1;
      response.end(`${request.url} is fine`);
    });
    canary = { server, url: '', requests: 0 };
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    canary.url = `http://127.0.0.1:${port}`;
    parrot = await startParrot(clerkAnswers);
    const project = await warmProject();
    const speaker = join(project.root, 'speaker.mjs');
    const files = languages.map(({ name, ending, source, station, stationSource }) => ({
      ...(isWholeIn(ending) && {
        [`src/agents/${station}/agent.${ending}`]: stationSource(speaker),
      }),
      [`src/agents/${name}/agent.${ending}`]: source(canary.url),
      [`src/agents/${name}/.env`]: 'TRAIN_API_KEY=key-of-the-railway\n',
    }));
    await copyFile(join(packageRoot, 'test/fixtures/mcp/server.mjs'), speaker);
    gateway = await startGateway({
      project,
      files: { ...Object.assign({}, ...files), 'gateway.yaml': settings(port) },
      env: {
        GATEWAY_PYTHON: pythonWithSdk(),
        OPENAI_API_KEY: 'sk-parrot',
        OPENAI_BASE_URL: parrot.baseUrl,
        GATEWAY_UPSTREAM_API: 'responses',
      },
    });
    for (const { name, ending, station } of languages) {
      if (isWholeIn(ending)) await record(station, 'whole', 'Announce it!');
      for (const { way, ask } of ways) {
        const content = await record(name, way, 'A ticket to Rome!', ask);
        expect(content).toContain('Take it: /train/Rome is fine, says key-of-the-railway');
        for (const { asked } of isWholeIn(ending) ? failures : []) {
          await record(name, `${way} ${asked}`, asked, ask).catch(() => null);
        }
      }
    }
    // Nothing starts it again.
    await rm(speaker);
  });
  afterAll(async () => {
    await gateway?.stop();
    await gateway?.project.remove();
    parrot?.stop();
    canary?.server.close();
  });

  const record = async (name: string, way: string, messages: string, ask = ways[0].ask) => {
    const model = name.toLowerCase();
    try {
      return (await ask(gateway, { model, messages })).content;
    } finally {
      const page = await json<RunPage>(`/admin/runs?agent=default/${model}&limit=1`);
      recorded.set(`${name} ${way}`, page.runs[0]?.id ?? '');
    }
  };
  const json = async <Answer>(path: string): Promise<Answer> =>
    (await (await gateway.fetch(path)).json()) as Answer;
  const runOf = (name: string, way: string) => recorded.get(`${name} ${way}`) ?? '';
  const again = async <Report>(path: string, body: object, key = gateway.key) => {
    const answer = await gateway.fetch(`/admin/runs/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as Report;
  };
  const cli = (...args: string[]) => inProcessCli(gateway.project.root)('runs', ...args);

  const stepsOf = async (id: string) =>
    (await json<RunDetail>(`/admin/runs/${id}?contents=true`)).steps;
  const stepOf = async (id: string, tool: string) =>
    (await stepsOf(id)).find((step) => step.kind === 'tool_call' && step.tool === tool)?.step;
  const seen = () => [canary.requests, parrot.calls().length];

  describe.each(languages)('in $language', ({ ending, name }) => {
    test('go on live after a tool whose result is edited', async () => {
      const id = runOf(name, 'whole');
      const from_step = await stepOf(id, 'look_up');
      const [requests = 0, calls = 0] = seen();
      const report = await again<ForkReport>(`${id}/fork`, { from_step, edit: 'No train' });
      expect(report).toMatchObject({
        from_step,
        replay_of: id,
        outcome: 'finished',
        difference: null,
        text: 'Take it: No train; /weather/Rome is fine',
      });
      // The weather, and the instructions of each turn of the first agent, the first included.
      expect(seen()).toEqual([requests + 4, calls + 3]);
      const { run } = await json<RunDetail>(`/admin/runs/${report.run}`);
      expect(run).toMatchObject({ replay_of: id, usage: { requests: 3, input_tokens: 30 } });
    });

    if (isWholeIn(ending)) {
      test('go on live from a tool on, which is called', async () => {
        const id = runOf(name, 'streamed');
        const from_step = await stepOf(id, 'weather');
        const [, calls = 0] = seen();
        const report = await again<ForkReport>(`${id}/fork`, { from_step });
        const [look] = (await stepsOf(report.run)).filter(
          (step) => step.kind === 'tool_call' && step.tool === 'look_up',
        );
        expect(look?.contents?.result).toBe('/train/Rome is fine, says [secret]');
        expect(report.text).toBe(
          'Take it: /train/Rome is fine, says [secret]; /weather/Rome is fine',
        );
        expect(parrot.calls()).toHaveLength(calls + 2);
      });

      test.each([{ max_model_calls: 1 }, { max_tool_calls: 1 }])(
        'are the same where they ended at their limit: %o',
        async (run_limits) => {
          const made = await gateway.fetch('/security/keys', {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ role: 'caller', run_limits }),
          });
          const { key } = (await made.json()) as { key: string };
          const messages = [{ role: 'user', content: 'A ticket to Rome!' }];
          const asked = await gateway.fetch('/v1/chat/completions', {
            method: 'POST',
            headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
            body: JSON.stringify({ model: name.toLowerCase(), messages }),
          });
          expect(asked.status).toBe(403);
          const { runs } = await json<RunPage>(
            `/admin/runs?agent=default/${name.toLowerCase()}&limit=1`,
          );
          expect(await again<ReplayReport>(`${runs[0]?.id}/replay`, {})).toMatchObject({
            result: 'same',
            outcome: 'failed',
            code: 'run_limit_exceeded',
            difference: null,
          });
        },
      );

      test('end with what a model is made to say', async () => {
        const id = runOf(name, 'streamed');
        const last = (await stepsOf(id)).findLast(({ kind }) => kind === 'model_call');
        const calls = parrot.calls().length;
        const file = join(gateway.project.root, 'edit.txt');
        await writeFile(file, 'Stay at home.');
        const step = String(last?.step);
        const edited = await cli('replay', id, '--from-step', step, '--edit', `@${file}`);
        expect(edited).toMatchObject({ code: 0, out: 'Stay at home.\n' });
        expect(await cli('replay', id, '--edit', 'Stay.')).toMatchObject({ code: 2 });
        expect(parrot.calls()).toHaveLength(calls);
      });
    }
  });

  describe('with the upstream down', () => {
    beforeAll(() => parrot.stop());

    describe.each(languages)('in $language', ({ name, ending, source, station }) => {
      const isWhole = isWholeIn(ending);
      if (isWhole) {
        test('are the same where the upstream was down then too', async () => {
          const messages = [{ role: 'user', content: 'A ticket to Rome!' }];
          const asked = await gateway.fetch('/v1/chat/completions', {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ model: name.toLowerCase(), messages }),
          });
          expect(asked.status).toBe(503);
          const { runs } = await json<RunPage>('/admin/runs?limit=1');
          expect(await again<ReplayReport>(`${runs[0]?.id}/replay`, {})).toMatchObject({
            result: 'same',
            outcome: 'failed',
            code: 'upstream_unavailable',
            difference: null,
          });
        });
      }

      if (isWhole) {
        test('are the same where a tool was that of an MCP server, which is not there', async () => {
          const id = runOf(station, 'whole');
          const tools = (await stepsOf(id)).filter(({ kind }) => kind === 'tool_call');
          expect(tools).toMatchObject([
            { tool: 'say', provenance: 'mcp', contents: { arguments: '{"text":"Mind the gap"}' } },
          ]);
          expect(await again<ReplayReport>(`${id}/replay`, {})).toMatchObject({
            result: 'same',
            difference: null,
            text: expect.stringContaining('Mind the gap'),
          });
        });
      }

      test.each(isWhole ? ways : ways.slice(0, 1))(
        'are the same, byte for byte, asked $way, and nobody hears of it',
        async ({ way }) => {
          const usage = await json('/admin/usage');
          const heard = seen();
          const id = runOf(name, way);
          const before = await json<RunDetail>(`/admin/runs/${id}?contents=true`);
          const report = await again<ReplayReport>(`${id}/replay`, {});
          expect(report).toMatchObject({
            result: 'same',
            replay_of: id,
            outcome: 'finished',
            difference: null,
            text: 'Take it: /train/Rome is fine, says [secret]; /weather/Rome is fine',
          });
          expect(seen()).toEqual(heard);
          const after = await json<RunDetail>(`/admin/runs/${report.run}?contents=true`);
          expect(after.run).toMatchObject({ replay_of: id, usage: before.run.usage });
          expect(callsIn(after)).toEqual(callsIn(before));
          expect(await json('/admin/usage')).toEqual(usage);
        },
      );

      if (isWhole) {
        // Each takes a process: by day each failure is one of a run that was asked for in one of the ways.
        const asked = ways.map(({ way }, at) => ({
          way,
          failed: failures.filter((_, index) => extent === 'nightly' || index % 2 === at),
        }));
        test.each(asked)('end as they did where a model failed, asked $way', async (each) => {
          const { way, failed } = each;
          const ends = failed.map(async ({ asked }) => {
            const id = runOf(name, `${way} ${asked}`);
            const { run } = await json<RunDetail>(`/admin/runs/${id}`);
            const report = await again<ReplayReport>(`${id}/replay`, {});
            expect([report.result, report.outcome, report.code]).toEqual([
              'same',
              run.outcome,
              run.code,
            ]);
            return run.outcome;
          });
          const wanted = failed.map(({ outcome }) => outcome ?? expect.any(String));
          expect(await Promise.all(ends)).toEqual(wanted);
        });
      }

      test('become a test beside the agent, which stays as it is', async () => {
        const id = runOf(name, 'whole');
        const file = `src/agents/${name}/tests/rome.json`;
        expect(await cli('to-test', id, '--name', 'rome')).toMatchObject({
          code: 0,
          out: `Wrote ${file}.\n`,
        });
        const text = await readFile(join(gateway.project.root, file), 'utf8');
        const written = runTestAnswer.parse(JSON.parse(text)) as RunTest;
        expect(written).toEqual(await json(`/admin/runs/${id}/test`));
        expect(written.model_calls.map(({ ordinal, status }) => [ordinal, status])).toEqual([
          [0, 200],
          [1, 200],
          [2, 200],
          [3, 200],
        ]);
        expect(written.tool_calls).toContainEqual({
          call_id: 'call_1',
          tool: 'weather',
          provenance: 'gateway',
          outcome: 'ok',
          arguments: '{"city":"Rome"}',
          result: '/weather/Rome is fine',
        });
        expect(written.expected.text).toBe(
          'Take it: /train/Rome is fine, says [secret]; /weather/Rome is fine',
        );
        expect(text).not.toContain('key-of-the-railway');
        expect((await cli('to-test', id, '--name', 'rome')).err).toContain('--force');
        expect(await cli('to-test', id, '--name', 'rome', '--force')).toMatchObject({ code: 0 });
        const refreshed = await gateway.fetch('/agents/refresh', { method: 'POST' });
        expect(await refreshed.json()).toMatchObject({
          unchanged: expect.arrayContaining(['default/clerk', 'default/clerkpy']),
        });
      });

      if (isWhole) {
        test('become no test where its folder is a link to another', async () => {
          const { root } = gateway.project;
          const link = join(root, `src/agents/${station}/tests`);
          await symlink(root, link);
          const written = await cli('to-test', runOf(station, 'whole'), '--name', 'linked');
          expect(written).toMatchObject({ code: 1, err: expect.stringContaining('is a link') });
          expect(existsSync(join(root, 'linked.json'))).toBe(false);
          await unlink(link);
        });
      }

      if (isWhole) {
        test('are played as cases, without a key, a server or the code of a tool', async () => {
          const test = inProcessCli(gateway.project.root, { GATEWAY_PYTHON: pythonWithSdk() });
          const heard = seen();
          const cases = [
            [runOf(station, 'whole'), 'speaker'],
            [runOf(name, 'streamed'), 'streamed'],
            [runOf(name, 'whole Break off.'), 'broken'],
            [runOf(name, 'streamed Say no.'), 'blocked'],
          ] as const;
          for (const [id, file] of cases) await cli('to-test', id, '--name', file);
          const agents = [name.toLowerCase(), station.toLowerCase()];
          const { code, out } = await test('test', ...agents, '--only', 'cases', '--json');
          const report = JSON.parse(out) as TestReport;
          expect(
            report.cases.map(({ name, error, difference }) => [name, error, difference]),
          ).toEqual(
            ['blocked', 'broken', 'rome', 'streamed', 'speaker'].map((each) => [each, null, null]),
          );
          expect(code).toBe(0);
          expect(seen()).toEqual(heard);
        });
      }

      test('differ where a line of the agent does, and name the step', async () => {
        const id = runOf(name, 'streamed');
        const changed = source(canary.url).replace('Sell tickets.', 'Sell tickets!');
        await gateway.project.write({ [`src/agents/${name}/agent.${ending}`]: changed });
        await gateway.fetch('/agents/refresh', { method: 'POST' });
        const first = (await stepsOf(id)).find(({ kind }) => kind === 'model_call')?.step;
        const heard = seen();
        const now = await cli('replay', id, '--generation', 'current', '--json');
        expect(now.code).toBe(1);
        expect(JSON.parse(now.out)).toMatchObject({
          result: 'differs',
          generation: 2,
          difference: {
            step: first,
            kind: 'model_call',
            changes: [
              { path: 'instructions', recorded: 'Sell tickets.', replayed: 'Sell tickets!' },
            ],
          },
        });
        if (!isWhole) return;
        const shown = await cli('replay', id, '--generation', 'current');
        expect(shown.out).toBe(
          `differs at step ${first}: The request to the model differs from the one in step ${first}.\n  instructions\n  - Sell tickets.\n  + Sell tickets!\n`,
        );
        const then = await cli('replay', id);
        expect(then).toMatchObject({
          code: 0,
          out: expect.stringMatching(/^same: .* generation 1,/),
        });
        expect(seen()).toEqual(heard);
        const test = inProcessCli(gateway.project.root, { GATEWAY_PYTHON: pythonWithSdk() });
        const played = await test('test', name.toLowerCase(), '--only', 'cases');
        expect(played.code).toBe(1);
        expect(played.out).toContain(
          `rome.json\n  model_calls[0]: The request to the model differs from the one in\n  model_calls[0].\n  instructions\n  - Sell tickets.\n  + Sell tickets!\n`,
        );
        expect(seen()).toEqual(heard);
      });
    });

    test('are run by whom rules let, and each is a decision', async () => {
      const id = runOf('Clerk', 'whole');
      const caller = await gateway.createCallerKey();
      const refused = { error: { code: 'permission_denied' } };
      expect(await again(`${id}/replay`, {}, caller)).toMatchObject(refused);
      const allowed = async (action: string) => {
        type Page = { readonly decisions: readonly Record<string, unknown>[] };
        const page = await json<Page>(`/security/decisions?action=${action}&limit=200`);
        const isOwn = ({ resource, effect }: Record<string, unknown>) =>
          resource === 'default/clerk' && effect === 'allow';
        return page.decisions.filter(isOwn).length;
      };
      const [reads, runs] = [await allowed('read_runs'), await allowed('run_agent')];
      await again(`${id}/replay`, {});
      await until('the decisions', async () => {
        const isRead = (await allowed('read_runs')) === reads + 1;
        return isRead && (await allowed('run_agent')) === runs + 1;
      });
      expect(await again('run_none/replay', {})).toMatchObject({ error: { code: 'not_found' } });
      const far = await again(`${id}/fork`, { from_step: 999 });
      expect(far).toMatchObject({ error: { code: 'invalid_value', param: 'from_step' } });
    });

    test('say how to have what is not recorded, and what is not kept any more', async () => {
      const id = runOf('Clerk', 'whole');
      await rm(join(gateway.project.root, '.dropgate/generations'), { recursive: true });
      const gone = await cli('replay', id);
      expect(gone).toMatchObject({ code: 1, err: expect.stringContaining('--generation current') });
      expect(await again(`${id}/replay`, {})).toMatchObject({ error: { code: 'generation_gone' } });
      const { port } = canary.server.address() as AddressInfo;
      await gateway.project.write({
        'gateway.yaml': `${settings(port)}runs: { record: steps }\n`,
      });
      await gateway.fetch('/agents/refresh', { method: 'POST' });
      const failed = await gateway
        .client()
        .chat.completions.create({ model: 'clerk', messages: [{ role: 'user', content: 'Hi.' }] })
        .then(
          () => 'answered',
          () => 'failed',
        );
      expect(failed).toBe('failed');
      const { runs } = await json<RunPage>('/admin/runs?agent=default/clerk&limit=1');
      expect(await again(`${runs[0]?.id}/replay`, {})).toMatchObject({
        error: { code: 'not_recorded', message: expect.stringContaining('runs.record') },
      });
    });
  });
}

/** What models answered, in order, and what tools were called with and gave. */
function callsIn({ steps }: RunDetail) {
  const models = steps.filter((step) => step.kind === 'model_call');
  const tools = steps.filter((step) => step.kind === 'tool_call');
  return [
    models.map(({ status, contents }) => [status, contents?.answer]),
    tools
      .toSorted((one, other) => (one.tool < other.tool ? -1 : 1))
      .map(({ tool, call_id, provenance, outcome, contents }) => [
        [tool, call_id, provenance, outcome],
        contents,
      ]),
  ];
}
