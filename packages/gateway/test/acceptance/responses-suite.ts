import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Agent, OpenAIProvider, Runner } from '@openai/agents';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { failureOf } from './ask.ts';
import { watchCancelled } from './call.ts';
import { packageRoot, startGateway, type TestGateway } from './harness.ts';
import { type Parrot, startParrot } from './parrot.ts';

const missing = await missingPython();
const source = (ending: string) =>
  readFileSync(join(packageRoot, `test/fixtures/both/desk.${ending}`), 'utf8');

const measured = 'call measure {"thing":"rope"}';

/** What is asked at `POST /v1/responses`, of an agent in one language, and by clients in both. */
export function responsesSuite(ending: 'ts' | 'py'): void {
  describe.skipIf(missing)(`POST /v1/responses, over the wire (${missing ?? 'runs'})`, () =>
    scenes(ending),
  );
}

function scenes(ending: 'ts' | 'py'): void {
  const model = `desk${ending}`;
  let parrot: Parrot;
  let gateway: TestGateway;
  let client: OpenAI;

  beforeAll(async () => {
    parrot = await startParrot(({ messages }) =>
      messages.at(-1)?.includes('Fill in') ? { text: ['{"city":"Rome"}'] } : null,
    );
    gateway = await startGateway({
      agents: ['Slow'],
      files: {
        [`src/agents/Desk${ending}/agent.${ending}`]: source(ending),
      },
      env: {
        GATEWAY_PYTHON: pythonWithSdk(),
        OPENAI_API_KEY: 'sk-parrot',
        OPENAI_BASE_URL: parrot.baseUrl,
        GATEWAY_UPSTREAM_API: 'responses',
      },
    });
    client = gateway.client({ apiKey: await gateway.createCallerKey() });
  });
  afterAll(async () => {
    await gateway?.stop();
    parrot?.stop();
  });

  describe(`of an agent in ${ending}`, () => {
    test('gets a whole response, its tools among the reasoning', async () => {
      const response = await client.responses.create({ model, input: measured });
      expect(response.output_text).toBe('Help. [4 metres]');
      expect(response.output.map(({ type }) => type)).toEqual(['reasoning', 'message']);
      expect(response.output[0]).toMatchObject({ summary: [{ text: 'Calling measure…\n' }] });
      expect(response.usage).toMatchObject({
        input_tokens: 20,
        input_tokens_details: { cached_tokens: 8 },
        output_tokens: 10,
        output_tokens_details: { reasoning_tokens: 4 },
        total_tokens: 30,
      });
    });

    test('gets the same as a stream, numbered in order', async () => {
      const stream = await client.responses.create({ model, input: measured, stream: true });
      const events = await Array.fromAsync(stream);
      expect(events.map((event) => event.sequence_number)).toEqual([...events.keys()]);
      const deltas = events.flatMap((event) =>
        event.type === 'response.output_text.delta' ? [event.delta] : [],
      );
      const last = events.at(-1);
      expect(last).toMatchObject({
        type: 'response.completed',
        response: { status: 'completed', usage: { total_tokens: 30 } },
      });
      expect(deltas.join('')).toBe('Help. [4 metres]');
    });

    test('gets it put together by the client', async () => {
      const response = await client.responses.stream({ model, input: measured }).finalResponse();
      expect(response.output_text).toBe('Help. [4 metres]');
    });

    test('sends the model instructions, history, images and files', async () => {
      const response = await client.responses.create({
        model,
        instructions: 'Be brief.',
        input: [
          { role: 'user', content: 'How high?' },
          { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}' },
          { type: 'function_call_output', call_id: 'c1', output: 'Nine.' },
          { role: 'assistant', content: 'Nine high.' },
          {
            role: 'user',
            content: [
              { type: 'input_text', text: 'And this?' },
              { type: 'input_image', image_url: 'data:image/png;base64,AA==', detail: 'auto' },
              { type: 'input_file', file_url: 'https://example.com/a.pdf' },
            ],
          },
        ],
      });
      expect(response.output_text).toBe('Help.\nBe brief.');
      const { input } = parrot.calls().at(-1)?.body ?? {};
      expect(input).toMatchObject([
        { role: 'system', content: 'Be brief.' },
        { role: 'user' },
        { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}' },
        { type: 'function_call_output', call_id: 'c1', output: 'Nine.' },
        { role: 'assistant' },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'And this?' },
            { type: 'input_image', image_url: 'data:image/png;base64,AA==' },
            { type: 'input_file', file_url: 'https://example.com/a.pdf' },
          ],
        },
      ]);
    });

    test('gets the final output in the form that was asked for', async () => {
      const schema = {
        type: 'object',
        properties: { city: { type: 'string' } },
        required: ['city'],
        additionalProperties: false,
      };
      const response = await client.responses.create({
        model,
        input: 'Fill in',
        text: { format: { type: 'json_schema', name: 'place', schema, strict: true } },
      });
      expect(JSON.parse(response.output_text)).toEqual({ city: 'Rome' });
      expect(parrot.calls().at(-1)?.body.text).toMatchObject({ format: { schema } });
    });

    test('is told of a failure, whole and in the stream, and never asks twice', async () => {
      const asked = { model, input: 'call wreck {"thing":"boat"}' };
      const whole = await failureOf(client.responses.create(asked));
      expect(whole).toMatchObject({ status: 500, code: 'tool_error' });
      expect(whole.headers?.get('x-should-retry')).toBe('false');
      const stream = await client.responses.create({ ...asked, stream: true });
      const streamed = await failureOf(Array.fromAsync(stream));
      expect(streamed).toMatchObject({
        code: 'tool_error',
        message: 'A tool of the agent failed.',
      });
      expect(`${whole.message}${streamed.message}`).not.toContain('hunter2');
    });

    test('is not shown what a guardrail stopped', async () => {
      const response = await client.responses.create({ model, input: 'say secret' });
      expect(response).toMatchObject({
        status: 'incomplete',
        incomplete_details: { reason: 'content_filter' },
        output_text: "I can't help with that.",
      });
    });
  });

  test('is where agents of the SDK run on ours, as it is set up by default', async () => {
    const runner = new Runner({
      modelProvider: new OpenAIProvider({ openAIClient: client }),
      tracingDisabled: true,
    });
    const remote = new Agent({ name: 'Remote', instructions: 'Hand on.', model });
    const whole = await runner.run(remote, measured);
    expect(whole.finalOutput).toBe('Help.\nHand on. [4 metres]');
    expect(whole.newItems.map(({ type }) => type)).toEqual([
      'reasoning_item',
      'message_output_item',
    ]);
    const streamed = await runner.run(remote, measured, { stream: true });
    await streamed.completed;
    expect(streamed.finalOutput).toBe(whole.finalOutput);
    // The history goes back with the items that the gateway made.
    const again = await runner.run(remote, [...whole.history, { role: 'user', content: 'Hello?' }]);
    expect(again.finalOutput).toBe('Help.\nHand on.');
    expect(parrot.calls().at(-1)?.messages).toEqual([
      `user: ${measured}`,
      'assistant: Help.\nHand on. [4 metres]',
      'user: Hello?',
    ]);
  });

  test('is asked with OpenAI’s client for Python, whole and streamed', async () => {
    const script = `
import os
from openai import OpenAI
client = OpenAI(base_url=os.environ["BASE"], api_key=os.environ["KEY"], max_retries=0)
asked = {"model": "${model}", "input": ${JSON.stringify(measured)}}
print(client.responses.create(**asked).output_text)
with client.responses.stream(**asked) as stream:
    kinds = [event.type for event in stream]
    print(kinds[0], kinds[-1], stream.get_final_response().output_text)
try:
    list(client.responses.create(model="${model}", input='call wreck {"thing":"x"}', stream=True))
except Exception as error:
    print(type(error).__name__, error.code)
`;
    const env = { BASE: `${gateway.url}/v1`, KEY: client.apiKey ?? '' };
    const { stdout } = await promisify(execFile)(pythonWithSdk(), ['-c', script], { env });
    expect(stdout.trim().split('\n')).toEqual([
      'Help. [4 metres]',
      'response.created response.completed Help. [4 metres]',
      'APIError tool_error',
    ]);
  });

  test('ends its run when the caller leaves', async () => {
    const cancelled = watchCancelled(gateway, 'default/slow');
    const stream = await client.responses.create({ model: 'slow', input: 'Go on', stream: true });
    for await (const event of stream) if (event.type === 'response.output_text.delta') break;
    await cancelled();
  });
}
