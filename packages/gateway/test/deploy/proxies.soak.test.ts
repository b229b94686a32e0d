import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../acceptance/until.ts';
import { type CliProcess, startCli } from '../support/cli-process.ts';
import { freePort } from '../support/free-port.ts';
import { startPostgres } from '../support/postgres.ts';
import { writeFiles } from '../support/temp-folder.ts';
import { makeCertificate } from './certificate.ts';
import { hasProxy, type ReverseProxy, startProxy } from './proxy.ts';

const server = await startPostgres();
const name = 'agents.example.com';
const key = `dg_${'a'.repeat(43)}`;

/** Says one word, and the other when it is told to. */
const slow = `import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
export const agent = {
  async *run({ messages }) {
    yield 'first ';
    const path = messages.at(-1).content;
    while (path.startsWith('/') && !existsSync(path)) await setTimeout(20);
    await setTimeout(20);
    yield 'last';
  },
};
`;

type Gateway = { readonly port: number; process: CliProcess };

let folder = '';
let proxy: ReverseProxy;
let ca = '';
let gateways: Gateway[] = [];
/** What both have logged. */
let logs = '';
let restart: (index: number) => Promise<void> = async () => undefined;

describe.skipIf('missing' in server).each(['nginx', 'caddy'] as const)(
  '%s before two gateways',
  (kind) => {
    describe.skipIf(!hasProxy(kind))('with TLS', () => {
      beforeAll(async () => {
        if ('missing' in server) return;
        folder = await mkdtemp(join(tmpdir(), 'dropgate-proxy-'));
        ca = await makeCertificate(folder, name);
        await writeFile(join(folder, 'key'), `${key}\n`, { mode: 0o600 });
        const store = await server.newDatabase();
        const delay = kind === 'nginx' ? ', shutdown_delay_ms: 2000' : '';
        gateways = [];
        for (const index of [0, 1]) {
          const root = join(folder, `gateway-${index}`);
          await mkdir(root);
          await writeFiles(root, {
            'gateway.yaml': `server: { trust_proxy: true${delay} }\nworker: { spares: 0 }\n`,
            'src/agents/Slow/agent.ts': slow,
          });
          const port = await freePort();
          gateways.push({ port, process: await startGateway(root, port, store) });
        }
        restart = async (index) => {
          const gateway = gateways[index];
          if (!gateway) return;
          const root = join(folder, `gateway-${index}`);
          await proxy.restarting(gateway.port, async () => {
            gateway.process.child.kill('SIGTERM');
            expect(await gateway.process.ended).toMatchObject({ code: 0 });
            gateway.process = await startGateway(root, gateway.port, store);
          });
        };
        proxy = await startProxy(
          kind,
          folder,
          gateways.map(({ port }) => port),
        );
        await until('the proxy to pass on', async () => {
          return (await ask('Hi').catch(() => null))?.status === 200;
        });
      });
      afterAll(async () => {
        await proxy?.stop();
        for (const { process } of gateways) process.child.kill('SIGKILL');
        await Promise.all(gateways.map(({ process }) => process.ended));
        await rm(folder, { recursive: true, force: true });
      });

      test('passes a stream on as it comes', async () => {
        const go = join(folder, 'go');
        let text = '';
        const answer = await open(go, { stream: true });
        for await (const piece of answer) {
          text += piece;
          // A proxy that waits for the whole answer would wait for ever.
          if (text.includes('first ')) await writeFile(go, '');
        }
        expect(text).toContain('last');
        expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
      });

      test('tells the gateway who calls, and not what the caller says of that', async () => {
        await ask('Hi', {
          localAddress: '127.0.0.7',
          headers: { 'x-forwarded-for': '203.0.113.9' },
        });
        await until('the line of the log', () => logs.includes('"client_address":"127.0.0.7"'));
        expect(logs).not.toContain('203.0.113.9');
      });

      test('shows neither health nor metrics outside', async () => {
        const answers = await Promise.all(
          ['/healthz', '/readyz', '/metrics'].map((path) => get(path)),
        );
        expect(answers.map(({ statusCode }) => statusCode)).toEqual([404, 404, 404]);
      });

      test('loses no answer while both are restarted, one after the other', async () => {
        const lost: string[] = [];
        let answers = 0;
        let isOver = false;
        const caller = async () => {
          while (!isOver) {
            const { status, text } = await ask('Hi').catch((error) => ({
              status: 0,
              text: String(error),
            }));
            if (status === 200 && text.includes('first last')) answers += 1;
            else lost.push(`${status} ${text}`);
          }
        };
        const callers = Array.from({ length: 4 }, caller);
        for (const index of [0, 1, 0, 1]) await restart(index);
        isOver = true;
        await Promise.all(callers);
        expect(lost).toEqual([]);
        expect(answers).toBeGreaterThan(20);
      });
    });
  },
);

async function startGateway(root: string, port: number, store: string): Promise<CliProcess> {
  const process = startCli(root, ['start'], {
    env: {
      GATEWAY_PORT: `${port}`,
      GATEWAY_STORE_URL: store,
      GATEWAY_BOOTSTRAP_KEY_FILE: join(root, '../key'),
    },
  });
  process.child.stdout.on('data', (text: string) => {
    logs += text;
  });
  await until('the gateway to be ready', async () => {
    return (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null))?.ok;
  });
  return process;
}

type Asked = {
  readonly stream?: boolean;
  readonly localAddress?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

async function ask(content: string, asked: Asked = {}) {
  const answer = await open(content, asked);
  let text = '';
  for await (const piece of answer) text += piece;
  return { status: answer.statusCode, text };
}

function open(content: string, { stream = false, headers = {}, ...where }: Asked) {
  const body = { model: 'slow', stream, messages: [{ role: 'user', content }] };
  return send('/v1/chat/completions', { method: 'POST', headers, ...where }, JSON.stringify(body));
}

function get(path: string) {
  return send(path, { method: 'GET', headers: {} });
}

function send(
  path: string,
  { headers, ...options }: { readonly method: string; readonly headers: object },
  body = '',
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...options,
        // A client that keeps connections asks again where one was closed; this one does not.
        agent: false,
        host: '127.0.0.1',
        port: proxy.port,
        path,
        ca,
        servername: name,
        headers: {
          host: name,
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          ...headers,
        },
      },
      (answer) => resolve(answer.setEncoding('utf8')),
    );
    sent.once('error', reject).end(body);
  });
}
