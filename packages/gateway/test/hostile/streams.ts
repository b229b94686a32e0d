import { deepStrictEqual, ok } from 'node:assert/strict';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { Stream } from 'openai/core/streaming';
import type { UpstreamApi } from '../../src/protocol/records.ts';
import type { Usage } from '../../src/protocol/run.ts';
import { createEventSplitter } from '../../src/protocol/text/server-events.ts';
import { createAnswerMeter } from '../../src/upstreams/relay/answer-meter.ts';
import { createCountHider } from '../../src/upstreams/relay/hide-count.ts';
import { createKeyMask } from '../../src/upstreams/relay/key-mask.ts';
import { directStreams, type StreamClass } from '../../src/worker/models/direct-stream.ts';
import type { Target } from './hostile-tests.ts';
import { cutAt, cuts, type Json, jsonText, mutated, mutatedBytes, oddText } from './odd-values.ts';

const usage: Json = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };
const used: Json = {
  input_tokens: 3,
  output_tokens: 5,
  input_tokens_details: { cached_tokens: 1 },
  output_tokens_details: { reasoning_tokens: 2 },
};

const chunk = (choice: Json, more: { readonly [name: string]: Json } = {}): Json => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [choice],
  ...more,
});

/** What the two APIs stream, one event each. */
const events = fc.constantFrom<Json>(
  chunk({ index: 0, delta: { role: 'assistant', content: 'Hé🙂' } }),
  chunk({ index: 0, delta: {}, finish_reason: 'stop' }),
  { id: 'chatcmpl-1', object: 'chat.completion.chunk', choices: [], usage },
  { error: { message: 'no', type: 'server_error', code: null } },
  { object: 'error', message: 'no' },
  { detail: 'Not Found' },
  { type: 'response.output_text.delta', item_id: 'i', output_index: 0, delta: 'a' },
  { type: 'response.completed', response: { id: 'resp_1', status: 'completed', usage: used } },
  { type: 'response.failed', response: { id: 'resp_2', error: { message: 'x' }, usage: null } },
  { type: 'error', code: 'x', message: 'y' },
);

const lineEnd = fc.constantFrom('\n', '\r\n', '\r');

/** An event as it stands in a stream, well written or not. */
const written: fc.Arbitrary<string> = fc
  .record({
    data: fc.oneof(
      { weight: 5, arbitrary: mutated(events, 2).map(jsonText) },
      { weight: 2, arbitrary: fc.constant('[DONE]') },
      { weight: 1, arbitrary: oddText },
    ),
    before: fc.constantFrom(
      '',
      '',
      '',
      'event: error',
      'event:x',
      'id: 7',
      'retry: x',
      ': hi',
      ':',
      'data',
    ),
    field: fc.constantFrom('data: ', 'data:', 'data:  ', 'data : ', 'DATA: '),
    end: lineEnd,
    blanks: fc.constantFrom(1, 1, 1, 0, 2),
  })
  .map(({ data, before, field, end, blanks }) => {
    const lines = [...(before === '' ? [] : [before]), `${field}${data}`];
    return lines.map((line) => line + end).join('') + end.repeat(blanks);
  });

const stream: fc.Arbitrary<Buffer> = mutatedBytes(
  fc
    .tuple(fc.constantFrom('', '', '\ufeff'), fc.array(written, { maxLength: 8 }))
    .map(([mark, all]) => mark + all.join('')),
);

const api = fc.constantFrom<UpstreamApi | null>('responses', 'chat_completions', null);

const splitter: Target = {
  title: 'a stream of events is the same wherever it is cut',
  runs: [80, 40_000],
  property: fc.property(stream, cuts, (bytes, where) => {
    deepStrictEqual(split(cutAt(bytes, where)), split([bytes]));
  }),
};

function split(pieces: readonly Buffer[]) {
  const told: unknown[] = [];
  const reader = createEventSplitter((event) => told.push(event));
  let length = 0;
  for (const piece of pieces) {
    length += piece.length;
    reader.read(piece.toString('latin1'));
    ok(reader.heldLength() <= length);
  }
  reader.end();
  return told;
}

const meter: Target = {
  title: 'an answer costs the same wherever it is cut, and never what cannot be',
  runs: [80, 40_000],
  property: fc.property(
    stream,
    fc.constantFrom('events' as const, 'events' as const, 'json' as const, 'other' as const),
    api,
    cuts,
    (bytes, type, of, where) => {
      const measured = metered(cutAt(bytes, where), type, of);
      const { usage: counted, outputEstimate } = measured;
      deepStrictEqual(measured, metered([bytes], type, of));
      for (const count of Object.values<number>(counted ?? {})) {
        ok(Number.isSafeInteger(count) && count >= 0 && count <= 1e9, `${count} tokens`);
      }
      ok(Number.isSafeInteger(outputEstimate) && outputEstimate >= 0);
    },
  ),
};

const whole: Target = {
  title: 'a whole answer costs what it says at its place, or nothing',
  runs: [80, 40_000],
  property: fc.property(
    mutated(
      fc.constantFrom<Json>(
        {
          id: 'x',
          object: 'chat.completion',
          choices: [{ index: 0, message: { content: 'x' } }],
          usage,
        },
        { id: 'resp_1', object: 'response', output: [], usage: used },
        { detail: 'x', message: { a: 1 } },
      ),
    ).map(jsonText),
    api,
    cuts,
    (text, of, where) => {
      const bytes = Buffer.from(text);
      const { usage: counted } = metered(cutAt(bytes, where), 'json', of);
      for (const count of Object.values<number>(counted ?? {})) {
        ok(Number.isSafeInteger(count) && count >= 0 && count <= 1e9, `${count} tokens`);
      }
    },
  ),
};

type Metered = {
  readonly usage: Usage | null;
  readonly outputEstimate: number;
  readonly answerId: string | null;
  readonly hasEnded: boolean;
  readonly failure: string | null;
};

function metered(
  pieces: readonly Buffer[],
  type: 'events' | 'json' | 'other',
  of: UpstreamApi | null,
): Metered {
  const reader = createAnswerMeter({ type, api: of });
  for (const piece of pieces) {
    reader.read(piece);
    // The relay asks of a stream after each piece.
    if (type === 'events') reader.failure();
  }
  const counted = reader.usage();
  return {
    usage: counted,
    outputEstimate: reader.outputEstimate(),
    answerId: reader.answerId(),
    hasEnded: reader.hasEnded(),
    failure: reader.failure(),
  };
}

const hider: Target = {
  title: 'the count that is taken out of a stream is the same one wherever it is cut',
  runs: [60, 40_000],
  property: fc.property(
    stream.filter((bytes) => bytes.length < 60_000),
    cuts,
    (bytes, where) => {
      const passed = (pieces: readonly Buffer[]) => {
        const reader = createCountHider();
        return Buffer.concat([
          ...pieces.map((piece) => reader.pass(piece)),
          reader.rest(),
        ]).toString('latin1');
      };
      deepStrictEqual(passed(cutAt(bytes, where)), passed([bytes]));
    },
  ),
};

const mask: Target = {
  title: 'a key is masked wherever an answer is cut, and nothing else changes',
  runs: [60, 20_000],
  property: fc.property(
    fc.constantFrom('sk-real', 'aa', 'abab', 'aabaa', 'k'),
    fc.array(fc.oneof(fc.constantFrom('sk-', 'sk-real', 'real', 'a', 'b', 'abab', 'k'), oddText), {
      maxLength: 12,
    }),
    cuts,
    (key, parts, where) => {
      const bytes = Buffer.from(parts.join(''));
      const reader = createKeyMask(key);
      const passed = Buffer.concat([
        ...cutAt(bytes, where).map((piece) => reader.pass(piece)),
        reader.rest(),
      ]);
      deepStrictEqual(passed.toString(), bytes.toString().replaceAll(key, '*'.repeat(key.length)));
    },
  ),
};

const client: Target = {
  title: 'a worker’s reader of streams gives what the client of OpenAI gives',
  runs: [40, 20_000],
  property: fc.asyncProperty(stream, cuts, async (bytes, where) => {
    const pieces = cutAt(bytes, where);
    const ours = await readBy(directStreams(Stream as unknown as StreamClass), pieces);
    const theirs = await readBy(Stream as unknown as StreamClass, pieces);
    // The client fails at an event without data, which the format has passed over.
    if (theirs.error === null) deepStrictEqual(ours, theirs);
    else deepStrictEqual(ours.told.slice(0, theirs.told.length), theirs.told);
  }),
};

const quiet = { logLevel: 'off', logger: console };

async function readBy(by: Pick<StreamClass, 'fromSSEResponse'>, pieces: readonly Buffer[]) {
  const response = new Response(ReadableStream.from(pieces));
  const told: string[] = [];
  try {
    for await (const event of by.fromSSEResponse(response, new AbortController(), quiet)) {
      told.push(inspect(event, { depth: 10, maxStringLength: 200 }));
    }
    return { told, error: null };
  } catch (error) {
    return { told, error: (error as Error).name };
  }
}

export const streamTargets = [splitter, meter, whole, hider, mask, client];
