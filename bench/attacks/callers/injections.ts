import { type Answer, ask, json } from '../ask.ts';
import { type Attack, told } from '../attack.ts';
import { chat, enter, newKey, type World } from './world.ts';

/** Texts that mean something to a database. */
const texts = [
  `' OR '1'='1`,
  `x' OR 1=1 --`,
  `'; DELETE FROM runs; --`,
  `x'; DROP TABLE api_keys; --`,
  `' UNION SELECT * FROM api_keys --`,
  `") OR ("1"="1`,
  '%',
  '_',
  '*',
  '\\',
  `'||(SELECT 1)||'`,
  '1); VACUUM; --',
  '$1',
  '?',
  ':id',
  '{"$ne":null}',
];

/** Where a text becomes part of a question to the store: filters, places in lists and ids, by route. */
const lists = [
  '/admin/runs?agent=',
  '/admin/runs?key=',
  '/admin/runs?user=',
  '/admin/runs?code=',
  '/admin/runs?request_id=',
  '/admin/runs?replay_of=',
  '/admin/runs?resumes=',
  '/security/decisions?key_id=',
  '/security/decisions?user=',
  '/security/decisions?agent=',
  '/security/decisions?tool=',
  '/security/decisions?rule=',
  '/security/decisions?request_id=',
  '/admin/approvals?id=',
  '/admin/approvals?agent=',
  '/admin/agents/errors?agent=',
  '/admin/data?user=',
];

const places = [
  '/admin/runs?after=',
  '/admin/usage?by=key&after=',
  '/security/decisions?after=',
  '/security/keys?after=',
  '/security/overrides?after=',
  '/security/rules?after=',
  '/admin/agents?after=',
  '/admin/agents/errors?after=',
  '/admin/approvals?after=',
  '/v1/conversations/none/items?after=',
  '/v1/responses/none/input_items?after=',
];

const gone = [
  'DELETE /v1/responses/',
  'DELETE /v1/conversations/',
  'DELETE /security/keys/',
  'DELETE /security/overrides/',
  'DELETE /admin/data?user=',
  'DELETE /admin/agents/errors?agent=',
  'GET /v1/responses/',
  'GET /v1/conversations/',
  'GET /v1/runs/none/approvals?x=',
  'GET /admin/runs/',
];

type Try = { readonly name: string; readonly send: () => Promise<Answer> };

/** What a list gives of somebody where its filter fits nobody. */
function holdsSomething(text: string): boolean {
  const rows = /"(runs|decisions|approvals|errors|diagnostics)":\[\{/.test(text);
  return rows || /"[a-z_]+":[1-9]\d*/.test(/"kinds":\{[^}]*\}/.exec(text)?.[0] ?? '');
}

function written({ as, gateway }: World, text: string): readonly Try[] {
  const encoded = Buffer.from(text).toString('latin1');
  const of = (name: string, send: () => Promise<Answer>) => ({ name, send });
  const chatWith =
    (headers: Record<string, string>, more: object = {}) =>
    () =>
      as('ui', 'POST', '/v1/chat/completions', { body: chat('labs/open', more), headers });
  const respond = (more: object) => () =>
    as('caller', 'POST', '/v1/responses', { body: { model: 'labs/open', input: 'x', ...more } });
  return [
    of('bearer', () =>
      ask(gateway, '/v1/models', { headers: { authorization: `Bearer ${encoded}` } }),
    ),
    of('user in a header', chatWith({ 'x-librechat-user-id': encoded })),
    of('user in the body', chatWith({}, { user: text })),
    of('session', chatWith({ 'x-session-id': encoded })),
    of('repeat', chatWith({ 'idempotency-key': encoded })),
    of('id of a request', chatWith({ 'x-request-id': encoded, 'x-client-request-id': encoded })),
    of('metadata', chatWith({}, { metadata: { [text.slice(0, 60)]: text } })),
    of('model', () => as('caller', 'POST', '/v1/chat/completions', { body: chat(text) })),
    of('earlier response', respond({ previous_response_id: text })),
    of('conversation', respond({ conversation: text })),
    of('item', respond({ input: [{ type: 'item_reference', id: text }] })),
    of('name of a key', () =>
      as('scoped', 'POST', '/security/keys', {
        body: {
          role: 'caller',
          namespaces: ['labs'],
          name: `n${text}`,
          limits: { requests_per_minute: 1 },
        },
      }),
    ),
    of('override', () =>
      as('admin', 'POST', '/security/override', {
        body: {
          principal: 'none',
          action: 'run_agent',
          resource: `labs/${text}`,
          effect: 'deny',
          ttl_seconds: 1,
          reason: text,
        },
      }),
    ),
  ];
}

export const databases: Attack = {
  title: 'a text that callers choose changes, empties or fails a question to the store',
  languages: ['node'],
  async attempt(_language, victim) {
    const world = await enter(victim);
    const { gateway, as } = world;
    const kept = await as('caller', 'POST', '/v1/responses', {
      body: { model: 'labs/open', input: 'KEPT' },
    });
    const { id } = JSON.parse(kept.text) as { id: string };
    const witness = await newKey(gateway, { role: 'caller' });
    const before = await stateOf(world);
    const { text: control } = await as('admin', 'GET', '/admin/runs?agent=labs/open');
    const open = holdsSomething(control) ? [] : ['a filter that fits finds nothing'];
    let attempts = 0;
    for (const text of texts) {
      const sent = encodeURIComponent(text);
      const gets = lists.map((path) => ({ path, mayHold: false }));
      for (const { path, mayHold } of [
        ...gets,
        ...places.map((p) => ({ path: p, mayHold: true })),
      ]) {
        const answer = await as('admin', 'GET', `${path}${sent}`);
        if (answer.status >= 500) open.push(`${path}${text}: ${answer.status}`);
        if (!mayHold && holdsSomething(answer.text)) open.push(`${path}${text} fits something`);
      }
      for (const route of gone) {
        const [method = '', path = ''] = route.split(' ');
        const who = path.startsWith('/v1') ? 'caller' : 'admin';
        const { status } = await as(who, method, `${path}${sent}`, { headers: json });
        if (status >= 500) open.push(`${route}${text}: ${status}`);
      }
      const tries = written(world, text);
      for (const { name, send } of tries) {
        const { status } = await send();
        if (status >= 500) open.push(`${name} ${text}: ${status}`);
      }
      attempts += lists.length + places.length + gone.length + tries.length;
    }
    const after = await stateOf(world);
    if (after.keys < before.keys) open.push('keys are gone');
    if (after.runs < before.runs) open.push('runs are gone');
    const still = await as('caller', 'GET', `/v1/responses/${id}`);
    if (still.status !== 200) open.push('a response is gone');
    const { status } = await gateway.fetch('/v1/models', { key: witness.key });
    if (status !== 200) open.push('a key is gone');
    return told(open, attempts);
  },
};

/** How many runs and keys there are, up to a page of each. */
async function stateOf({ as }: World) {
  const count = async (path: string, name: string) => {
    const { text } = await as('admin', 'GET', path);
    return (JSON.parse(text) as Record<string, unknown[]>)[name]?.length ?? 0;
  };
  return {
    runs: await count('/admin/runs?limit=1000', 'runs'),
    keys: await count('/security/keys?limit=1000', 'keys'),
  };
}
