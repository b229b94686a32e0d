import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Attack, told } from '../attack.ts';
import { until } from '../until.ts';
import { exchange, statusesIn } from '../wire.ts';
import { enter, type World } from './world.ts';

/** A request that is hidden in the body of another. */
const hidden = 'GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n';

/** Heads and bodies whose end two readers may see at different places. */
const requests: Readonly<Record<string, readonly [head: string, body: string]>> = {
  'length, then chunks': [
    `content-length: ${hidden.length + 5}\r\ntransfer-encoding: chunked\r\n`,
    `0\r\n\r\n${hidden}`,
  ],
  'chunks, then length': [
    `transfer-encoding: chunked\r\ncontent-length: 4\r\n`,
    `0\r\n\r\n${hidden}`,
  ],
  'two lengths': [`content-length: 0\r\ncontent-length: ${hidden.length}\r\n`, hidden],
  'a list of lengths': [`content-length: 0, ${hidden.length}\r\n`, hidden],
  'a length with a sign': [`content-length: +${hidden.length}\r\n`, hidden],
  'a length in hex': ['content-length: 0x0\r\n', hidden],
  'a length with a space before the colon': [`content-length : ${hidden.length}\r\n`, hidden],
  'a length that is folded': [`content-length:\r\n ${hidden.length}\r\n`, hidden],
  'chunks in another spelling': ['transfer-encoding: xchunked\r\n', `0\r\n\r\n${hidden}`],
  'chunks of two codings': ['transfer-encoding: chunked, identity\r\n', `0\r\n\r\n${hidden}`],
  'chunks with a space before the colon': ['transfer-encoding : chunked\r\n', `0\r\n\r\n${hidden}`],
  'chunks that are folded': ['transfer-encoding:\r\n chunked\r\n', `0\r\n\r\n${hidden}`],
  'chunks with a tab': ['transfer-encoding:\tchunked\x0b\r\n', `0\r\n\r\n${hidden}`],
  'chunks twice': [
    'transfer-encoding: chunked\r\ntransfer-encoding: cow\r\n',
    `0\r\n\r\n${hidden}`,
  ],
  'a bare line feed between headers': [`x: y\ncontent-length: ${hidden.length}\r\n`, hidden],
  'a bare carriage return in a header': [
    `x: y\rtransfer-encoding: chunked\r\n`,
    `0\r\n\r\n${hidden}`,
  ],
  'a nothing in a header': [`x: a\0b\r\ncontent-length: ${hidden.length}\r\n`, hidden],
  'a length of a chunk with a sign': ['transfer-encoding: chunked\r\n', `+0\r\n\r\n${hidden}`],
  'a chunk that ends in a line feed': ['transfer-encoding: chunked\r\n', `2\n{}\n0\n\n${hidden}`],
  'a chunk with an extension': [
    'transfer-encoding: chunked\r\n',
    `2;\n\r\n{}\r\n0\r\n\r\n${hidden}`,
  ],
  'a header behind the chunks': [
    'transfer-encoding: chunked\r\n',
    `2\r\n{}\r\n0\r\nauthorization: Bearer x\r\ncontent-length: 9\r\n\r\n${hidden}`,
  ],
};

/** A head that names no length at all for a request with one. */
const upgrades = [
  'connection: upgrade\r\nupgrade: websocket\r\n',
  'connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\n',
];

/** What comes of each way; only those count in which one request came to be two of which one was hidden. */
async function directly({ gateway, keys }: World): Promise<string[]> {
  const open: string[] = [];
  const key = `authorization: Bearer ${keys.caller}\r\n`;
  for (const [name, [head, body]] of Object.entries(requests)) {
    const text = await exchange(
      gateway.url,
      `POST /v1/responses HTTP/1.1\r\nhost: x\r\n${key}content-type: application/json\r\n${head}\r\n${body}`,
    );
    const statuses = statusesIn(text);
    // Whole chunks end a body for every reader that knows them: what follows is a request of its own.
    const isPlain = /^(a header behind the chunks|a chunk with an extension)$/.test(name);
    if (!isPlain && statuses.length > 1) open.push(`${name}: ${statuses.join(' ')}`);
    if (statuses.some((status) => status < 300 || status >= 500)) {
      open.push(`${name}: ${statuses.join(' ')}`);
    }
  }
  for (const head of upgrades) {
    const text = await exchange(
      gateway.url,
      `GET /v1/models HTTP/1.1\r\nhost: x\r\n${key}${head}\r\n${hidden}`,
    );
    if (text.startsWith('HTTP/1.1 101')) open.push('an upgrade is made');
  }
  return open;
}

export const hiddenRequests: Attack = {
  title: 'one request is two, of which nobody in front of the gateway sees the second',
  languages: ['node'],
  async attempt(_language, victim) {
    const world = await enter(victim);
    return told(await directly(world), Object.keys(requests).length + upgrades.length);
  },
};

/** Requests of two callers, one after the other over one connection, as a proxy sends them. */
export const joined: Attack = {
  title: 'requests of several callers over one connection of a proxy are answered to each other',
  languages: ['node'],
  async attempt(_language, victim) {
    const { gateway, keys, ids } = await enter(victim);
    const order = ['caller', 'other', 'operator', 'caller', 'scoped', 'other'] as const;
    const whoami = (key: string, more = '') =>
      `GET /security/whoami HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n${more}\r\n`;
    const chats = order.map((who) => {
      const body = JSON.stringify({
        model: 'labs/open',
        messages: [{ role: 'user', content: `of ${who}` }],
      });
      return `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${keys[who]}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    });
    const last = whoami(keys.caller, 'connection: close\r\n');
    const asked = order.map((who) => whoami(keys[who]));
    const known = await exchange(gateway.url, [...asked, last].join(''));
    const answered = await exchange(gateway.url, [...chats, last].join(''));
    const seen = [...known.matchAll(/"id":"([^"]+)"/g)].map(([, id]) => id);
    const said = [...answered.matchAll(/of (caller|other|operator|scoped)/g)].map(([, who]) => who);
    const open = [
      ...order.flatMap((who, at) => (seen[at] === ids[who] ? [] : [`${at} is not ${who}`])),
      ...order.flatMap((who, at) => (said[at] === who ? [] : [`the chat ${at} is not of ${who}`])),
    ];
    return told(open, order.length * 2);
  },
};

export const behind: Attack = {
  title: 'a request that nginx passes on poisons the connection for the caller who comes next',
  languages: ['node'],
  async attempt(_language, victim) {
    const world = await enter(victim);
    const proxy = await startNginx(world.gateway.url);
    if (!proxy) return { outcome: 'untried', detail: 'there is no nginx' };
    try {
      const open: string[] = [];
      const key = `authorization: Bearer ${world.keys.caller}\r\n`;
      for (const [name, [head, body]] of Object.entries(requests)) {
        await exchange(
          proxy.url,
          `POST /v1/responses HTTP/1.1\r\nhost: x\r\n${key}content-type: application/json\r\n${head}\r\n${body}`,
        );
        const headers = { authorization: `Bearer ${world.keys.other}` };
        const next = await fetch(`${proxy.url}/security/whoami`, { headers });
        const text = await next.text();
        if (next.status !== 200 || !text.includes(world.ids.other)) {
          open.push(`${name}: the next is answered ${next.status}`);
        }
      }
      return told(open, Object.keys(requests).length);
    } finally {
      await proxy.stop();
    }
  },
};

/** A program, as the linter of unused packages is not to know it. */
const proxyProgram = 'nginx';

/** A reverse proxy that keeps one connection to the gateway; null where there is no nginx. */
async function startNginx(gatewayUrl: string) {
  const found = await promisify(execFile)(proxyProgram, ['-v']).catch(() => null);
  if (!found) return null;
  const folder = mkdtempSync(join(tmpdir(), 'dropgate-nginx-'));
  const port = await freePort();
  const { host } = new URL(gatewayUrl);
  const file = join(folder, 'nginx.conf');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http { access_log off; ${paths}
  upstream gateway { server ${host}; keepalive 1; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://gateway; proxy_http_version 1.1; proxy_request_buffering off; proxy_set_header Connection ""; } }
}`,
  );
  const child = spawn(proxyProgram, ['-p', folder, '-c', file], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  const isUp = await until(async () => (await fetch(`${url}/healthz`)).ok);
  if (!isUp) throw new Error('nginx did not start.');
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
