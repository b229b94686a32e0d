import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cut, startCuttingRelay } from '../support/cutting-relay.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { type Parrot, startParrot } from './parrot.ts';

/** Writes down each order that it pays. */
const payer = `import { appendFileSync } from 'node:fs';
import { Agent, tool } from '@openai/agents';
import { z } from 'zod';
const pay = tool({
  name: 'pay', description: 'Pays an order.', parameters: z.object({ order: z.string() }),
  async execute({ order }) {
    appendFileSync('../../../paid.txt', order + '\\n');
    return 'Paid ' + order;
  },
});
export const agent = new Agent({ name: 'Payer', instructions: 'It is done:', model: 'gpt-5', tools: [pay] });
`;

const missing = await missingPython();

let gateway: TestGateway;
let parrot: Parrot;
/** Bytes of an answer, whole and streamed, with its headers. */
const lengths = { whole: 0, streamed: 0 };

beforeAll(async () => {
  parrot = await startParrot();
  gateway = await startGateway({
    files: { 'src/agents/Payer/agent.ts': payer },
    env: { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: parrot.baseUrl },
  });
  lengths.whole = await lengthOf(false);
  lengths.streamed = await lengthOf(true);
});
afterAll(async () => {
  await gateway?.stop();
  parrot?.stop();
});

/** Bytes of an answer that nothing cuts. */
async function lengthOf(isStreamed: boolean): Promise<number> {
  const relay = await startCuttingRelay(address(), null);
  await askInNode(relay.port, { order: randomUUID(), isStreamed });
  relay.close();
  return relay.answeredBytes();
}

/** Ten places in which a connection can be cut; of an answer of that length. */
function cuts(length: number): readonly Cut[] {
  const request = [0, 100, 400].map((afterBytes): Cut => ({ of: 'request', afterBytes }));
  const places = [0, 1, 100, length / 2, length * 0.7, length * 0.9, length - 20];
  return [
    ...request,
    ...places.map((place): Cut => ({ of: 'response', afterBytes: Math.floor(place) })),
  ];
}

type Asked = { readonly order: string; readonly isStreamed: boolean };

/** As an application asks: the client retries by itself, and where its answer broke off, it is asked again. */
async function askInNode(port: number, { order, isStreamed }: Asked): Promise<string> {
  const client = new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: gateway.key });
  const headers = { 'Idempotency-Key': order };
  const content = `call pay {"order":"${order}"}`;
  const body = { model: 'payer', messages: [{ role: 'user' as const, content }] };
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (!isStreamed) {
        const answer = await client.chat.completions.create(body, { headers });
        return answer.choices[0]?.message.content ?? '';
      }
      let text = '';
      const stream = await client.chat.completions.create({ ...body, stream: true }, { headers });
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      return text;
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

const inPython = `
import asyncio, json, sys
from openai import AsyncOpenAI

async def ask(port, key, order, streamed):
    client = AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=key)
    body = dict(
        model="payer",
        messages=[{"role": "user", "content": f'call pay {{"order":"{order}"}}'}],
        extra_headers={"Idempotency-Key": order},
    )
    for attempt in range(3):
        try:
            if not streamed:
                answer = await client.chat.completions.create(**body)
                return answer.choices[0].message.content
            text = ""
            async for chunk in await client.chat.completions.create(stream=True, **body):
                if chunk.choices and chunk.choices[0].delta.content:
                    text += chunk.choices[0].delta.content
            return text
        except Exception:
            if attempt == 2:
                raise

async def main():
    asked = json.loads(sys.argv[1])
    print(json.dumps(await asyncio.gather(*(ask(*each) for each in asked))))

asyncio.run(main())
`;

type Through = (asked: readonly (Asked & { readonly port: number })[]) => Promise<string[]>;

const throughNode: Through = (all) => Promise.all(all.map((each) => askInNode(each.port, each)));

const throughPython: Through = async (all) => {
  const asked = all.map(({ port, order, isStreamed }) => [port, gateway.key, order, isStreamed]);
  const args = ['-c', inPython, JSON.stringify(asked)];
  const { stdout } = await promisify(execFile)(pythonWithSdk(), args);
  return JSON.parse(stdout);
};

const clients: readonly (readonly [string, Through, boolean])[] = [
  ['OpenAI’s client for Node', throughNode, true],
  ['OpenAI’s client for Python', throughPython, missing === null],
];

for (const [name, ask, isThere] of clients) {
  describe.skipIf(!isThere)(isThere ? name : `${name}, left out: ${missing}`, () => {
    test('pays once where its connection is cut, wherever that is', async () => {
      const points = (['whole', 'streamed'] as const).flatMap((form) =>
        cuts(lengths[form]).map((cut) => ({ cut, isStreamed: form === 'streamed' })),
      );
      const all = await Promise.all(
        points.map(async ({ cut, isStreamed }) => {
          const relay = await startCuttingRelay(address(), cut);
          return { relay, port: relay.port, order: randomUUID(), isStreamed };
        }),
      );
      const texts = await ask(all);
      for (const { relay } of all) relay.close();
      expect(texts).toEqual(all.map(({ order }) => `It is done: [Paid ${order}]`));
      const paid = (await readFile(join(gateway.project.root, 'paid.txt'), 'utf8')).split('\n');
      const timesPaid = all.map(({ order }) => paid.filter((line) => line === order).length);
      expect(timesPaid).toEqual(all.map(() => 1));
    });
  });
}

function address() {
  const { hostname: host, port } = new URL(gateway.url);
  return { host, port: Number(port) };
}
