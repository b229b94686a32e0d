import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { call, diagnosticsOf, logOf } from './call.ts';
import { packageRoot, startGateway, type TestGateway, warmProject } from './harness.ts';
import type { Project } from './project.ts';
import { until } from './until.ts';

const workspaceRoot = dirname(dirname(packageRoot));
const missing = await missingPython();
const samples = ['SampleAgent', ...(missing ? [] : ['SampleAgentPy'])];

let project: Project;
let gateway: TestGateway;

beforeAll(async () => {
  project = await warmProject();
  for (const path of ['docs/sample', ...samples.map((name) => `src/agents/${name}`)]) {
    await project.copy(join(workspaceRoot, path), path);
  }
  const env = missing ? {} : { GATEWAY_PYTHON: pythonWithSdk() };
  gateway = await startGateway({ project, env });
});
afterAll(async () => {
  await gateway?.stop();
  await project?.remove();
});

describe.each(samples)('the sample agent %s', (name) => {
  const model = `default/${name.toLowerCase()}`;
  const content = 'What is the weather in Paris, and what does sample/packing.md say?';

  test.each([
    ['whole', false],
    ['streamed', true],
  ])('answers out of its own tool and the gateway’s in one run, %s', async (_how, stream) => {
    const reply = await call(gateway, gateway.key, { model, content, stream });
    expect(reply).toMatchObject({ status: 200, error: null });
    expect(reply.content).toContain('get_weather says: It is sunny and 21 °C in Paris.');
    expect(reply.content).toContain('Source: sample/packing.md\n\n# What to pack\n\n- Sun: a hat');
  });

  test('has its calls told alike by log, metrics and decisions', async () => {
    const reply = await call(gateway, gateway.key, { model, content });
    const requestId = reply.headers.get('x-request-id') ?? '';
    const logged = await until('the lines of both calls', () => {
      const lines = logOf(gateway, model).filter((line) => line.includes(`=${requestId} `));
      const tools = lines.filter((line) => line.includes('tool ok'));
      return tools.length === 2 && tools;
    });
    expect(logged.map((line) => /tool=\S+/.exec(line)?.[0]).sort()).toEqual([
      'tool=fetch_doc',
      'tool=get_weather',
    ]);
    expect(await countsOf(model)).toEqual(['fetch_doc gateway ok 3', 'get_weather native ok 3']);
    expect(await until('both decisions', () => decidedIn(requestId))).toEqual([
      'allow fetch_doc',
      'allow get_weather',
    ]);
    expect(await diagnosticsOf(gateway, model)).toEqual([]);
  });
});

test('the list of tools has what all of them called', async () => {
  const answer = await (await gateway.fetch('/admin/tools')).json();
  const used_by = samples.map((name) => `default/${name.toLowerCase()}`);
  const counts = { calls: 3 * samples.length, errors: 0, denied: 0, last_error: null };
  expect(answer).toMatchObject({ tools: [{ name: 'fetch_doc', used_by, ...counts }] });
});

async function countsOf(model: string): Promise<string[]> {
  const metrics = await (await gateway.fetch('/metrics')).text();
  const calls = metrics.matchAll(
    /^dropgate_tool_calls_total\{tool="(.+)",provenance="(.+)",outcome="(.+)",agent="(.+)"\} (\d+)/gm,
  );
  return [...calls]
    .filter(([, , , , agent]) => agent === model)
    .map(([, tool, provenance, outcome, , count]) => `${tool} ${provenance} ${outcome} ${count}`)
    .sort();
}

async function decidedIn(requestId: string): Promise<string[] | null> {
  const response = await gateway.fetch(`/security/decisions?request_id=${requestId}`);
  const { decisions } = (await response.json()) as {
    decisions: { action: string; effect: string; resource: string }[];
  };
  const onTools = decisions.filter(({ action }) => action === 'call_tool');
  return onTools.length < 2
    ? null
    : onTools.map(({ effect, resource }) => `${effect} ${resource}`).sort();
}
