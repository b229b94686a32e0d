import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const source = fileURLToPath(new URL('./closed-outside.ts', import.meta.url));

/** What a thread of a closed process gets when it asks a server. */
const text = (url: string) => `
  import { closedOutside } from ${JSON.stringify(source)};
  import { Worker } from 'node:worker_threads';
  closedOutside.close(undefined);
  const ask = \`fetch(${JSON.stringify(url)}).then(() => 'reached', (error) => error.cause?.message)
    .then((answer) => require('node:worker_threads').parentPort.postMessage(answer))\`;
  const nested = \`const { Worker, parentPort } = require('node:worker_threads');
    new Worker(\${JSON.stringify(ask)}, { eval: true }).on('message', (answer) => parentPort.postMessage(answer))\`;
  for (const code of [ask, nested]) {
    new Worker(code, { eval: true }).on('message', (answer) => console.log(answer));
  }
`;

test('threads of a process that is closed reach nothing outside either', async () => {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.end();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const script = text(`http://127.0.0.1:${port}/`);

  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module-typescript',
    '--eval',
    script,
  ]);

  expect(stdout.trim().split('\n')).toEqual(
    Array(2).fill(
      'Nothing outside is reached while a file loads for its description or a recorded run is played.',
    ),
  );
  expect(asked).toEqual([]);
});
