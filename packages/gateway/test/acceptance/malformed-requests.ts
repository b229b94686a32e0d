/** One request to be sent as it is. `isWhole` false: it breaks off, and nothing follows. */
export type MalformedRequest = { readonly bytes: string; readonly isWhole: boolean };

type Draft = { method: string; path: string; headers: [string, string][]; body: string };
type Pick = <Item>(items: readonly Item[]) => Item;
type Dice = { readonly below: (limit: number) => number; readonly pick: Pick };

/**
 * Makes requests that are wrong in one to three ways, or look it: the same for the same seed. Some have the key, so
 * that they get as far as the parsers behind it.
 */
export function createMalformedRequests(seed: number, key: string): () => MalformedRequest {
  const dice = createDice(seed);
  return () => {
    const draft = freshDraft(dice, key);
    const times = 1 + dice.below(3);
    for (let time = 0; time < times; time += 1) dice.pick(mutations)(draft, dice);
    return written(draft, dice);
  };
}

/** Mulberry32: small, and the same on every machine. */
function createDice(seed: number): Dice {
  let state = seed >>> 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
  return { below, pick: (items) => items[below(items.length)] as (typeof items)[number] };
}

const paths = [
  '/v1/chat/completions',
  '/chat/completions',
  '/v1/models',
  '/v1/models/default/echo',
  '/admin/agents/errors?limit=5',
  '/agents/refresh?force=x',
  '/security/preview',
  '/security/override',
  '/security/decisions?limit=3',
  '/security/keys',
  '/security/keys/key_x/rotate',
  '/metrics',
  '/healthz',
];

const bodies = [
  '{"model":"default/gone","messages":[{"role":"user","content":"Hi"}]}',
  '{"model":"default/gone","stream":true,"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}]}',
  '{"key_id":"key_x","action":"run_agent","resource":"default/echo"}',
  '{"principal":"x","action":"run_agent","resource":"labs/*","effect":"allow","ttl_seconds":0,"reason":"x"}',
  '{"name":"x","role":"root"}',
];

function freshDraft({ pick, below }: Dice, key: string): Draft {
  return {
    method: pick(['POST', 'POST', 'GET', 'DELETE']),
    path: pick(paths),
    headers: [
      ['host', 'gateway'],
      ['content-type', 'application/json'],
      ...(below(4) > 0 ? [['authorization', `Bearer ${key}`] as [string, string]] : []),
    ],
    body: pick(bodies),
  };
}

/** Values where something else is expected. */
const odd = [
  'null',
  '-1',
  '1e999',
  '"\\ud800"',
  '[]',
  '{}',
  'true',
  '""',
  '"\\u0000"',
  '{"__proto__":{"role":"admin"}}',
  '"../../../../etc/passwd"',
  '"\' OR 1=1 --"',
  '"{{7*7}}<%= 7*7 %>"',
  `"${'a'.repeat(3000)}"`,
  `${'['.repeat(300)}${']'.repeat(300)}`,
];

const mutations: readonly ((draft: Draft, dice: Dice) => void)[] = [
  (draft, { pick }) => {
    draft.body = draft.body.replace(/"[^"]*"(?=[,}\]])|\d+/, () => pick(odd));
  },
  (draft, { pick }) => {
    draft.body = draft.body.replace(/:(?=[^:]*$)/, () => `:${pick(odd)},"x":`);
  },
  (draft, { below }) => {
    draft.body = draft.body.slice(0, below(draft.body.length));
  },
  (draft, { below }) => {
    const at = below(draft.body.length);
    draft.body = draft.body.slice(0, at) + String.fromCharCode(below(256)) + draft.body.slice(at);
  },
  (draft, { pick }) => {
    draft.body = pick([
      '',
      ' ',
      '\u0000',
      '[',
      '"',
      'NaN',
      '\ufeff{}',
      '{"a":1}{"b":2}',
      'model=x',
    ]);
  },
  (draft, { pick }) => {
    draft.path += pick(['%', '%00', '%ff', '/..', '//', '?', '?limit=x', '?limit=1&limit=2', '#']);
  },
  (draft, { pick, below }) => {
    draft.path = `/${pick(['%2e%2e/', 'v1/models/', 'security/keys/', ''])}${'x'.repeat(below(2000))}`;
  },
  (draft, { pick }) => {
    draft.path = pick([
      '',
      'v1/models',
      '*',
      'http://',
      '/\u0001',
      '/é',
      '/ /',
      `/${'%41'.repeat(500)}`,
    ]);
  },
  (draft, { pick }) => {
    draft.method = pick(['', 'get', 'G\u0000T', 'CONNECT', 'PRI', 'X'.repeat(50), 'PUT', 'PATCH']);
  },
  (draft, { pick }) => {
    draft.headers.push(
      pick<[string, string]>([
        ['content-length', '5'],
        ['content-length', '-1'],
        ['transfer-encoding', 'chunked'],
        ['transfer-encoding', 'gzip, chunked'],
        ['content-encoding', 'gzip'],
        ['expect', '100-continue'],
        ['upgrade', 'websocket'],
        ['connection', 'upgrade, authorization'],
        ['authorization', 'Bearer dg_'],
        ['authorization', 'Basic eA=='],
        ['x-client-request-id', '\u0007'],
        ['accept', 'x'.repeat(4000)],
        ['bad name', 'x'],
        ['folded', 'a\r\n b'],
        ['', ''],
      ]),
    );
  },
  (draft, { pick }) => {
    const type = pick([
      'text/plain',
      'application/json; charset=utf-16',
      '',
      'a/b/c',
      'multipart/form-data',
    ]);
    draft.headers = draft.headers.map(([name, value]) => [
      name,
      name === 'content-type' ? type : value,
    ]);
  },
  (draft, { below }) => {
    const count = below(60);
    for (let index = 0; index < count; index += 1) draft.headers.push([`x-${index}`, '1']);
  },
];

function written(draft: Draft, { below }: Dice): MalformedRequest {
  const length = Buffer.byteLength(draft.body, 'latin1');
  const isShort = below(12) === 0;
  const told = isShort ? length + 1 + below(1000) : length;
  const hasLength = draft.headers.some(([name]) => name === 'content-length');
  const headers = hasLength
    ? draft.headers
    : [...draft.headers, ['content-length', String(told)] as const];
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const whole = `${draft.method} ${draft.path} HTTP/1.1\r\n${head}\r\n${draft.body}`;
  const isCut = below(25) === 0;
  const isUnclear = isShort || /transfer-encoding|content-length: (5|-1)|upgrade|expect/.test(head);
  return {
    bytes: isCut ? whole.slice(0, below(whole.length)) : whole,
    isWhole: !isCut && !isUnclear,
  };
}
