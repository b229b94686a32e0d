import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { readOutputLines } from './output-lines.ts';

test('gives out one line at a time, whole characters and all', async () => {
  const lines = await linesOf((stream) => {
    const bytes = Buffer.from('first\nsecond \u{1F642}\r\n\nlast without an end');
    for (const byte of bytes) stream.write(Buffer.from([byte]));
  });
  expect(lines).toEqual(['first', 'second \u{1F642}', '', 'last without an end']);
});

test('cuts a line that is too long and goes on with the next', async () => {
  const lines = await linesOf((stream) => {
    stream.write('a'.repeat(10_000));
    stream.write('a'.repeat(10_000));
    stream.write('\nnext\n');
  });
  expect(lines).toEqual([`${'a'.repeat(16 * 1024)} … (line cut)`, 'next']);
});

test('makes text of bytes that are none, and goes on', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const lines = await linesOf((stream) => {
    stream.write(bytes);
    stream.write(Buffer.from([0xff, 0xfe, 0x0a]));
    stream.write('text\n');
  });
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(/\ufffd$/);
  expect(lines.at(-1)).toBe('text');
});

test('drops lines over the budget of a second and says how many', async () => {
  const lines = await linesOf((stream) => {
    for (let index = 1; index <= 600; index += 1) stream.write(`line ${index}\n`);
  });
  expect(lines).toHaveLength(501);
  expect(lines.slice(-2)).toEqual(['line 500', '… 100 lines dropped: more than a log can take']);
});

test('drops long lines by their bytes', async () => {
  const lines = await linesOf((stream) => {
    for (let index = 0; index < 40; index += 1) stream.write(`${'x'.repeat(10 * 1024)}\n`);
  });
  expect(lines).toHaveLength(26);
  expect(lines.at(-1)).toBe('… 15 lines dropped: more than a log can take');
});

/** The lines of what `write` prints, after the stream has ended. */
async function linesOf(write: (stream: PassThrough) => void): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  readOutputLines(stream, (line) => lines.push(line));
  write(stream);
  stream.end();
  await once(stream, 'close');
  return lines;
}
