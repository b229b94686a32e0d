import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { patienceMs } from '../../../test/support/hang-limit.ts';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  type TemporaryProject,
  temporaryProject,
} from '../../../test/support/temporary-project.ts';
import { announceGateway } from '../../storage/running-gateway.ts';
import { connectGateway } from './gateway-client.ts';

let project: TemporaryProject;
let server: Server | null = null;

beforeEach(() => {
  project = temporaryProject();
});

afterEach(async () => {
  server?.closeAllConnections();
  if (server) await new Promise((resolve) => server?.close(resolve));
  server = null;
  project.dispose();
});

const announce = (address: string, pid = process.pid) =>
  announceGateway(join(project.folder, '.dropgate'), { pid, address, token: 'dgl_test' });

async function listen(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid!;
}

/** An address that nothing listens at. */
async function freeAddress(): Promise<string> {
  const address = await listen(() => undefined);
  await new Promise((resolve) => server?.close(resolve));
  server = null;
  return address;
}

describe('without a gateway', () => {
  test.each([['list'], ['errors'], ['refresh']])(
    'agents %s says that none runs, and how to start one',
    async (command) => {
      expect(await inProcessCli(project.folder)('agents', command)).toEqual({
        code: 1,
        out: '',
        err: 'error: No gateway runs on this project. Start one with `dropgate dev` in this folder, or look with `dropgate check`.\n',
      });
    },
  );

  test('says that the one which left its record behind is gone', async () => {
    const pid = await deadPid();
    await announce(await freeAddress(), pid);
    expect(await inProcessCli(project.folder)('agents', 'list')).toEqual({
      code: 1,
      out: '',
      err: `error: The gateway that .dropgate/gateway.json names (process ${pid}) is gone. Start one with \`dropgate dev\`.\n`,
    });
  });

  test('says that one which still runs cannot be reached', async () => {
    const address = await freeAddress();
    await announce(address);
    expect(await inProcessCli(project.folder)('agents', 'list')).toEqual({
      code: 1,
      out: '',
      err: `error: The gateway at ${address} (process ${process.pid}) cannot be reached (ECONNREFUSED). It may be stopping; try again, or start it again.\n`,
    });
  });

  test('says that a damaged record makes no sense', async () => {
    project.write('.dropgate/gateway.json', '{"pid": 1');
    const { code, err } = await inProcessCli(project.folder)('agents', 'list');
    expect(code).toBe(1);
    expect(err).toContain('.dropgate/gateway.json makes no sense');
  });
});

describe('a gateway that answers', () => {
  test('gets the token and the query, and nothing for what is undefined', async () => {
    const seen: unknown[] = [];
    const address = await listen((request, response) => {
      seen.push([request.method, request.url, request.headers.authorization]);
      response.end('{"fine":true}');
    });
    await announce(address);
    const ask = await connectGateway(project.folder);
    const query = { force: 'true', agent: undefined, limit: 3 };
    expect(
      await ask({
        method: 'POST',
        path: '/agents/refresh',
        query,
        answer: z.unknown(),
        timeoutMs: patienceMs,
      }),
    ).toEqual({
      fine: true,
    });
    expect(seen).toEqual([['POST', '/agents/refresh?force=true&limit=3', 'Bearer dgl_test']]);
  });

  test.each([
    [401, '{}', 'does not take the token in .dropgate/gateway.json'],
    [503, '{"error":{"message":"It is stopping."}}', 'The gateway refused (503): It is stopping.'],
    [404, 'Not found', 'does not answer as a gateway (404)'],
    [200, '<html>', 'does not answer as a gateway (200)'],
    [200, '{"agents":"none"}', 'an answer that this version of dropgate does not know'],
  ])('with %i and %s is told of', async (status, body, message) => {
    await announce(await listen((_request, response) => response.writeHead(status).end(body)));
    const { code, out, err } = await inProcessCli(project.folder)('agents', 'list');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^error: .*\n$/);
    expect(err).toContain(message);
  });

  test.each([
    ['at all', () => undefined],
    ['whole', (_request, response) => void response.write('{"agents":')],
  ] satisfies [string, RequestListener][])(
    'but not %s is waited for only so long',
    async (_how, listener) => {
      await announce(await listen(listener));
      const ask = await connectGateway(project.folder);
      await expect(
        ask({ method: 'GET', path: '/', answer: z.unknown(), timeoutMs: 300 }),
      ).rejects.toThrow(/gave no answer within 0\.3 s\. Look at its log, or start it again\.$/);
    },
  );
});
