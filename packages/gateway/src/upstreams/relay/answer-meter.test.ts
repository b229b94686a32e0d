import { describe, expect, test } from 'vitest';
import { type AnswerForm, createAnswerMeter } from './answer-meter.ts';

const whole: AnswerForm = { type: 'json', api: 'chat_completions' };
const chatStream: AnswerForm = { type: 'events', api: 'chat_completions' };
const responsesStream: AnswerForm = { type: 'events', api: 'responses' };

const meterOf = (form: AnswerForm, ...pieces: string[]) => {
  const meter = createAnswerMeter(form);
  for (const piece of pieces) meter.read(Buffer.from(piece, 'latin1'));
  return meter;
};
const read = (form: AnswerForm, ...pieces: string[]) => meterOf(form, ...pieces).usage();
const chat =
  '"usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":2}}';
const responses =
  '"usage" : { "input_tokens": 12, "input_tokens_details": {"cached_tokens": 8}, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 2} }';
const counted = {
  requests: 1,
  inputTokens: 12,
  outputTokens: 5,
  cachedInputTokens: 8,
  reasoningTokens: 2,
};
const event = (data: string) => `data: ${data}\n\n`;

describe('createAnswerMeter', () => {
  test('reads chat completions', () => {
    expect(read(whole, `{"choices":[],${chat}}`)).toEqual(counted);
  });

  test('reads responses', () => {
    expect(read(whole, `{"output":[],${responses},"user":null}`)).toEqual(counted);
  });

  test.each([whole, chatStream, responsesStream])(
    'tells of a failure that is nested too deeply to be shown (%j)',
    (form) => {
      const deep = '['.repeat(100_000) + ']'.repeat(100_000);
      const meter = meterOf(
        form,
        event(`{"object":"error","message":${deep}}`).slice(form === whole ? 6 : 0),
      );
      expect(meter.failure()).toBe('failed inside an answer: it is nested too deeply to be shown');
      expect(meter.usage()).toBeNull();
    },
  );

  test('reads embeddings, which have no output', () => {
    expect(read(whole, '{"usage":{"prompt_tokens":8,"total_tokens":8}}')).toMatchObject({
      inputTokens: 8,
      outputTokens: 0,
    });
  });

  test('reads a stream cut at any byte, whatever ends its lines', () => {
    for (const line of ['\n', '\r\n', '\r']) {
      const blank = line + line;
      const stream = `data: {"choices":[{"delta":{"content":"a"}}],"usage":null}${blank}data: {"choices":[],${chat}}${blank}data: [DONE]${blank}`;
      for (let at = 0; at <= stream.length; at++) {
        expect(read(chatStream, stream.slice(0, at), stream.slice(at))).toEqual(counted);
      }
      const meter = meterOf(chatStream, ...stream);
      expect([meter.usage(), meter.hasEnded()]).toEqual([counted, true]);
    }
  });

  test('reads a stream that begins with a mark of its encoding, cut anywhere', () => {
    const stream = Buffer.from(`\ufeffdata: {"choices":[],${chat}}\n\n`).toString('latin1');
    for (let at = 0; at <= 6; at++) {
      expect(read(chatStream, stream.slice(0, at), stream.slice(at))).toEqual(counted);
    }
  });

  test('reads the end of a streamed response, in one line or in several, also without its last line', () => {
    const end = `{"type":"response.completed","response":{"output":[],${responses}}}`;
    expect(read(responsesStream, event(end))).toEqual(counted);
    expect(read(responsesStream, `event: response.completed\ndata:${end}`)).toEqual(counted);
    const lines = end.replaceAll(',"', ',\ndata:"');
    expect(read(responsesStream, event(lines))).toEqual(counted);
  });

  test('keeps the last of several counts', () => {
    const first = '"usage":{"prompt_tokens":12,"completion_tokens":1}';
    expect(read(chatStream, event(`{${first}}`), event(`{${chat}}`))).toEqual(counted);
  });

  test('keeps what was told before a stream broke off', () => {
    const meter = meterOf(chatStream, event(`{${chat}}`), 'data: {"usage":{"prompt_to');
    expect([meter.usage(), meter.hasEnded()]).toEqual([counted, false]);
  });

  test.each([
    ['a model that writes about usage', '{"content":"\\"usage\\":{\\"prompt_tokens\\":9}"}'],
    ['a tool with a parameter of that name', '{"properties":{"usage":{"type":"string"}}}'],
    ['an echoed schema', `{"text":{"format":{"schema":{${chat}}}},"metadata":{${chat}}}`],
    ['a list', `[{${chat}}]`],
    ['a value of that name', '{"required":["usage"]}'],
    ['negative and odd numbers', '{"usage":{"prompt_tokens":-1,"completion_tokens":"5"}}'],
    ['a number beyond all', '{"usage":{"prompt_tokens":1,"completion_tokens":1e300}}'],
    ['a part of a token', '{"usage":{"prompt_tokens":1.5,"completion_tokens":5}}'],
    ['more than a model can', '{"usage":{"prompt_tokens":1000000001,"completion_tokens":5}}'],
    ['an object without end', `{"usage":{${'"a":1,'.repeat(3000)}`],
    ['broken JSON', '{"usage":{prompt_tokens:1}}'],
    ['nothing', ''],
  ])('is not misled by %s', (_, text) => {
    expect(read(whole, text)).toBeNull();
    expect(read(chatStream, event(text))).toBeNull();
    expect(read(responsesStream, event(`{"type":"response.created","response":${text}}`))).toBe(
      null,
    );
  });

  test.each([
    '{"type":"response.created","response":{"usage":{"input_tokens":1}}}',
    '{"type":"response.output_text.delta","delta":"response.completed"}',
    '{"type":"response.output_text.delta","delta":"\\"type\\":\\"response.completed\\" [DONE]"}',
    '{"type":"response.in_progress","response":{"metadata":{"type":"response.completed"}}}',
    '{"type":"response.in_progress","response":{"tools":[{"properties":{"x":{"error":null}}}]}}',
    '{"type":"response.output_item.added","item":{"id":"data: [DONE]"}}',
  ])('takes no other event for the end of a response: %s', (data) => {
    const meter = meterOf(responsesStream, event(data));
    expect([meter.usage(), meter.hasEnded()]).toEqual([null, false]);
  });

  test.each([
    '{"choices":[{"delta":{"content":"\\"finish_reason\\": \\"stop\\" data: [DONE]"}}]}',
    '{"choices":[{"delta":{"content":"a"},"finish_reason":null}]}',
    '{"choices":[{"delta":{"tool_calls":[{"finish_reason":"stop"}]}}]}',
  ])('takes no other event for the end of a chat completion: %s', (data) => {
    expect(meterOf(chatStream, event(data)).hasEnded()).toBe(false);
  });

  test.each([
    [responsesStream, '{"type":"response.failed","response":{}}'],
    [responsesStream, '{"type":"response.incomplete","response":{}}'],
    [responsesStream, '{"type":"error","code":"x"}'],
    [responsesStream, '{"error":{"message":"x"}}'],
    [chatStream, '{"choices":[{"delta":{},"finish_reason":"length"}]}'],
    [chatStream, '{"error":{"message":"x"}}'],
  ])('knows the ends of %j: %s', (form, data) => {
    expect(meterOf(form, event(data)).hasEnded()).toBe(true);
  });

  test('takes [DONE] for an end of what has begun', () => {
    const done = event('[DONE]');
    expect(meterOf(chatStream, done).hasEnded()).toBe(false);
    expect(meterOf(chatStream, event('{"choices":[{"delta":{}}]}'), done).hasEnded()).toBe(true);
  });

  test('goes on after an event that is broken', () => {
    const broken = event(`{"usage":{${'"a":1,'.repeat(3000)}`);
    expect(read(chatStream, broken, event(`{${chat}}`))).toEqual(counted);
  });

  test('takes spaces of a whole answer, which keep its connection open, for nothing said', () => {
    expect(meterOf(whole, '\n\n', ' \n').outputEstimate()).toBe(0);
    expect(meterOf(whole, '\n\n', '{"output"').outputEstimate()).toBe(3);
  });

  test('counts an event as one token at least, and as more where much comes at once', () => {
    const deltas = [1, 2, 3].map(() => event('{"choices":[{"delta":{"content":"a"}}]}'));
    expect(meterOf(chatStream, ...deltas).outputEstimate()).toBe(3);
    const much = event(`{"choices":[{"delta":{"content":"${'word '.repeat(4000)}"}}]}`);
    expect(meterOf(chatStream, much).outputEstimate()).toBeGreaterThan(4500);
  });
});
