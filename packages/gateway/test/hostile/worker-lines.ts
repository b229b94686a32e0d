import { ok, strictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { parseFromWorker } from '../../src/protocol/worker/from-worker.ts';
import type { HostileGateway } from './hostile-gateway.ts';
import type { Target } from './hostile-tests.ts';
import { type Json, jsonText, mutated, mutatedBytes } from './odd-values.ts';
import { otherMessages, runMessages } from './worker-messages.ts';

/** Messages of a run as the protocol has them, with numbers, texts and depths that nobody would send. */
const fitting = mutated(
  fc.constantFrom<Json>(...runMessages('%RUN%'), ...runMessages('run_of_nobody')),
  3,
).filter(isTaken);

function isTaken(message: Json): boolean {
  const value: unknown = JSON.parse(jsonText(message));
  if (typeof value !== 'object' || value === null || !('type' in value)) return false;
  return typeof value.type === 'string' && parseFromWorker({ ...value, type: value.type }) !== null;
}

const asLines = (messages: readonly Json[]): Buffer =>
  Buffer.from(messages.map((message) => `${jsonText(message)}\n`).join(''));

/** A model call with its body. */
const called = fc
  .tuple(
    mutated(
      fc.constantFrom<Json>(
        {
          model: 'm',
          input: 'Hi',
          stream: true,
          tools: [{ type: 'function', name: 'x', parameters: {} }],
        },
        {
          model: 'm',
          messages: [{ role: 'user', content: 'Hi' }],
          stream: true,
          stream_options: {},
        },
        {
          model: 'm',
          input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
          tools: [{ type: 'web_search' }],
          metadata: { a: 'b' },
        },
      ),
    ),
    mutated(
      fc.constantFrom<Json>(
        ...[
          '/v1/responses',
          '/v1/chat/completions',
          '/v1/embeddings',
          '/v1/responses/x/cancel',
        ].map((path) => ({
          type: 'model_call',
          callId: 'm1',
          runId: '%RUN%',
          method: 'POST',
          path,
          headers: { 'content-type': 'application/json', 'user-agent': 'x' },
        })),
      ),
      1,
    ).filter(isTaken),
  )
  .map(([body, message]) => {
    const [text, line] = [jsonText(body), jsonText(message)];
    return Buffer.from(`${line.slice(0, -1)},"bytes":${Buffer.byteLength(text)}}\n${text}`);
  });

const taken = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fitting.map((message) => asLines([message])) },
      { weight: 1, arbitrary: called },
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((all) => Buffer.concat(all));

/** Lines of which some breach the protocol. */
const lines = fc
  .array(
    fc.oneof(
      { weight: 2, arbitrary: mutated(fc.constantFrom<Json>(...runMessages('%RUN%')), 2) },
      { weight: 1, arbitrary: mutated(fc.constantFrom<Json>(...otherMessages), 2) },
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map(asLines);

const bytes = fc.oneof(
  { weight: 6, arbitrary: lines },
  { weight: 1, arbitrary: mutatedBytes(lines.map((all) => all.toString())) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((all) => Buffer.from(all)) },
  {
    weight: 1,
    arbitrary: fc.constant(
      Buffer.from(
        '{"type":"model_call","callId":"m","runId":null,"method":"POST","path":"/v1/responses","headers":{},"bytes":9999999}\nx',
      ),
    ),
  },
);

/** What a worker says on its channel, whatever it is, costs nobody but its own agent. */
export function workerTargets(gateway: () => HostileGateway): readonly Target[] {
  return [
    {
      title:
        'a worker may say what the protocol takes, however odd: its run is told as it says, and others go on',
      runs: [25, 5000],
      property: fc.asyncProperty(taken, async (told) => {
        await tell(gateway(), 'default/hostile', told);
        await expectWell(gateway());
      }),
    },
    {
      title: 'a worker that breaches the protocol ends its run, and nothing else',
      runs: [2, 60],
      property: fc.asyncProperty(bytes, async (told) => {
        const { untilServed } = gateway();
        await untilServed('default/breaching');
        await tell(gateway(), 'default/breaching', told);
        await expectWell(gateway());
      }),
    },
  ];
}

async function tell({ ask }: HostileGateway, model: string, told: Buffer): Promise<void> {
  const { status, text } = await ask(model, `told ${told.toString('base64')}`);
  const answer = JSON.parse(text);
  if (status === 200) {
    ok(Array.isArray(answer.choices), text.slice(0, 300));
    return;
  }
  const { message, code } = answer.error;
  ok(typeof message === 'string', text.slice(0, 300));
  ok(code !== 'internal_error', text.slice(0, 1000));
}

async function expectWell({ ask, faults }: HostileGateway): Promise<void> {
  const other = await ask('default/echo', 'still here');
  strictEqual(other.status, 200);
  strictEqual(JSON.parse(other.text).choices[0].message.content, 'still here');
  strictEqual(await faults(), 0);
}
