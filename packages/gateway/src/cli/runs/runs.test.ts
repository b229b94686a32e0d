import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  type TemporaryProject,
  warmTemporaryProject,
} from '../../../test/support/temporary-project.ts';
import {
  type RunDetail,
  type RunPage,
  runAnswer,
  runsAnswer,
} from '../../protocol/admin/runs-answer.ts';
import { startTestGateway, type TestGateway } from '../../testing.ts';

const weather = `
import { Agent, tool } from '@openai/agents';
import { z } from 'zod';

const getWeather = tool({
  name: 'get_weather',
  description: 'Tells the weather in a city.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => \`Sunny in \${city}, says \${process.env.WEATHER_API_KEY}.\`,
});

export const agent = new Agent({ name: 'Weather', instructions: 'Tell it.', tools: [getWeather] });
`;

const secret = 'a-key-of-the-weather-station';

// Nothing here changes what the gateway serves, so one is enough.
let project: TemporaryProject;
let gateway: TestGateway;
let run: RunDetail;

beforeAll(async () => {
  project = warmTemporaryProject();
  project.write('gateway.yaml', 'worker: { spares: 0 }\nruns: { record: contents }\n');
  project.write('src/agents/Weather/agent.ts', weather);
  project.write('src/agents/Weather/.env', `WEATHER_API_KEY=${secret}\n`);
  project.write(
    'src/agents/Bad/agent.ts',
    `export const agent = { run() { throw new Error('No.'); } };\n`,
  );
  gateway = await startTestGateway({ projectRoot: project.folder });
  for (const model of ['default/weather', 'default/bad']) {
    const answered = await ask('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': `asks-${model.slice(8)}` },
      body: JSON.stringify({
        model,
        messages: [{ role: 'user', content: 'What is the weather in Paris?' }],
      }),
    });
    await answered.text();
  }
  const { runs } = await json<RunPage>('/admin/runs?request_id=asks-weather');
  run = await json<RunDetail>(`/admin/runs/${runs[0]?.id}?contents=true`);
});

afterAll(async () => {
  await gateway?.close();
  project.dispose();
});

function ask(path: string, init: RequestInit = {}, key = gateway.key): Promise<Response> {
  const headers = { ...init.headers, authorization: `Bearer ${key}` };
  return fetch(`${gateway.url}${path}`, { ...init, headers });
}

async function json<Answer>(path: string): Promise<Answer> {
  return (await (await ask(path)).json()) as Answer;
}

const cli = (...args: string[]) => inProcessCli(project.folder)('runs', ...args);

describe('the journal of a run', () => {
  test('has its steps in order, as the description says', () => {
    expect(runAnswer.parse(run)).toEqual(run);
    expect(run.run).toMatchObject({
      request_id: 'asks-weather',
      agent_id: 'default/weather',
      module_path: 'src/agents/Weather/agent.ts',
      outcome: 'finished',
      recorded: 'contents',
      usage: { requests: 2 },
    });
    expect(run.steps.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5]);
    // What is told of later, and written with a later batch, keeps its time but not its place.
    const of = (kind: string) => run.steps.filter((step) => step.kind === kind);
    expect(of('model_call')).toMatchObject([
      { step: 1, ordinal: 0, upstream: 'demo', status: 200, outcome: 'ok' },
      { ordinal: 1, upstream: 'demo', status: 200, outcome: 'ok' },
    ]);
    expect(of('decision')).toMatchObject([
      { action: 'call_tool', resource: 'get_weather', effect: 'allow' },
    ]);
    expect(of('input')).toMatchObject([{ step: 0, items: 1, streamed: false }]);
    expect(of('tool_call')).toMatchObject([
      {
        tool: 'get_weather',
        provenance: 'native',
        outcome: 'ok',
        contents: {
          arguments: '{"city":"Paris"}',
          result: 'Sunny in Paris, says [secret].',
        },
      },
    ]);
    expect(of('text')).toHaveLength(1);
  });

  test('holds what its models were asked and answered, but no secret of the module', () => {
    const calls = run.steps.filter(({ kind }) => kind === 'model_call');
    const [first, second] = calls.map(({ contents }) => contents);
    expect(first?.request).toContain('What is the weather in Paris?');
    expect(first?.answer).toContain('get_weather');
    expect(second?.request).toMatch(/Sunny in .*, says \[secret\]\./);
    expect(JSON.stringify(run)).not.toContain(secret);
  });

  test('is found by each filter, page by page', async () => {
    const agentsOf = async (query: string) =>
      (await json<RunPage>(`/admin/runs${query}`)).runs.map(({ agent_id }) => agent_id);
    expect(await agentsOf('')).toEqual(['default/bad', 'default/weather']);
    expect(await agentsOf('?agent=default/bad')).toEqual(['default/bad']);
    expect(await agentsOf('?outcome=failed&code=run_failed')).toEqual(['default/bad']);
    expect(await agentsOf(`?key=${run.run.key_id}&since=2026-01-01`)).toHaveLength(2);
    expect(await agentsOf('?since=2200-01-01')).toEqual([]);
    expect(await agentsOf('?min_duration_ms=0.01')).toHaveLength(2);
    expect(await agentsOf('?min_duration_ms=9e12')).toEqual([]);
    const page = await json<RunPage>('/admin/runs?limit=1');
    expect(runsAnswer.parse(page)).toEqual(page);
    expect(await agentsOf(`?limit=1&after=${page.next}`)).toEqual(['default/weather']);
    const some = await json<RunDetail>(`/admin/runs/${run.run.id}?from=1&limit=2`);
    expect([some.steps.map(({ step }) => step), some.next]).toEqual([[1, 2], 3]);
    expect((await ask('/admin/runs/run_none')).status).toBe(404);
  });

  test('is read by whom rules let, and each reading of what it held is a decision', async () => {
    const { id } = run.run;
    const decisions = async () => {
      type Decisions = { readonly decisions: readonly Record<string, unknown>[] };
      return (await json<Decisions>('/security/decisions?action=read_runs')).decisions;
    };
    const read = { effect: 'allow', resource: 'default/weather', rule_id: 'admins-read-runs' };
    await expect.poll(decisions).toMatchObject([read]);
    expect((await json<RunDetail>(`/admin/runs/${id}`)).steps[0]).not.toHaveProperty('contents');
    await json<RunDetail>(`/admin/runs/${id}?contents=true`);
    // The one between them, which held none, would stand before the last.
    await expect.poll(decisions).toMatchObject([read, read]);
    await gateway.gateway.keys.create({ role: 'caller', createdBy: 'test' }).then(async (key) => {
      expect((await ask(`/admin/runs/${id}`, {}, key.secret)).status).toBe(403);
    });
    const override = await ask('/security/override', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        principal: '*',
        action: 'read_runs',
        resource: 'default/weather',
        effect: 'deny',
        ttl_seconds: 600,
        reason: 'Not today.',
      }),
    });
    const { override_id, id: overrideId = override_id } = (await override.json()) as {
      id?: string;
      override_id?: string;
    };
    expect((await ask(`/admin/runs/${id}`)).status).toBe(404);
    expect((await json<RunPage>('/admin/runs')).runs).toHaveLength(1);
    await ask(`/security/overrides/${overrideId}`, { method: 'DELETE' });
    expect((await ask(`/admin/runs/${id}`)).status).toBe(200);
  });
});

test('what is wrong with an agent names the run that it was seen in', async () => {
  const { errors } = await json<{ errors: { run_id: string }[] }>('/admin/agents/errors');
  const { runs } = await json<RunPage>('/admin/runs?agent=default/bad');
  expect(errors.map(({ run_id }) => run_id)).toEqual([runs[0]?.id]);
});

describe('dropgate runs', () => {
  test('lists runs with what they came to', async () => {
    const { code, out } = await cli('list');
    expect(code).toBe(0);
    expect(out).toMatch(/^RUN +BEGAN +AGENT +OUTCOME +TOOK +TOKENS +COST +KEY\n/);
    expect(out).toMatch(/default\/bad +failed \(run_failed\)/);
    expect(out).toContain(run.run.id);
    expect(await cli('list', '--request', 'none')).toMatchObject({
      code: 0,
      err: 'No run in the journal fits.\n',
    });
  });

  test('lists those of an agent by its bare name, and those of a key by its name', async () => {
    const ofAgent = await cli('list', '--agent', 'weather', '--json');
    expect((JSON.parse(ofAgent.out) as RunPage).runs).not.toEqual([]);
    const [, name = ''] = / (admin-[0-9a-f]{6})\n/.exec((await cli('list')).out) ?? [];
    const ofKey = await cli('list', '--key', name, '--json');
    expect((JSON.parse(ofKey.out) as RunPage).runs).not.toEqual([]);
    expect(await cli('list', '--agent', 'wether')).toMatchObject({
      code: 1,
      err: 'error: There is no agent wether. Did you mean default/weather? See `dropgate agents list`.\n',
    });
    expect(await cli('list', '--key', 'nobody')).toMatchObject({
      code: 1,
      err: 'error: There is no key nobody. See `dropgate keys list`.\n',
    });
  });

  test('draws the steps of a run, and follows one that is over no further', async () => {
    const { code, out } = await cli('show', run.run.id, '--follow', '--contents');
    expect(code).toBe(0);
    expect(out).toMatch(/^run_\w+ {2}default\/weather, generation 1\n/);
    expect(out).toMatch(
      /\n {3}1 +\+\S+ m?s +▕[ █]+▏ +model \S+ at demo: 200 +\S+ m?s +\d+ → \d+ tokens\n/,
    );
    expect(out).toMatch(/ {3}\d .* native tool get_weather: ok/);
    expect(out).toContain('      request:\n');
    expect(out).toMatch(
      /\nfinished after \S+ m?s, 2 model calls, \d+ tokens in, \d+ out, cost \$0\n$/,
    );
    const whole = (await cli('show', run.run.id)).out;
    const begun = [...whole.matchAll(/^ {3}\d +\+(\S+) (m?s) /gm)].map(
      ([, time, unit]) => Number(time) * (unit === 's' ? 1000 : 1),
    );
    expect(begun).toHaveLength(6);
    expect(begun).toEqual(begun.toSorted((a, b) => a - b));
    expect(await cli('show', 'run_none')).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is no run run_none in the journal.'),
    });
  });

  test('tells of a failed run what went wrong, and where', async () => {
    const { runs } = await json<RunPage>('/admin/runs?agent=default/bad');
    const { out } = await cli('show', runs[0]?.id ?? '');
    expect(out).toMatch(/\nfailed \(run_failed\) after \S+ m?s, 0 model calls, /);
    expect(out).toMatch(/\nerror: src\/agents\/Bad\/agent\.ts:1:\d+\n {2}Error: No\.\n/);
    const errors = await inProcessCli(project.folder)('agents', 'errors');
    expect(errors.out).toContain(`, in ${runs[0]?.id}\n`);
    expect(errors.err).toBe('What a run did, step by step: `dropgate runs show <run>`.\n');
  });
});
