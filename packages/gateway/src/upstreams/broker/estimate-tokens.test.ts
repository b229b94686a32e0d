import { expect, test } from 'vitest';
import { estimateInput, estimateTokens } from './estimate-tokens.ts';

const estimate = (fields: object, api: 'responses' | 'chat_completions' | null = 'responses') =>
  estimateTokens({ body: Buffer.from(JSON.stringify(fields)), api });

test('a call may cost a token for four bytes sent, and what the model may answer', () => {
  const text = 'x'.repeat(400);
  const sent = Math.ceil(JSON.stringify({ model: 'm', input: text }).length / 4);
  expect(estimate({ model: 'm', input: text })).toBe(sent + 1024);
  expect(estimate({ model: 'm', input: text }, null)).toBe(sent);
});

test.each(['max_output_tokens', 'max_completion_tokens', 'max_tokens'])(
  'the model may answer what %s says',
  (name) => {
    const sent = Math.ceil(JSON.stringify({ [name]: 50 }).length / 4);
    expect(estimate({ [name]: 50 }, 'chat_completions')).toBe(sent + 50);
  },
);

test('a limit that is none, and a body that is no JSON, are estimated all the same', () => {
  expect(estimate({ max_tokens: 'many' })).toBeGreaterThan(1024);
  expect(estimateTokens({ body: Buffer.from('{"max_tokens": 5'), api: 'responses' })).toBe(1028);
  expect(estimateTokens({ body: null, api: 'responses' })).toBe(1);
});

test('an image or a recording counts as one, not by its bytes, in either API', () => {
  const image = `data:image/png;base64,${'A'.repeat(20_000_000)}`;
  const recording = 'QUJD'.repeat(100_000);
  expect(beside({ image_url: { url: image } })).toBe(1000);
  expect(beside({ image_url: image.slice(0, 9000) })).toBe(1000);
  expect(beside({ input_audio: { data: recording, format: 'wav' } })).toBe(1000);
});

test('a file counts by what it holds, up to the most that a model reads', () => {
  const file = (bytes: number) => `data:text/plain;base64,${'QUJD'.repeat(bytes / 3)}`;
  expect(beside({ file: { file_data: file(120_000) } })).toBe(30_005);
  expect(beside({ file_data: file(120) })).toBe(1000);
  expect(beside({ file_data: file(12_000_000) })).toBe(100_000);
});

test.each([
  ['data:text, so it only looks like one', `data:${'many words '.repeat(4000)}`],
  ['one long word', 'a-b_c/'.repeat(8000)],
  ['JSON of an image', JSON.stringify({ url: `data:image/png;base64,${'A'.repeat(40_000)}` })],
])('text that looks like an attachment counts by its length: %s', (_what, text) => {
  for (const fields of [{ text }, { content: text }, { url: text }, { data: text }]) {
    expect(estimateInput(Buffer.from(JSON.stringify(fields)))).toBeGreaterThanOrEqual(10_000);
  }
});

/** Tokens of an attachment, without those of the fields around it. */
function beside(attachment: object): number {
  const around = JSON.stringify(attachment, (_name, value) => (value.length > 64 ? '' : value));
  return estimateInput(Buffer.from(JSON.stringify(attachment))) - Math.ceil(around.length / 4);
}
