import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type OtlpCollector,
  type ReceivedSpan,
  startCollector,
} from '../support/otlp-collector.ts';
import { openUpstream } from '../support/scripted-upstream.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { followSteps, type Steps, saying } from './tool-script.ts';
import { until } from './until.ts';

const desk = `import { Agent, tool } from '@openai/agents';
import { gatewayTool } from 'dropgate/agent';
import { z } from 'zod';

const parameters = z.object({ thing: z.string() });
const measure = tool({
  name: 'measure',
  description: 'Measures.',
  parameters,
  execute: async ({ thing }) => \`\${thing}: 4 metres\`,
});
const lose = tool({
  name: 'lose',
  description: 'Loses.',
  parameters,
  execute: async () => {
    throw new Error('lost with hunter2-the-password');
  },
});
const expert = new Agent({ name: 'Expert', instructions: 'Know better.', model: 'expert-model' });
export const agent = new Agent({
  name: 'Desk',
  instructions: 'Help.',
  model: 'desk-model',
  tools: [measure, lose, gatewayTool('site', 'Asks the site.')],
  handoffs: [expert],
  inputGuardrails: [
    {
      name: 'no_poison',
      runInParallel: false,
      execute: async ({ input }) => ({
        tripwireTriggered: JSON.stringify(input).includes('poison'),
        outputInfo: null,
      }),
    },
  ],
});
`;

const settings = (site: string) => `worker: { spares: 0 }
tools:
  site:
    kind: http
    url: ${site}/look/{thing}
    allow_addresses: [127.0.0.1]
    parameters: { type: object, properties: { thing: { type: string } }, required: [thing] }
`;

const canary = 'canary-of-contents';

describe('the traces of runs', () => {
  let collector: OtlpCollector;
  let upstream: Awaited<ReturnType<typeof openUpstream>>;
  let gateway: TestGateway;
  /** What the site was told. */
  const asked: (string | string[] | undefined)[][] = [];
  const site = createServer((request, response) => {
    const { traceparent, 'x-request-id': id } = request.headers;
    asked.push([traceparent, id]);
    response.setHeader('content-type', 'text/plain').end(`A page about ${canary}.`);
  });

  beforeAll(async () => {
    collector = await startCollector();
    upstream = await openUpstream((seen) =>
      followSteps({ ...seen, model: '', instructions: '', messages: [], tools: [] }),
    );
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    gateway = await startGateway({
      files: {
        'src/agents/Desk/agent.ts': desk,
        'src/agents/Desk/.env': 'SITE_PASSWORD=hunter2-the-password\n',
        'gateway.yaml': settings(`http://127.0.0.1:${(site.address() as AddressInfo).port}`),
      },
      env: {
        OPENAI_API_KEY: 'sk-upstream',
        OPENAI_BASE_URL: upstream.baseUrl,
        GATEWAY_UPSTREAM_API: 'responses',
        OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
        OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=team%20one',
        OTEL_EXPORTER_OTLP_TIMEOUT: '60000',
        OTEL_SERVICE_NAME: 'our-gateway',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
        OTEL_BSP_SCHEDULE_DELAY: '20',
      },
    });
  });
  afterAll(async () => {
    await gateway?.stop();
    upstream?.stop();
    collector?.stop();
    site.closeAllConnections();
    site.close();
  });

  /** Asks the desk, streamed, as the request of that id. */
  async function ask(id: string, text: string, headers: object = {}): Promise<string> {
    const response = await gateway.fetch('/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': id, ...headers },
      body: JSON.stringify({
        model: 'default/desk',
        stream: true,
        messages: [{ role: 'user', content: text }],
      }),
    });
    return response.text();
  }

  const steps: Steps = [
    ['measure', { thing: canary }],
    ['site', { thing: 'rope' }],
    ['transfer_to_Expert', {}],
  ];

  /** The spans of a request's trace, once its run's own is there; that one first, then in order of their begin. */
  async function spansOf(id: string): Promise<readonly ReceivedSpan[]> {
    const root = await until(`the trace of ${id}`, () =>
      collector.spans().find(({ attributes }) => attributes['dropgate.request.id'] === id),
    );
    const others = collector
      .spans()
      .filter(({ traceId, spanId }) => traceId === root.traceId && spanId !== root.spanId);
    return [root, ...others.toSorted((a, b) => a.startMs - b.startMs)];
  }

  test('hold a span of the run and of each step, by the names of the GenAI conventions', async () => {
    expect(await ask('req-steps', saying(...steps))).toContain('[DONE]');
    const [root, ...children] = await spansOf('req-steps');
    const { port } = new URL(upstream.baseUrl);
    const chat = {
      kind: 3,
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.stream': true,
        'gen_ai.response.time_to_first_chunk': expect.any(Number),
        'gen_ai.usage.input_tokens': expect.any(Number),
        'gen_ai.usage.output_tokens': expect.any(Number),
        'gen_ai.usage.cache_read.input_tokens': expect.any(Number),
        'gen_ai.usage.reasoning.output_tokens': expect.any(Number),
        'http.response.status_code': 200,
        'openai.api.type': 'responses',
        'server.address': '127.0.0.1',
        'server.port': Number(port),
        'dropgate.upstream.name': 'openai',
        'dropgate.model_call.attempts': 1,
      },
    };
    const modelCall = (model: string) => ({
      ...chat,
      name: `chat ${model}`,
      attributes: { ...chat.attributes, 'gen_ai.request.model': model },
    });
    const toolCall = (tool: string, provenance: string) => ({
      kind: 1,
      name: `execute_tool ${tool}`,
      attributes: {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': tool,
        'gen_ai.tool.type': 'function',
        'gen_ai.tool.call.id': expect.stringMatching(/^call_/),
        'dropgate.tool.provenance': provenance,
      },
    });
    expect(root).toMatchObject({ kind: 1, name: 'invoke_agent default/desk', status: { code: 0 } });
    expect(root?.parentSpanId).toBeUndefined();
    expect(root?.attributes).toEqual({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.id': 'default/desk',
      'gen_ai.agent.name': 'default/desk',
      'gen_ai.agent.version': '1',
      'gen_ai.usage.input_tokens': expect.any(Number),
      'gen_ai.usage.output_tokens': expect.any(Number),
      'gen_ai.usage.cache_read.input_tokens': expect.any(Number),
      'gen_ai.usage.reasoning.output_tokens': expect.any(Number),
      'dropgate.run.id': expect.stringMatching(/^run_/),
      'dropgate.run.outcome': 'finished',
      'dropgate.run.streamed': true,
      'dropgate.run.waited_ms': 0,
      'dropgate.run.first_text_ms': expect.any(Number),
      'dropgate.request.id': 'req-steps',
      'dropgate.key.id': expect.stringMatching(/^key_/),
      'dropgate.agent.id': 'default/desk',
      'dropgate.agent.generation': 1,
      'dropgate.module.path': 'src/agents/Desk/agent.ts',
    });
    expect(root?.resource).toMatchObject({
      'service.name': 'our-gateway',
      'service.version': expect.stringMatching(/^\d+\./),
      'deployment.environment.name': 'test',
    });
    expect(children.map(({ name, kind, attributes }) => ({ name, kind, attributes }))).toEqual([
      modelCall('desk-model'),
      toolCall('measure', 'native'),
      modelCall('desk-model'),
      toolCall('site', 'gateway'),
      modelCall('desk-model'),
      {
        kind: 1,
        name: 'handoff Expert',
        attributes: {
          'dropgate.handoff.from_agent': 'Desk',
          'dropgate.handoff.to_agent': 'Expert',
        },
      },
      modelCall('expert-model'),
    ]);
    for (const { parentSpanId, startMs, endMs } of children) {
      expect(parentSpanId).toBe(root?.spanId);
      expect(startMs).toBeGreaterThanOrEqual(root?.startMs ?? 0);
      expect(endMs).toBeGreaterThanOrEqual(startMs);
    }
  });

  test('go on in whom they ask, under the span of the call', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const before = upstream.calls.length;
    await ask('req-parent', saying(...steps), { traceparent });
    const [root, ...children] = await spansOf('req-parent');
    expect(root).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      parentSpanId: 'b7ad6b7169203331',
    });
    const toldAs = (name: string) =>
      children
        .filter((span) => span.name.startsWith(name))
        .map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`);
    expect(upstream.calls.slice(before).map(({ headers }) => headers.traceparent)).toEqual(
      toldAs('chat'),
    );
    expect(asked.at(-1)).toEqual([...toldAs('execute_tool site'), 'req-parent']);
  });

  test('are not made where the caller’s own is not recorded, and what it asks is told so', async () => {
    const unrecorded = '00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
    const before = upstream.calls.length;
    await ask('req-unrecorded', saying(...steps), { traceparent: unrecorded });
    await ask('req-after', saying());
    await spansOf('req-after');
    const traces = new Set(collector.spans().map(({ traceId }) => traceId));
    expect(traces).not.toContain('1af7651916cd43dd8448eb211c80319c');
    expect(String(upstream.calls[before]?.headers.traceparent)).toMatch(
      /^00-1af7651916cd43dd8448eb211c80319c-[\da-f]{16}-00$/,
    );
  });

  test('tell what failed and what stopped a run, without secrets', async () => {
    await ask('req-lost', saying(['lose', { thing: 'rope' }]));
    const [, ...children] = await spansOf('req-lost');
    expect(children.find(({ name }) => name === 'execute_tool lose')).toMatchObject({
      attributes: { 'error.type': 'failed' },
      status: { code: 2, message: expect.stringContaining('lost with [secret]') },
    });
    await ask('req-poison', 'poison');
    expect(await spansOf('req-poison')).toMatchObject([
      { attributes: { 'dropgate.run.outcome': 'blocked' }, status: { code: 0 } },
      { name: 'guardrail no_poison', attributes: { 'dropgate.guardrail.name': 'no_poison' } },
    ]);
  });

  test('hold nothing of what was asked and answered, and go with the headers that are set', () => {
    const requests = collector.requests();
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.map(({ headers }) => headers['x-tenant'])).toEqual(
      requests.map(() => 'team one'),
    );
    for (const { body } of requests) {
      expect(body).not.toContain(canary);
      expect(body).not.toContain('hunter2');
    }
  });

  test('are counted by scrapes that come while runs go on, each of them whole', async () => {
    const runs = Array.from({ length: 30 }, (_, at) => ask(`req-load-${at}`, saying(...steps)));
    const scrapes = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const response = await gateway.fetch('/metrics');
        return { status: response.status, text: await response.text() };
      }),
    );
    for (const { status, text } of scrapes) {
      expect(status).toBe(200);
      const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      const [odd] = samples.filter(
        (line) => !/^\w+(\{[^}]*\})? (-?[\d.e+-]+|NaN|\+Inf)$/.test(line),
      );
      expect(odd).toBeUndefined();
      expect(text.endsWith('\n')).toBe(true);
    }
    for (const text of await Promise.all(runs)) expect(text).toContain('[DONE]');
    const spans = async () => {
      const text = await (await gateway.fetch('/metrics')).text();
      return Number(/^dropgate_trace_spans_total\{outcome="sent"\} (\d+)$/m.exec(text)?.[1] ?? 0);
    };
    await until('their spans', async () => (await spans()) >= 30 * 8);
  });

  test('are lost where the collector hangs and then refuses them, which is said once and hurts no run', async () => {
    collector.become('hang');
    for (let at = 0; at < 5; at += 1) {
      expect(await ask(`req-hang-${at}`, saying())).toContain('[DONE]');
    }
    collector.become('refuses');
    const lost = async () => {
      const text = await (await gateway.fetch('/metrics')).text();
      return Number(
        /^dropgate_trace_spans_total\{outcome="dropped"\} (\d+)$/m.exec(text)?.[1] ?? 0,
      );
    };
    await until('what was lost', async () => (await lost()) >= 10);
    collector.become('takes');
    await ask('req-back', saying());
    await spansOf('req-back');
    await until('the line', () => gateway.logs().includes('traces arrive again'));
    expect(gateway.logs().match(/traces do not arrive/g)).toHaveLength(1);
  });

  test('arrive before the gateway ends', async () => {
    await ask('req-last', saying());
    expect(await gateway.end('SIGTERM')).toMatchObject({ code: 0 });
    expect(await spansOf('req-last')).toHaveLength(2);
  });
});
