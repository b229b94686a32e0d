import { describe, expect, test } from 'vitest';
import { createAnswerMeter } from './answer-meter.ts';

const read = (...pieces: string[]) => {
  const meter = createAnswerMeter();
  for (const piece of pieces) meter.read(piece);
  return meter.usage();
};
const chat =
  '"usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":2}}';
const counted = {
  requests: 1,
  inputTokens: 12,
  outputTokens: 5,
  cachedInputTokens: 8,
  reasoningTokens: 2,
};

describe('createAnswerMeter', () => {
  test('reads chat completions', () => {
    expect(read(`{"choices":[],${chat}}`)).toEqual(counted);
  });

  test('reads responses', () => {
    const usage =
      '"usage" : { "input_tokens": 12, "input_tokens_details": {"cached_tokens": 8}, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 2} }';
    expect(read(`{"output":[],${usage},"user":null}`)).toEqual(counted);
  });

  test('reads embeddings, which have no output', () => {
    expect(read('{"usage":{"prompt_tokens":8,"total_tokens":8}}')).toMatchObject({
      inputTokens: 8,
      outputTokens: 0,
    });
  });

  test('reads a stream cut at any byte', () => {
    const stream = `data: {"choices":[{"delta":{"content":"a"}}],"usage":null}\n\ndata: {"choices":[],${chat}}\n\ndata: [DONE]\n\n`;
    for (let at = 0; at <= stream.length; at++) {
      expect(read(stream.slice(0, at), stream.slice(at))).toEqual(counted);
    }
    expect(read(...stream)).toEqual(counted);
  });

  test('keeps the last of several counts', () => {
    const first = '"usage":{"prompt_tokens":12,"completion_tokens":1}';
    expect(read(`{${first}}`, `{${chat}}`)).toEqual(counted);
  });

  test('keeps what was told before a stream broke off', () => {
    expect(read(`data: {${chat}}\n\n`, 'data: {"usage":{"prompt_to')).toEqual(counted);
  });

  test.each([
    ['a model that writes about usage', '{"content":"\\"usage\\":{\\"prompt_tokens\\":9}"}'],
    ['a tool with a parameter of that name', '{"properties":{"usage":{"type":"string"}}}'],
    ['a value of that name', '{"required":["usage"]}'],
    ['negative and odd numbers', '{"usage":{"prompt_tokens":-1,"completion_tokens":"5"}}'],
    ['an object without end', `{"usage":{${'"a":1,'.repeat(3000)}`],
    ['broken JSON', '{"usage":{prompt_tokens:1}}'],
    ['nothing', ''],
  ])('is not misled by %s', (_, text) => {
    expect(read(text)).toBeNull();
  });

  test('goes on after an object without end', () => {
    expect(read(`{"usage":{${'"a":1,'.repeat(3000)}`, `{${chat}}`)).toEqual(counted);
  });
});
