import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Serves the wheels of a folder as a private index does, until the test is over; gives its address. */
export async function startPythonIndex(wheels: string): Promise<string> {
  const server = createServer((request, response) => {
    const [, kind, name = ''] = (request.url ?? '').split('/');
    if (kind === 'files') return void response.end(readFileSync(join(wheels, name)));
    const stem = name.replaceAll('-', '_');
    const files = readdirSync(wheels).filter((file) => file.startsWith(`${stem}-`));
    response.setHeader('content-type', 'text/html');
    response.end(files.map((file) => `<a href="/files/${file}">${file}</a>`).join('\n'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple/`;
}
