import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxFrameBytes } from '../../src/protocol/worker/frame-limits.ts';
import { createFrameReader } from '../../src/protocol/worker/frame-reader.ts';
import { pythonFolder } from '../support/python-start.ts';
import { missingPython } from '../support/python-with-sdk.ts';

/** Another one makes other bytes. */
const seed = Number(process.env.FUZZ_SEED ?? 1);

const maxLineBytes = 64;
const missing = await missingPython();

/** What the reader of a language made of a stream of bytes: how many bytes followed each message, null for none. */
type Read = {
  readonly types: readonly string[];
  readonly raw: readonly (string | null)[];
  readonly failure: string | null;
};

/** The one test of both readers of the worker's channel, over so many streams. */
export function testFrameReaders(count: number): void {
  describe.skipIf(missing)(`the readers of frames in both languages (${missing ?? 'run'})`, () => {
    test(`agree on ${count} hostile streams, wherever they are cut (FUZZ_SEED=${seed})`, () => {
      const streams = fc.sample(stream, { seed, numRuns: count });
      const ofNode = streams.map((chunks) => readInNode(chunks));
      const whole = streams.map((chunks) => readInNode([chunks.join('')]));
      expect(whole).toEqual(ofNode);
      const ofPython = readInPython(streams);
      const differing = streams.flatMap((chunks, index) => {
        const [node, python] = [ofNode[index], ofPython[index]];
        return JSON.stringify(node) === JSON.stringify(python) ? [] : [{ chunks, node, python }];
      });
      expect(differing.slice(0, 3)).toEqual([]);
      // They must have been worth reading: all ends, and messages with bytes.
      const ends = new Set(ofNode.map(({ failure }) => failure));
      expect(ends).toEqual(new Set([null, 'not_json', 'bytes_invalid', 'line_too_long']));
      expect(ofNode.filter(({ raw }) => raw.some((bytes) => bytes)).length).toBeGreaterThan(
        count / 20,
      );
    });
  });
}

const number = fc.constantFrom(
  '9'.repeat(40),
  ...'0 1 5 -1 -0 5.0 5.5 1e1 1E+0 8388608 8388609 1e400 true null "3" [1]'.split(' '),
  ...'NaN Infinity -Infinity 05 +1 .5 0x10 1_0'.split(' '),
);

const bytes = fc.uint8Array({ maxLength: 12 }).map((data) => Buffer.from(data).toString('latin1'));

/** Lines as a peer writes them, and others. */
const line = fc.oneof(
  fc.constantFrom('{"type":"a"}', ' {"type":"b"} ', '\t{"type":"c"}\r', '{"type":"d","type":"e"}'),
  number.map((text) => `{"type":"n","v":${text}}`),
  number.map((text) => `{"type":"r","bytes":${text}}`),
  fc.constantFrom(
    '',
    '[]',
    '{}',
    '5',
    '"type"',
    'null',
    '{"type":5}',
    '{"type":"a"',
    '{"type":"a"}x',
  ),
  fc.constantFrom(
    '{"type":"\\ud800"}',
    '{"type":"\xed\xa0\x80"}',
    '{"type":"\xff"}',
    '\xef\xbb\xbf{"type":"a"}',
  ),
  fc.constantFrom(
    "{'type':'a'}",
    '{"type":"a",}',
    '{"type":"\t"}',
    '{"type":"\x00"}',
    '{"type":"\\x41"}',
  ),
  fc.constantFrom('[', '{').map((open) => open.repeat(60)),
  bytes,
  bytes.map((text) => `{"type":"${text}"}`),
  fc.integer({ min: 50, max: 70 }).map((length) => `{"type":"${'x'.repeat(length - 11)}"}`),
);

/** A line that tells truly how many bytes follow it. */
const framed = bytes.map((data) => `{"type":"f","bytes":${data.length}}\n${data}`);

/** Lines and bytes between them, cut anywhere. */
const stream = fc
  .array(fc.oneof({ weight: 4, arbitrary: line.map((text) => `${text}\n`) }, framed, bytes), {
    maxLength: 8,
  })
  .chain((parts) => {
    const text = parts.join('');
    const cuts = fc.array(fc.integer({ min: 0, max: text.length }), { maxLength: 6 });
    return cuts.map((places) => {
      const sorted = [0, ...places.toSorted((a, b) => a - b), text.length];
      return sorted.slice(1).map((end, index) => text.slice(sorted[index], end));
    });
  });

function readInNode(chunks: readonly string[]): Read {
  const types: string[] = [];
  const raw: (string | null)[] = [];
  const reader = createFrameReader({ maxLineBytes, maxBytes: maxFrameBytes }, (message, body) => {
    types.push(message.type);
    raw.push(body === null ? null : body.toString('latin1'));
    return true;
  });
  for (const chunk of chunks) {
    const failure = reader.push(Buffer.from(chunk, 'latin1'));
    if (failure) return { types, raw, failure: failure.type };
  }
  return { types, raw, failure: null };
}

function readInPython(streams: readonly (readonly string[])[]): Read[] {
  const reader = join(import.meta.dirname, '../python/read-lines.py');
  const output = execFileSync('python3', [reader], {
    env: { PATH: process.env.PATH, PYTHONPATH: pythonFolder, PYTHONDONTWRITEBYTECODE: '1' },
    input: JSON.stringify(streams.map((chunks) => ({ chunks }))),
    maxBuffer: 2 ** 30,
  });
  const { said } = JSON.parse(output.toString()) as {
    said: { messages: { type: string }[]; raw: (string | null)[]; failure: string | null }[];
  };
  return said.map(({ messages, raw, failure }) => ({
    types: messages.map(({ type }) => type),
    raw,
    failure,
  }));
}
