import { afterAll, beforeAll, expect, test } from 'vitest';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { call } from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { type Parrot, startParrot } from './parrot.ts';

/** Answers with where traces went: of the run of an agent, and then with the vendor's exporter put back in place. */
const inTypeScript = `import { Agent, getGlobalTraceProvider, Runner, setDefaultOpenAITracingExporter, setTracingExportApiKey } from '@openai/agents';

const inner = new Agent({ name: 'Inner', instructions: 'Help.', model: 'm' });
const asked: string[] = [];
const fetched = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const url = String(input instanceof Request ? input.url : input);
  if (!url.includes('api.openai.com')) return fetched(input, init);
  asked.push(url);
  return new Response('{}');
};
async function traced() {
  asked.length = 0;
  await new Runner().run(inner, 'Hi');
  await getGlobalTraceProvider().forceFlush();
  return asked.length > 0 ? 'to the vendor' : 'nowhere';
}
export const agent = {
  async run() {
    const first = await traced();
    setTracingExportApiKey('sk-traces');
    setDefaultOpenAITracingExporter();
    return first + ', then ' + (await traced());
  },
};
`;

const inPython = `from agents import Agent, Runner, set_trace_processors
from agents.tracing.processors import BackendSpanExporter, default_processor

inner = Agent(name="Inner", instructions="Help.", model="m")
asked = []
BackendSpanExporter.export = lambda self, items: asked.extend(items)


async def traced():
    asked.clear()
    await Runner.run(inner, "Hi")
    default_processor().force_flush()
    return "to the vendor" if asked else "nowhere"


class Traced:
    async def run(self, request):
        first = await traced()
        set_trace_processors([default_processor()])
        return f"{first}, then {await traced()}"


agent = Traced()
`;

const missing = await missingPython();
let parrot: Parrot;
let gateway: TestGateway;

beforeAll(async () => {
  parrot = await startParrot();
  gateway = await startGateway({
    files: {
      'src/agents/Node/agent.ts': inTypeScript,
      ...(missing === null ? { 'src/agents/Snake/agent.py': inPython } : {}),
    },
    env: {
      OPENAI_API_KEY: 'sk-upstream',
      OPENAI_BASE_URL: parrot.baseUrl,
      GATEWAY_UPSTREAM_API: 'responses',
      ...(missing === null ? { GATEWAY_PYTHON: pythonWithSdk() } : {}),
    },
  });
});
afterAll(async () => {
  await gateway?.stop();
  parrot?.stop();
});

test('traces of an agent in TypeScript go to nobody, unless its author says so', async () => {
  const answer = await call(gateway, gateway.key, { model: 'default/node' });
  expect(answer.text).toContain('nowhere, then to the vendor');
});

test.skipIf(missing !== null)(
  'traces of an agent in Python go to nobody, unless its author says so',
  async () => {
    const answer = await call(gateway, gateway.key, { model: 'default/snake' });
    expect(answer.text).toContain('nowhere, then to the vendor');
  },
);
