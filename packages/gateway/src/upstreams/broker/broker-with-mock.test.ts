import { LLMock } from '@copilotkit/aimock';
import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents';
import OpenAI from 'openai';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { remote, startBroker } from '../../../test/support/broker-kit.ts';
import type { UpstreamApi } from '../../protocol/records.ts';

/** A mock of OpenAI that takes the real key and no other. */
async function startMock(options: { latency?: number; chunkSize?: number } = {}) {
  const mock = await LLMock.create({ port: 0, auth: { apiKeys: ['sk-real'] }, ...options });
  onTestFinished(() => mock.stop());
  return mock;
}

function runnerFor(access: { token: string; baseUrl: string }, api: UpstreamApi): Runner {
  const { token: apiKey, baseUrl: baseURL } = access;
  const useResponses = api === 'responses';
  const modelProvider = new OpenAIProvider({ apiKey, baseURL, useResponses });
  return new Runner({ tracingDisabled: true, modelProvider });
}

describe('with a mock of OpenAI', () => {
  const lookup = tool({
    name: 'lookup',
    description: 'Looks something up.',
    parameters: z.object({ word: z.string() }),
    execute: async () => 'found',
  });

  test.each(['responses', 'chat_completions'] as const)(
    'the Agents SDK runs a tool over %s and nothing is called twice',
    async (api) => {
      const mock = await startMock();
      mock.on(
        { hasToolResult: false },
        { toolCalls: [{ name: 'lookup', arguments: '{"word":"a"}' }] },
      );
      mock.on({ hasToolResult: true }, { content: 'All done here.' });
      const { access, called } = await startBroker([remote(`${mock.url}/v1`, { api })]);
      access.startRun('run_1', 'key_1');
      const runner = runnerFor(access, api);
      const agent = new Agent({ name: 'A', tools: [lookup] });
      const result = await runner.run(agent, 'look', { stream: true });
      await result.completed;
      expect(result.finalOutput).toBe('All done here.');
      const journal = mock.getRequests();
      expect(journal).toHaveLength(2);
      const calls = await called(2);
      expect(calls.map((call) => [call.runId, call.outcome, call.attempts])).toEqual([
        ['run_1', 'ok', 1],
        ['run_1', 'ok', 1],
      ]);
      const metered = calls.reduce((sum, call) => sum + (call.usage?.outputTokens ?? 0), 0);
      expect(metered).toBe(result.state.usage.outputTokens);
    },
  );

  test('an embedding and the list of models pass', async () => {
    const mock = await startMock();
    mock.onEmbedding('hello', { embedding: [0.5, 1] });
    const { access, called } = await startBroker([remote(`${mock.url}/v1`)]);
    const openai = new OpenAI({ apiKey: access.token, baseURL: access.baseUrl });
    const { data } = await openai.embeddings.create({
      model: 'text-embedding-3-small',
      input: 'hello',
      encoding_format: 'float',
    });
    expect(data[0]!.embedding).toEqual([0.5, 1]);
    expect((await openai.models.list()).data.length).toBeGreaterThan(0);
    expect((await called(2)).map((call) => call.path)).toEqual(['/v1/embeddings', '/v1/models']);
  });

  test.each(['responses', 'chat_completions'] as const)(
    'a stream of %s that is cut fails the run, and is not asked for again',
    async (api) => {
      const mock = await startMock({ latency: 5, chunkSize: 4 });
      const opts = { truncateAfterChunks: 4 };
      mock.on({}, { content: 'This is cut somewhere in the middle of it.' }, opts);
      const { access, called } = await startBroker([
        remote(`${mock.url}/v1`, { api, maxRetries: 2 }),
      ]);
      const runner = runnerFor(access, api);
      const result = await runner.run(new Agent({ name: 'A' }), 'go', { stream: true });
      await expect(result.completed).rejects.toThrow();
      expect(mock.getRequests().map((entry) => entry.response.interrupted)).toEqual([true]);
      expect(await called(1)).toMatchObject([{ outcome: 'failed', status: 200, attempts: 1 }]);
    },
  );

  test('a run that is aborted in mid-stream stops the stream', async () => {
    const mock = await startMock({ latency: 20, chunkSize: 2 });
    mock.on({}, { content: 'word '.repeat(500) });
    const { access, called } = await startBroker([remote(`${mock.url}/v1`)]);
    const leave = new AbortController();
    const runner = runnerFor(access, 'responses');
    const options = { stream: true, signal: leave.signal } as const;
    const result = await runner.run(new Agent({ name: 'A' }), 'go', options);
    for await (const event of result) {
      if (event.type === 'raw_model_stream_event') leave.abort();
    }
    expect(await called(1)).toMatchObject([{ outcome: 'aborted', attempts: 1 }]);
    expect(mock.getRequests()).toHaveLength(1);
  });

  test('an error of the model reaches the openai client as OpenAI wrote it', async () => {
    const mock = await startMock();
    mock.nextRequestError(429, { message: 'Slow down.', code: 'rate_limit_exceeded' });
    const { access, called } = await startBroker([remote(`${mock.url}/v1`)]);
    const openai = new OpenAI({ apiKey: access.token, baseURL: access.baseUrl });
    const call = openai.responses.create({ model: 'gpt-5', input: 'hi' });
    await expect(call).rejects.toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    expect(await called(1)).toMatchObject([{ outcome: 'failed', error: 'HTTP 429: Slow down.' }]);
    expect(mock.getRequests()).toHaveLength(1);
  });
});
