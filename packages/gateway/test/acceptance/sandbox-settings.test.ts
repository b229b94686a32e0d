import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noSandbox } from '../support/bubblewrap.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { untilServed } from './probes.ts';

const missing = noSandbox();
const noPython = await missingPython();

/** Asks the address that it is told, reads and writes files that it is told. */
const errand = `import { readFileSync, writeFileSync } from 'node:fs';
const errands = {
  fetch: async (url) => (await fetch(url)).text(),
  read: (path) => readFileSync(path, 'utf8'),
  write: (path) => (writeFileSync(path, 'from inside'), 'written'),
};
export const agent = {
  async run({ messages }) {
    const [what, target] = messages.at(-1).content.split(' ');
    return await Promise.resolve().then(() => errands[what](target)).catch((error) => 'failed: ' + (error.cause ?? error).code);
  },
};
`;

const clouds = `from agents import Agent, function_tool


@function_tool
def get_weather(place: str) -> str:
    """Tells the weather of a place."""
    return f"Cloudy in {place}."


agent = Agent(name="Clouds", instructions="Use the tool.", tools=[get_weather])
`;

describe.skipIf(missing !== null)(`settings of sandboxes (${missing ?? 'run'})`, () => {
  let open: TestGateway;
  let closed: TestGateway;
  let neighbour: Server;
  let url: string;

  beforeAll(async () => {
    neighbour = createServer((_request, response) => response.end('hello from outside'));
    await new Promise<void>((resolve) => neighbour.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(neighbour.address() as AddressInfo).port}/`;
    const files = {
      'src/agents/Errand/agent.ts': errand,
      'shared/note.txt': 'shared',
      'out/.keep': '',
    };
    const more = ', sandbox_network: all, sandbox_read: [shared], sandbox_write: [out]';
    const settings = (text: string) => `worker: { spares: 0, sandbox: bubblewrap${text} }\n`;
    [open, closed] = await Promise.all([
      startGateway({ files: { ...files, 'gateway.yaml': settings(more) } }),
      startGateway({
        files: {
          ...files,
          'gateway.yaml': settings(''),
          ...(noPython ? {} : { 'src/agents/Clouds/agent.py': clouds }),
        },
        env: noPython ? {} : { GATEWAY_PYTHON: pythonWithSdk() },
      }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([open?.stop(), closed?.stop()]);
    neighbour?.close();
  });

  const run = (gateway: TestGateway, what: string, target: string) =>
    untilServed(gateway, { model: 'default/errand', content: `${what} ${target}` });

  test('the network is the models alone, unless all of it is asked for', async () => {
    expect(await run(closed, 'fetch', url)).toBe('failed: ECONNREFUSED');
    expect(await run(open, 'fetch', url)).toBe('hello from outside');
  });

  test('a folder is shown where it is named, and kept as it is', async () => {
    const note = (gateway: TestGateway) => join(gateway.project.root, 'shared/note.txt');
    expect(await run(closed, 'read', note(closed))).toBe('failed: ENOENT');
    expect(await run(open, 'read', note(open))).toBe('shared');
    expect(await run(open, 'write', note(open))).toBe('failed: EROFS');
  });

  test('a folder is changed where that is asked for', async () => {
    const file = join(open.project.root, 'out/made.txt');
    expect(await run(open, 'write', file)).toBe('written');
    expect(await readFile(file, 'utf8')).toBe('from inside');
  });

  test.skipIf(noPython)(`an agent in Python reaches its model (${noPython ?? 'run'})`, async () => {
    const question = { model: 'default/clouds', content: 'What is the weather in Paris?' };
    expect(await untilServed(closed, question)).toContain('Cloudy in Paris.');
  });
});
