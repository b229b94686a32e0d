import { describe, expect, test } from 'vitest';
import { noUsage } from '../../protocol/run.ts';
import { classifyFailure } from './classify-failure.ts';

const usage = { ...noUsage, requests: 1 };
const classify = (thrown: unknown, cancelled = false) =>
  classifyFailure(thrown, { cancelled, usage });

/** Classes of another copy of the SDK: same names, no common ancestor, `name` left at `Error`. */
class MaxTurnsExceededError extends Error {}
class InputGuardrailTripwireTriggered extends Error {
  result = { guardrail: { name: 'homework' } };
}
class GuardrailTripwireTriggered extends Error {
  guardrailResult = { info: { guardrail_name: 'Jailbreak' } };
}
class ToolCallError extends Error {
  error: unknown;
  constructor(error: unknown) {
    super('Failed to run function tools');
    this.error = error;
  }
}
class RateLimitError extends Error {
  status = 429;
  headers: Headers;
  constructor(headers: Record<string, string>) {
    super('slow down');
    this.headers = new Headers(headers);
  }
}

describe('a failure', () => {
  test('is told by the name of its class, whatever copy made it', () => {
    expect(classify(new MaxTurnsExceededError('x')).event).toMatchObject({
      code: 'max_turns_exceeded',
      usage: { requests: 1 },
    });
  });

  test.each([
    [new InputGuardrailTripwireTriggered('x'), 'homework'],
    [new GuardrailTripwireTriggered('x'), 'Jailbreak'],
    [new ToolCallError(new InputGuardrailTripwireTriggered('x')), 'homework'],
    [new ToolCallError(new ToolCallError(new GuardrailTripwireTriggered('x'))), 'Jailbreak'],
  ])('by a guardrail is no failure: %s', (thrown, blockedBy) => {
    expect(classify(thrown).event).toEqual({
      type: 'finished',
      reason: 'content_filter',
      blockedBy,
      usage,
    });
  });

  test('of a tool keeps the code of the tool and the detail of its cause', () => {
    const { event, detail } = classify(new ToolCallError(new RangeError('inner')));
    expect(event).toMatchObject({ code: 'tool_failed' });
    expect(detail).toMatchObject({ class: 'RangeError', message: 'inner', stage: 'tool' });
  });

  test('of a model called by a tool is the failure of the tool', () => {
    const { event } = classify(new ToolCallError(new RateLimitError({})));
    expect(event).toMatchObject({ code: 'tool_failed' });
  });

  test.each([
    [{ 'retry-after-ms': '1500' }, 2],
    [{ 'retry-after': '30' }, 30],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('by the upstream’s limit says when to come back: %j', (headers, seconds) => {
    const { event } = classify(new RateLimitError(headers as Record<string, string>));
    expect(event).toMatchObject({ code: 'upstream_rate_limited' });
    expect('retryAfterSeconds' in event ? event.retryAfterSeconds : undefined).toBe(seconds);
  });

  test('that the gateway itself refused is told in its words, also from inside a tool', () => {
    const refusal = Object.assign(
      new RateLimitError({ 'x-dropgate-failure': 'quota_exhausted', 'retry-after': '28800' }),
      { error: { message: 'The tokens of this key are used up.' } },
    );
    for (const thrown of [refusal, new ToolCallError(refusal)]) {
      expect(classify(thrown).event).toMatchObject({
        code: 'quota_exhausted',
        message: 'The tokens of this key are used up.',
        retryAfterSeconds: 28_800,
      });
    }
  });

  test('of the upstream is never mistaken for a refusal of the gateway', () => {
    for (const headers of [{}, { 'x-dropgate-failure': 'key_invalid' }]) {
      const refusal = Object.assign(new RateLimitError(headers as Record<string, string>), {
        error: { message: 'You exceeded your current quota.', code: 'insufficient_quota' },
      });
      expect(classify(refusal).event).toMatchObject({ code: 'upstream_rate_limited' });
    }
  });

  test('outside the model’s client is the agent’s own', () => {
    expect(classify(new TypeError('fetch failed')).event).toMatchObject({ code: 'run_failed' });
  });

  test.each([
    ['a string', 'string', 'a string'],
    [{ odd: true }, 'object', '{"odd":true}'],
    [undefined, 'undefined', 'undefined'],
    [null, 'object', 'null'],
  ])('that is no error is described: %s', (thrown, name, message) => {
    expect(classify(thrown)).toMatchObject({
      event: { code: 'run_failed' },
      detail: { class: name, message, stage: 'run' },
    });
  });

  test('keeps the reason of a broken connection for the log', () => {
    const thrown = new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') });
    expect(classify(thrown).detail.message).toBe('fetch failed (ECONNREFUSED)');
  });

  test('of a cancelled run is the cancellation', () => {
    expect(classify(new MaxTurnsExceededError('x'), true).event).toMatchObject({
      type: 'failed',
      code: 'run_cancelled',
    });
  });

  /** As the clients of a module throw it, at a place in their package. */
  const thrownAt = (error: Error, frames: readonly string[]) =>
    Object.assign(error, {
      stack: [`${error}`, ...frames.map((frame) => `    at ${frame}`)].join('\n'),
    });
  const models = '/app/node_modules/@openai/agents-openai/dist';

  test.each([
    [`itemsToMessages (${models}/openaiChatCompletionsConverter.mjs:215:9)`],
    [`OpenAIResponsesModel._buildResponsesCreateRequest (${models}/openaiResponsesModel.mjs:9:9)`],
    ['new OpenAI (/app/node_modules/openai/client.mjs:60:19)'],
  ])('of a call that its client cannot make is the agent’s, not the upstream’s: %s', (frame) => {
    const later = `async OpenAIResponsesModel.getResponse (${models}/openaiResponsesModel.mjs:9:9)`;
    const thrown = thrownAt(new TypeError('x is not iterable'), [frame, later]);
    expect(classify(thrown).event).toMatchObject({ code: 'run_failed' });
  });

  test('of an answer that its client cannot read is the upstream’s', () => {
    const frame = `OpenAIChatCompletionsModel.getResponse (${models}/openaiChatCompletionsModel.mjs:9:9)`;
    const thrown = thrownAt(new TypeError('x is not iterable'), [frame]);
    expect(classify(thrown).event).toMatchObject({ code: 'upstream_failed' });
  });

  test.each([
    ['key_invalid', 401],
    ['not_allowed', 403],
    ['route_not_found', 404],
  ])(
    'with which the gateway refuses a call (%s) is never told as the upstream’s',
    (code, status) => {
      const headers = new Headers({ 'x-dropgate-failure': code });
      const thrown = Object.assign(new Error('no'), { status, headers });
      expect(classify(thrown).event).toMatchObject({
        code: 'run_failed',
        message:
          'The gateway refused a model call of the agent; the cause is in the log of the gateway.',
      });
    },
  );
});
