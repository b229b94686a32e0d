import { expect, test } from 'vitest';
import { estimateOther } from './estimate-other.ts';

const json = (path: string, fields: object) =>
  estimateOther({ path, body: Buffer.from(JSON.stringify(fields)), headers: {} });
const upload = (path: string, bytes?: number) =>
  estimateOther({
    path,
    body: null,
    headers: bytes === undefined ? {} : { 'content-length': String(bytes) },
  });

test('what is embedded, and the text to be spoken, cost what is sent', () => {
  const input = 'x'.repeat(4000);
  const sent = Math.ceil(JSON.stringify({ input }).length / 4);
  expect(json('/embeddings', { input })).toBe(sent);
  expect(json('/audio/speech?x=1', { input })).toBe(sent);
});

test('pictures cost 4,200 tokens each, ten of them at most', () => {
  const prompt = { prompt: 'a cat' };
  expect(json('/images/generations', prompt)).toBe(4205);
  expect(json('/images/generations', { ...prompt, n: 3 })).toBe(12_606);
  expect(json('/images/generations', { ...prompt, n: 1e9 })).toBe(42_009);
  expect(upload('/images/edits', 8_000_000)).toBe(14_200);
});

test('an upload costs a token for 800 bytes within bounds, the most where its length is not told', () => {
  const sizes = [100, 8_000_000, 100_000_000, undefined];
  expect(sizes.map((bytes) => upload('/audio/transcriptions', bytes))).toEqual([
    1000, 10_000, 32_000, 32_000,
  ]);
});

test('what only stores or checks something costs nothing', () => {
  const paths = ['/files', '/moderations', '/vector_stores/vs_1/files', '/conversations'];
  expect(paths.map((path) => upload(path, 1_000_000))).toEqual([null, null, null, null]);
});
