import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Attack, type AttackGroup, told } from '../attack.ts';
import type { Victim, VictimGateway } from '../victim.ts';

/** A server of this machine: it says that it was reached, sends on to where it is told, and counts. */
async function withServer<Result>(
  attack: (server: { readonly port: number; readonly seen: IncomingMessage[] }) => Promise<Result>,
): Promise<Result> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request.resume());
    const { searchParams, pathname } = new URL(request.url ?? '/', 'http://x');
    const to = searchParams.get('to');
    const status = Number(searchParams.get('status') ?? 302);
    if (to) return void response.writeHead(status, { location: to }).end();
    if (pathname === '/api.json') {
      response.setHeader('content-type', 'application/json');
      return void response.end(document(searchParams.get('server') ?? ''));
    }
    response.end(`REACHED ${seen.length}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await attack({ port: (server.address() as AddressInfo).port, seen });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** A description of an API whose server is another than the one that it comes from. */
function document(server: string): string {
  const operation = { operationId: 'look', responses: {} };
  return JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'x', version: '1' },
    servers: [{ url: server }],
    paths: { '/look': { get: operation } },
  });
}

/** Calls a tool of the gateway, as an admin or another key; the whole answer. */
async function call(gateway: VictimGateway, tool: string, args: object, key = 'admin') {
  const answer = await gateway.fetch(`/admin/tools/${tool}/call`, {
    method: 'POST',
    key: gateway.keys[key] ?? '',
    body: JSON.stringify({ arguments: args }),
  });
  return { status: answer.status, text: await answer.text() };
}

const start = (victim: Victim, settings: string) =>
  victim.start({
    files: { 'gateway.yaml': settings, 'docs/a.md': 'READABLE' },
    keys: { second: ['--role', 'admin'] },
    env: { PLANTED_KEY: 'Bearer planted-key-of-a-tool' },
  });

/** Addresses of this machine and of private networks, in every spelling that a reader of addresses knows. */
const addresses = (port: number) => [
  ...[
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '2130706433',
    '017700000001',
    '0x7f000001',
    '0x7f.0x0.0x0.0x1',
    '0177.0.0.1',
    '0x7f.1',
    '0',
    '0.0.0.0',
    '127.255.255.254',
    '127.0.0.1.',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    'localhost',
    'LOCALHOST',
    'localhost.',
    'x.localhost',
    '%6c%6f%63%61%6c%68%6f%73%74',
    '127.0.0.1%00.example',
    '[::1]',
    '[::]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[2002:7f00:1::]',
    '[fe80::1%25lo]',
    'public@127.0.0.1',
    'public:x@127.0.0.1',
    '127.0.0.1#@public',
    '127.0.0.1\\@public',
    '127.0.0.1?@public',
    '\t127.0.0.1',
  ].map((host) => `http://${host}:${port}/`),
  'http://169.254.169.254/latest/meta-data',
  'http://[fd00:ec2::254]/latest/meta-data',
  'http://100.100.100.200/',
  'http://10.0.0.1/',
  'http://192.168.0.1/',
  'http://172.16.0.1/',
  `//127.0.0.1:${port}/`,
  `http:127.0.0.1:${port}/`,
  `HTTP://127.0.0.1:${port}/`,
  `ftp://127.0.0.1:${port}/`,
  `gopher://127.0.0.1:${port}/`,
  `dict://127.0.0.1:${port}/`,
  'file:///etc/passwd',
  'data:text/plain;base64,UkVBQ0hFRA==',
  'jar:file:///etc/passwd!/',
  'unix:/var/run/docker.sock',
  '/etc/passwd',
  '../gateway.yaml',
  '..%2fgateway.yaml',
  '....//gateway.yaml',
  'a.md/../../gateway.yaml',
  '\\\\127.0.0.1\\x',
];

const closed: Attack = {
  title: 'a tool reads an address of this machine or a file beside its documents, by any spelling',
  languages: ['node'],
  attempt: (_language, victim) =>
    withServer(async ({ port, seen }) => {
      const gateway = await start(
        victim,
        'tools:\n  web: { kind: fetch_doc, allow_hosts: ["*"] }\n',
      );
      const open: string[] = [];
      const control = await call(gateway, 'web', { source: 'a.md' });
      if (!control.text.includes('READABLE')) open.push('nothing can be read');
      for (const source of addresses(port)) {
        const { text } = await call(gateway, 'web', { source });
        if (/REACHED|root:x|allow_hosts/.test(text)) open.push(source);
      }
      if (seen.length > 0) open.push(`${seen.length} requests came`);
      return told(open, addresses(port).length);
    }),
};

const onward: Attack = {
  title: 'a server sends a tool on to an address that is closed, or to where its secret is read',
  languages: ['node'],
  attempt: (_language, victim) =>
    withServer((first) =>
      withServer(async (other) => {
        const tool = (name: string, more: string) =>
          `  ${name}: { kind: http, url: "http://127.0.0.1:${first.port}/?to={to}&status={status}", allow_addresses: [127.0.0.1/32], headers: { authorization: { env: PLANTED_KEY }, x-key: { env: PLANTED_KEY } }, parameters: { type: object, properties: { to: { type: string }, status: { type: string } } }${more} }\n`;
        const gateway = await start(
          victim,
          `tools:\n${tool('narrow', '')}${tool('wide', ', allow_hosts: ["*"]')}`,
        );
        const open: string[] = [];
        const there = `127.0.0.1:${other.port}`;
        const targets = [
          `http://localhost:${other.port}/`,
          `http://[::1]:${other.port}/`,
          `http://0.0.0.0:${other.port}/`,
          `http://127.0.0.2:${other.port}/`,
          `http://x@${there}/`,
          `//localhost:${other.port}/`,
          'http://169.254.169.254/',
          'file:///etc/passwd',
          'javascript:REACHED',
        ];
        let attempts = 0;
        for (const status of ['301', '302', '303', '307', '308']) {
          for (const to of targets) {
            attempts += 1;
            const { text } = await call(gateway, 'narrow', { to, status });
            if (/REACHED|root:x/.test(text)) open.push(`${status} to ${to}`);
          }
          attempts += 1;
          await call(gateway, 'wide', { to: `http://${there}/`, status });
        }
        const carried = other.seen.filter(({ headers }) =>
          JSON.stringify(headers).includes('planted-key'),
        );
        if (other.seen.length === 0) open.push('nothing was sent on');
        if (carried.length > 0) open.push(`${carried.length} requests carry the secret`);
        // Arguments that end the value they stand in.
        for (const to of [
          'x&to=y',
          'x#y',
          'x HTTP/1.1\r\nx-planted: 1',
          '../../admin',
          '@127.0.0.1/',
        ]) {
          attempts += 1;
          const before = first.seen.length;
          await call(gateway, 'narrow', { to: '', status: to });
          const asked = first.seen[before];
          if (asked?.headers['x-planted']) open.push('a header is planted');
          if (asked && !asked.url?.startsWith('/?to=&status='))
            open.push(`the path is ${asked.url}`);
        }
        return told(open, attempts);
      }),
    ),
};

const described: Attack = {
  title: 'a description of an API, or an MCP server, sends requests with the key elsewhere',
  languages: ['node'],
  attempt: (_language, victim) =>
    withServer((first) =>
      withServer(async (other) => {
        const at = `http://127.0.0.1:${first.port}`;
        const elsewhere = `http://localhost:${other.port}`;
        const key =
          'headers: { authorization: { env: PLANTED_KEY } }, allow_addresses: [127.0.0.1]';
        const gateway = await start(
          victim,
          `tools:
  api: { kind: openapi, document: "${at}/api.json?server=${elsewhere}", ${key} }
  moved: { kind: openapi, document: "${at}/?to=${elsewhere}/api.json", ${key} }
  mcp: { kind: mcp, url: "${at}/?to=${elsewhere}/&status=307", ${key} }
  hidden: { kind: mcp, url: "${at}/?to=${elsewhere}/&status=308", ${key}, allow_hosts: ["*"] }
`,
        );
        const open: string[] = [];
        for (const tool of ['api_look', 'moved_look', 'mcp_look', 'hidden_look']) {
          await call(gateway, tool, {});
        }
        if (first.seen.length === 0) open.push('nobody was asked');
        if (other.seen.some(({ headers }) => headers.authorization))
          open.push('the key is sent on');
        return told(open, 4);
      }),
    ),
};

const kept: Attack = {
  title: 'a result that a tool keeps for one key is given to another, or to other arguments',
  languages: ['node'],
  attempt: (_language, victim) =>
    withServer(async ({ port, seen }) => {
      const gateway = await start(
        victim,
        `tools:\n  count: { kind: http, url: "http://127.0.0.1:${port}/?q={q}", allow_addresses: [127.0.0.1], cache: { ttl_seconds: 60 }, parameters: { type: object, properties: { q: { type: string } } } }\n`,
      );
      const open: string[] = [];
      const asked = async (q: unknown, key = 'admin') => {
        const before = seen.length;
        await call(gateway, 'count', { q }, key);
        return seen.length - before;
      };
      if ((await asked('a')) !== 1) open.push('it is not asked');
      if ((await asked('a')) !== 0) open.push('nothing is kept');
      if ((await asked('a', 'second')) !== 1) open.push('another key is given it');
      for (const q of ['A', 'a ', 'a\u0000', '\u0430', 'b', '']) {
        if ((await asked(q)) > 1) open.push(`${q} is asked twice`);
        if (q !== 'a' && (await asked(q, 'second')) === 0) open.push(`${q} is another's`);
      }
      return told(open, 15);
    }),
};

/** Tools that read what is elsewhere. */
export const reach: AttackGroup = {
  heading: 'Where tools are sent',
  attacks: [closed, onward, described, kept],
};
