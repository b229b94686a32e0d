import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Agent, tool } from '@openai/agents';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { lineOverHttp } from '../../../test/support/line-over-http.ts';
import { startUpstream, type Turn } from '../../../test/support/scripted-upstream.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import {
  eventsOf,
  loadedModule,
  modelAt,
  runInput,
  textOf,
} from '../../../test/support/worker-run.ts';
import type { RunEvent } from '../../protocol/run.ts';
import { createBrokerFetch } from '../models/broker-fetch.ts';

async function endOf(agent: Agent, streamed: boolean): Promise<RunEvent | undefined> {
  const events = await eventsOf(loadedModule(agent), { input: runInput({ streamed }) });
  return events.at(-1);
}

const failing = (options: { errorFunction?: null } = {}) =>
  tool({
    name: 'fail',
    description: 'Fails.',
    parameters: z.object({}),
    execute: () => {
      throw new RangeError('secret of the author');
    },
    ...options,
  });

const callFail: Turn = { calls: [{ name: 'fail', args: {} }] };
const error = (code: string | null) => JSON.stringify({ error: { message: 'secret', code } });

describe.each([true, false])('a failure of the upstream (streamed: %s)', (streamed) => {
  test.each([
    [{ status: 401, body: error('invalid_api_key') }, 'upstream_refused'],
    [{ status: 403, body: error(null) }, 'upstream_refused'],
    [{ status: 404, body: error('model_not_found') }, 'upstream_refused'],
    [{ status: 400, body: error('context_length_exceeded') }, 'context_too_long'],
    [{ status: 400, body: error('invalid_value') }, 'upstream_refused'],
    [{ status: 429, body: error(null), headers: { 'retry-after': '7' } }, 'upstream_rate_limited'],
    [{ status: 500, body: error(null) }, 'upstream_failed'],
    [{ status: 503, body: 'not json' }, 'upstream_unavailable'],
    [{ status: 504, body: error('upstream_timeout') }, 'upstream_timeout'],
    [{ status: 200, body: '<html>' }, 'upstream_failed'],
    [{ status: 200, body: '<html>', headers: { 'content-type': 'text/html' } }, 'upstream_failed'],
  ])('%j is told as %s, without its text', async (answer, code) => {
    const upstream = await startUpstream({ answer });
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl) });
    const end = await endOf(agent, streamed);
    expect(end).toMatchObject({ type: 'failed', code, detail: { stage: 'model' } });
    expect(end).toHaveProperty('message', expect.not.stringContaining('secret'));
    if (code === 'upstream_rate_limited') expect(end).toHaveProperty('retryAfterSeconds', 7);
  });

  test('that is down is told as upstream_failed', async () => {
    const agent = new Agent({ name: 'A', model: modelAt('http://127.0.0.1:1/v1') });
    expect(await endOf(agent, streamed)).toMatchObject({
      code: 'upstream_failed',
      detail: { class: 'APIConnectionError' },
    });
  });
});

describe('a stream from upstream', () => {
  test.each(['responses', 'chat_completions'] as const)(
    'that breaks off fails the run (%s)',
    async (api) => {
      const upstream = await startUpstream({ text: ['Hel'], ending: 'break' });
      const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl, api) });
      expect(await endOf(agent, true)).toMatchObject({ type: 'failed', code: 'upstream_failed' });
    },
  );

  test('that ends early but cleanly fails the run', async () => {
    const body = 'data: {"type":"response.created","response":{"id":"r"}}\n\n';
    const headers = { 'content-type': 'text/event-stream' };
    const upstream = await startUpstream({ answer: { status: 200, body, headers } });
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl) });
    expect(await endOf(agent, true)).toMatchObject({ type: 'failed', code: 'upstream_failed' });
  });

  test('that says an error fails the run', async () => {
    const body = 'data: {"error":{"message":"secret","code":"context_length_exceeded"}}\n\n';
    const headers = { 'content-type': 'text/event-stream' };
    const upstream = await startUpstream({ answer: { status: 200, body, headers } });
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl) });
    expect(await endOf(agent, true)).toMatchObject({ type: 'failed', code: 'context_too_long' });
  });

  test('that is no event stream fails the run', async () => {
    const body = 'data: {"broken\n\n';
    const headers = { 'content-type': 'text/event-stream' };
    const upstream = await startUpstream({ answer: { status: 200, body, headers } });
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl) });
    expect(await endOf(agent, true)).toMatchObject({ type: 'failed', code: 'upstream_failed' });
  });
});

test.each([
  ['breaks off', { text: ['Hel'], ending: 'break' as const }],
  ['is no JSON', { answer: { status: 200, body: '<html>' } }],
])('an answer that %s fails a run that reads it itself by the upstream', async (_what, turn) => {
  const { baseUrl } = await startUpstream(turn);
  const line = lineOverHttp(baseUrl);
  const fetchIt = createBrokerFetch({ brokerBaseUrl: baseUrl, original: fetch, line });
  const body = JSON.stringify({ model: 'test', input: 'Hi', stream: true });
  const run = async () => {
    const response = await fetchIt(`${baseUrl}/responses`, { method: 'POST', body });
    return await response.json();
  };
  const [end] = await eventsOf(loadedModule({ run }, { kind: 'runnable' }));
  expect(end).toMatchObject({ type: 'failed', code: 'upstream_failed' });
});

describe.each([true, false])('an agent (streamed: %s)', (streamed) => {
  test('that needs too many turns fails with what they cost', async () => {
    const upstream = await startUpstream(callFail);
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl), tools: [failing()] });
    const events = await eventsOf(loadedModule(agent), {
      input: runInput({ streamed }),
      maxTurns: 2,
    });
    expect(events.at(-1)).toMatchObject({
      type: 'failed',
      code: 'max_turns_exceeded',
      usage: { requests: 2, inputTokens: 20 },
    });
  });

  test('goes on after a tool that throws, which is told as failed', async () => {
    const upstream = await startUpstream(callFail, { text: ['Sorry.'] });
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl), tools: [failing()] });
    const events = await eventsOf(loadedModule(agent), { input: runInput({ streamed }) });
    expect(events.find((event) => event.type === 'tool_ended')).toMatchObject({
      outcome: 'failed',
    });
    expect(textOf(events)).toBe('Sorry.');
  });

  test('whose tool may not fail ends as tool_failed, with the cause in the detail only', async () => {
    const upstream = await startUpstream(callFail);
    const tools = [failing({ errorFunction: null })];
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl), tools });
    const events = await eventsOf(loadedModule(agent), { input: runInput({ streamed }) });
    expect(events.map((event) => event.type)).toEqual(['tool_started', 'tool_ended', 'failed']);
    expect(events.at(-1)).toMatchObject({
      code: 'tool_failed',
      message: 'A tool of the agent failed.',
      detail: { class: 'RangeError', message: 'secret of the author', stage: 'tool' },
    });
  });

  test('that calls a tool it does not have fails', async () => {
    const upstream = await startUpstream({ calls: [{ name: 'nothing', args: {} }] });
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl) });
    expect(await endOf(agent, streamed)).toMatchObject({
      code: 'run_failed',
      detail: { class: 'ModelBehaviorError' },
    });
  });

  test.each([
    ['input', 'weather in paris?'],
    ['output', 'bad words'],
  ] as const)('whose %s guardrail trips ends with content_filter', async (side, expected) => {
    const upstream = await startUpstream({ text: ['Bad words'] });
    const guardrail = {
      name: 'no swearing',
      // A lone message is the text that it is.
      execute: async (given: { input?: string; agentOutput?: string }) => ({
        tripwireTriggered: (given.input ?? given.agentOutput)?.toLowerCase() === expected,
        outputInfo: 'secret',
      }),
    };
    const agent = new Agent({
      name: 'A',
      model: modelAt(upstream.baseUrl),
      [`${side}Guardrails`]: [guardrail],
    });
    expect(await endOf(agent, streamed)).toMatchObject({
      type: 'finished',
      reason: 'content_filter',
      blockedBy: 'no swearing',
    });
  });

  test('whose tool guardrail trips ends with content_filter', async () => {
    const upstream = await startUpstream(callFail);
    const guarded = tool({
      name: 'fail',
      description: 'Guarded.',
      parameters: z.object({}),
      execute: () => 'never',
      inputGuardrails: [
        { name: 'no secrets', run: async () => ({ behavior: { type: 'throwException' } }) },
      ],
    });
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl), tools: [guarded] });
    expect(await endOf(agent, streamed)).toMatchObject({
      type: 'finished',
      reason: 'content_filter',
      blockedBy: 'no secrets',
    });
  });

  test('is cancelled while the model is silent, and its model call with it', async () => {
    const upstream = await startUpstream({ text: ['Hel'], ending: 'hang' });
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl) });
    const controller = new AbortController();
    const running = eventsOf(loadedModule(agent), {
      input: runInput({ streamed }),
      signal: controller.signal,
    });
    await expect.poll(() => upstream.calls.length).toBe(1);
    controller.abort(new Error('the caller left'));
    expect((await running).at(-1)).toMatchObject({ type: 'failed', code: 'run_cancelled' });
    await upstream.calls[0]?.aborted;
  });

  test('is cancelled at once during a tool that ignores its signal, and goes on until that ends', async () => {
    const upstream = await startUpstream(callFail);
    const controller = new AbortController();
    const released = Promise.withResolvers<string>();
    const order: string[] = [];
    const going: Promise<unknown>[] = [];
    const deaf = tool({
      name: 'fail',
      description: 'Ends late.',
      parameters: z.object({}),
      execute: () => {
        controller.abort();
        return released.promise.finally(() => order.push('tool'));
      },
    });
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl), tools: [deaf] });
    const events = await eventsOf(loadedModule(agent), {
      input: runInput({ streamed }),
      signal: controller.signal,
      outlives: (work) => void going.push(work),
    });
    expect(events.map((event) => event.type)).toEqual(['tool_started', 'tool_ended', 'failed']);
    expect(events.at(-1)).toMatchObject({ code: 'run_cancelled' });
    const [work] = going;
    const over = work?.then(null, () => undefined).then(() => order.push('run'));
    released.resolve('late');
    await over;
    expect(order).toEqual(['tool', 'run']);
  });

  test('that was cancelled before it began calls nothing', async () => {
    const upstream = await startUpstream({ text: ['ok'] });
    const agent = new Agent({ name: 'A', model: modelAt(upstream.baseUrl) });
    const events = await eventsOf(loadedModule(agent), {
      input: runInput({ streamed }),
      signal: AbortSignal.abort(),
    });
    expect(events).toMatchObject([{ type: 'failed', code: 'run_cancelled' }]);
    expect(upstream.calls).toEqual([]);
  });
});

test('a failure names the place in the code of the author', async () => {
  const folder = await tempFolder({
    'agent.mjs': 'export function run() {\n  throw new TypeError("no luck");\n}\n',
  });
  const file = join(folder, 'agent.mjs');
  const module = await import(/* @vite-ignore */ pathToFileURL(file).href);
  const events = await eventsOf(loadedModule(module, { kind: 'runnable' }));
  expect(events).toMatchObject([
    {
      type: 'failed',
      code: 'run_failed',
      message: 'The agent failed while it ran; the cause is in the log of the gateway.',
      detail: { class: 'TypeError', message: 'no luck', file, line: 2, column: 9, stage: 'run' },
    },
  ]);
});

test('a reader that fails to take events does not make a run throw', async () => {
  const module = loadedModule({ run: () => 'text' }, { kind: 'runnable' });
  const events = await eventsOf(module, {
    send: () => Promise.reject(new Error('the channel is closed')),
  });
  expect(events.at(-1)).toMatchObject({ type: 'failed' });
});
