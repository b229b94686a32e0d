import { expect, test } from 'vitest';
import { estimateInput, estimateTokens } from './estimate-tokens.ts';

const estimate = (fields: object, api: 'responses' | 'chat_completions' | null = 'responses') =>
  estimateTokens({ body: Buffer.from(JSON.stringify(fields)), api });

test('a call may cost a token for four bytes sent, and what the model may answer', () => {
  const text = 'x'.repeat(400);
  const sent = Math.ceil(JSON.stringify({ model: 'm', input: text }).length / 4);
  expect(estimate({ model: 'm', input: text })).toBe(sent + 4096);
  expect(estimate({ model: 'm', input: text }, null)).toBe(sent);
});

test.each(['max_output_tokens', 'max_completion_tokens', 'max_tokens'])(
  'the model may answer what %s says',
  (name) => {
    const sent = Math.ceil(JSON.stringify({ [name]: 50 }).length / 4);
    expect(estimate({ [name]: 50 }, 'chat_completions')).toBe(sent + 50);
  },
);

test('each of several answers to one question may be as long as the limit', () => {
  const sent = Math.ceil(JSON.stringify({ max_tokens: 50, n: 20 }).length / 4);
  expect(estimate({ max_tokens: 50, n: 20 }, 'chat_completions')).toBe(sent + 1000);
});

test('what is fetched from an address, or kept by the upstream, counts as an attachment', () => {
  const parts = [
    { type: 'input_file', file_url: 'https://example.com/a.pdf' },
    { type: 'input_file', file_id: 'file-1' },
    { type: 'input_image', image_url: 'https://example.com/a.png' },
    { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
  ];
  const fields = { input: [{ role: 'user', content: parts }] };
  const body = Buffer.from(JSON.stringify(fields));
  expect(estimateInput(body)).toBe(Math.ceil(body.length / 4) + 4000);
});

test('the largest of several limits counts, whatever escapes it is written with', () => {
  const fields = { max_output_tokens: 16, max_tokens: 90_000, max_completion_tokens: 20 };
  expect(estimate(fields)).toBeGreaterThan(90_000);
  const escaped = Buffer.from('{"max_output_tokens":16,"max\\u005ftokens":90000}');
  expect(estimateTokens({ body: escaped, api: 'responses' })).toBeGreaterThan(90_000);
});

test.each([
  ['in a tool', { tools: [{ parameters: { data: 'A'.repeat(40_000) } }] }],
  ['in metadata', { metadata: { type: 'file', file_data: 'A'.repeat(40_000) } }],
  [
    'in a part of text',
    { input: [{ content: [{ type: 'input_text', data: 'A'.repeat(40_000) }] }] },
  ],
  [
    'in an image of text',
    {
      input: [
        {
          content: [
            { type: 'input_image', image_url: `data:image/png,${'many words '.repeat(4000)}` },
          ],
        },
      ],
    },
  ],
])('a long value under the name of an attachment %s counts by its length', (_where, fields) => {
  expect(estimateInput(Buffer.from(JSON.stringify(fields)))).toBeGreaterThanOrEqual(10_000);
});

test('a limit that is none, and a body that is no JSON, are estimated all the same', () => {
  expect(estimate({ max_tokens: 'many' })).toBeGreaterThan(4096);
  expect(estimateTokens({ body: Buffer.from('{"max_tokens": 5'), api: 'responses' })).toBe(4100);
  expect(estimateTokens({ body: null, api: 'responses' })).toBe(1);
});

test('an image or a recording counts as one, not by its bytes, in either API', () => {
  const image = `data:image/png;base64,${'A'.repeat(20_000_000)}`;
  const recording = 'QUJD'.repeat(100_000);
  expect(beside({ type: 'image_url', image_url: { url: image } })).toBe(1000);
  expect(beside({ type: 'input_image', image_url: image.slice(0, 9000) })).toBe(1000);
  expect(beside({ type: 'input_audio', input_audio: { data: recording, format: 'wav' } })).toBe(
    1000,
  );
});

test('a file counts by what it holds, up to the most that a model reads', () => {
  const file = (bytes: number) => `data:text/plain;base64,${'QUJD'.repeat(bytes / 3)}`;
  expect(beside({ type: 'file', file: { file_data: file(120_000) } })).toBe(30_005);
  expect(beside({ type: 'input_file', file_data: file(120) })).toBe(1000);
  expect(beside({ type: 'input_file', file_data: file(12_000_000) })).toBe(100_000);
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
  const request = { input: [{ role: 'user', content: [attachment] }] };
  const around = JSON.stringify(request, (_name, value) => (value.length > 64 ? '' : value));
  return estimateInput(Buffer.from(JSON.stringify(request))) - Math.ceil(around.length / 4);
}
