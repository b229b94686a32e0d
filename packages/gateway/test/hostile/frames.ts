import { deepStrictEqual, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { maxFrameBytes } from '../../src/protocol/worker/frame-limits.ts';
import { createFrameReader, type FrameFailure } from '../../src/protocol/worker/frame-reader.ts';
import { parseFromWorker } from '../../src/protocol/worker/from-worker.ts';
import type { ModelData } from '../../src/protocol/worker/messages.ts';
import { createBrokerResponse } from '../../src/worker/models/broker-response.ts';
import { createModelLine } from '../../src/worker/models/model-line.ts';
import type { Target } from './hostile-tests.ts';
import { cutAt, cuts, jsonText, mutatedBytes, oddText } from './odd-values.ts';
import { workerMessage } from './worker-messages.ts';

/** A line with what follows it; its length is told rightly in most cases. */
const frame: fc.Arbitrary<string> = fc
  .record({
    message: workerMessage,
    bytes: fc.option(fc.tuple(oddText, fc.constantFrom(0, 0, 0, 1, -1, 1e9, 0.5))),
  })
  .map(({ message, bytes }) => {
    const line = jsonText(message);
    if (bytes === null || !line.endsWith('}')) return `${line}\n`;
    const [text, off] = bytes;
    return `${line.slice(0, -1)},"bytes":${Buffer.byteLength(text) + off}}\n${text}`;
  });

const frames = mutatedBytes(fc.array(frame, { maxLength: 6 }).map((all) => all.join('')));

const limits = { maxLineBytes: 20_000, maxBytes: maxFrameBytes };

function read(pieces: readonly Buffer[]) {
  const taken: string[] = [];
  const reader = createFrameReader(limits, (message, bytes) => {
    taken.push(`${message.type} ${bytes?.toString('hex') ?? '-'}`);
    return true;
  });
  let failure: FrameFailure | null = null;
  for (const piece of pieces) failure ??= reader.push(piece);
  return { taken, failure: failure?.type ?? null };
}

const reader: Target = {
  title: 'frames are the same wherever they are cut',
  runs: [60, 40_000],
  property: fc.property(frames, cuts, (bytes, where) => {
    const ours = read(cutAt(bytes, where));
    deepStrictEqual(ours, read([bytes]));
    ok(ours.failure !== 'line_too_long' || bytes.length > limits.maxLineBytes);
  }),
};

const parser: Target = {
  title: 'a message of a worker is known, reserved or neither, and what is kept of it is short',
  runs: [200, 60_000],
  property: fc.property(workerMessage, (message) => {
    const value: unknown = JSON.parse(jsonText(message));
    if (typeof value !== 'object' || value === null || !('type' in value)) return;
    if (typeof value.type !== 'string') return;
    const parsed = parseFromWorker({ ...value, type: value.type });
    if (parsed === null || parsed === 'reserved') return;
    if (parsed.type === 'fault') ok(parsed.detail.message.length <= 4001);
    if (parsed.type === 'load_failed')
      ok(parsed.findings.every(({ message }) => message.length <= 1001));
  }),
};

const part: fc.Arbitrary<{ part: ModelData; bytes: Uint8Array | null }> = fc.record({
  part: fc.record(
    {
      type: fc.constant('model_data' as const),
      callId: fc.constantFrom('1', '1', '1', '2', '__proto__'),
      status: fc.constantFrom(200, 200, 204, 304, 400, 503, 700, 0, -1),
      headers: fc.dictionary(
        fc.constantFrom('content-type', 'content-encoding', 'retry-after', 'set-cookie', 'x'),
        fc.constantFrom(
          'application/json',
          'gzip',
          'br',
          'deflate',
          'constructor',
          '__proto__',
          'text/event-stream',
          'x',
        ),
      ),
      end: fc.constant(true as const),
      cut: fc.constant(true as const),
    },
    { requiredKeys: ['type', 'callId'] },
  ),
  bytes: fc.option(
    fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      oddText.map((text) => Buffer.from(text)),
    ),
  ),
});

const answers: Target = {
  title: 'an answer of the gateway reaches a worker’s client, or fails as an answer of fetch does',
  runs: [60, 30_000],
  property: fc.asyncProperty(
    fc.array(part, { maxLength: 6 }),
    fc.constantFrom('text', 'json', 'bytes', 'iterate', 'clone'),
    async (parts, how) => {
      const line = createModelLine(() => undefined);
      const request = { method: 'POST', path: '/v1/responses', headers: {}, body: null };
      const call = line.call({ ...request, runId: undefined, signal: undefined });
      const answered = call.then((answer) => use(answer, how));
      const done = answered.then(
        () => 'read',
        (error: unknown) => {
          ok(error instanceof Error && isOfAnswers(error), String((error as Error).stack));
          return 'failed';
        },
      );
      for (const { part: told, bytes } of parts) line.take(told, bytes);
      // Whatever came, it is over now.
      line.take({ type: 'model_data', callId: '1', status: 200, headers: {}, cut: true }, null);
      ok(await done);
    },
  ),
};

async function use(
  answer: Parameters<typeof createBrokerResponse>[0],
  how: string,
): Promise<unknown> {
  const response = createBrokerResponse(answer, { url: '/v1/responses', needs: null });
  if (how === 'text') return response.text();
  if (how === 'json') return response.json();
  if (how === 'bytes') return response.bytes();
  if (how === 'clone') return response.clone().text();
  for await (const piece of response.body ?? []) ok(piece instanceof Uint8Array);
  return null;
}

/** As `fetch` and what unpacks its bodies fail; a slip of our own code would be a TypeError with another text. */
function isOfAnswers(error: Error & { code?: unknown }): boolean {
  if (error instanceof SyntaxError || typeof error.code === 'string') return true;
  if (error instanceof RangeError) return /status/.test(error.message);
  return error instanceof TypeError && /terminated|already been read|Response/.test(error.message);
}

export const frameTargets = [reader, parser, answers];
