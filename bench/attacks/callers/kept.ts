import { type Answer, type Headers, notRefused } from '../ask.ts';
import { type Attack, told } from '../attack.ts';
import { chat, enter, newKey, type Who, type World } from './world.ts';

/** What somebody said, which nobody else is to read. */
const said = 'what-only-its-owner-reads-4711';

/** Somebody: a key, and for one that forwards its users the user. */
type Somebody = { readonly who: Who; readonly user?: string };

type Ask = (method: string, path: string, body?: unknown, headers?: Headers) => Promise<Answer>;

const asking =
  ({ as }: World, { who, user }: Somebody): Ask =>
  (method, path, body, headers = {}) =>
    as(who, method, path, {
      ...(body === undefined ? {} : { body }),
      headers: { ...(user === undefined ? {} : { 'x-librechat-user-id': user }), ...headers },
    });

/** What an owner leaves: a response, a conversation with a response and an item, one in the background, a session. */
async function leave(ask: Ask) {
  const idOf = async (answer: Promise<Answer>) => {
    const { status, text } = await answer;
    if (status !== 200) throw new Error(`Nothing was kept: ${status} ${text}`);
    return (JSON.parse(text) as { id: string }).id;
  };
  const respond = (more: object) =>
    ask('POST', '/v1/responses', { model: 'labs/open', input: said, ...more });
  const response = await idOf(respond({}));
  const background = await idOf(respond({ background: true }));
  const conversation = await idOf(
    ask('POST', '/v1/conversations', { items: [{ type: 'message', role: 'user', content: said }] }),
  );
  await idOf(respond({ conversation }));
  const { text } = await ask('GET', `/v1/conversations/${conversation}/items`);
  const item = (JSON.parse(text) as { data: { id: string }[] }).data[0]?.id ?? '';
  await ask(
    'POST',
    '/v1/chat/completions',
    chat('labs/open', { messages: [{ role: 'user', content: said }] }),
    {
      'x-session-id': 'the-same-session',
    },
  );
  return { response, background, conversation, item };
}

type Left = Awaited<ReturnType<typeof leave>>;

/** Each way to what is another's, by its ids. */
function ways(ask: Ask, { response, background, conversation, item }: Left) {
  const respond = (more: object) => () =>
    ask('POST', '/v1/responses', { model: 'labs/open', input: 'Repeat', ...more });
  const run = response.replace('resp_', 'run_');
  return {
    'reads a response': () => ask('GET', `/v1/responses/${response}`),
    'reads its input': () => ask('GET', `/v1/responses/${response}/input_items`),
    'follows it': () => ask('GET', `/v1/responses/${response}?stream=true&starting_after=0`),
    'without the prefix': () => ask('GET', `/responses/${response}`),
    'in another case': () => ask('GET', `/v1/responses/${response.toUpperCase()}`),
    'reads one in the background': () => ask('GET', `/v1/responses/${background}`),
    'ends one in the background': () => ask('POST', `/v1/responses/${background}/cancel`),
    'goes on with a response': respond({ previous_response_id: response }),
    'goes on with a conversation': respond({ conversation }),
    'goes on with an object': respond({ conversation: { id: conversation } }),
    'refers to an item': respond({ input: [{ type: 'item_reference', id: item }] }),
    'reads a conversation': () => ask('GET', `/v1/conversations/${conversation}`),
    'reads its items': () => ask('GET', `/v1/conversations/${conversation}/items`),
    'reads an item': () => ask('GET', `/v1/conversations/${conversation}/items/${item}`),
    'adds to it': () =>
      ask('POST', `/v1/conversations/${conversation}/items`, {
        items: [{ type: 'message', role: 'user', content: 'planted' }],
      }),
    'changes it': () => ask('POST', `/v1/conversations/${conversation}`, { metadata: { a: 'b' } }),
    'deletes an item': () => ask('DELETE', `/v1/conversations/${conversation}/items/${item}`),
    'deletes a conversation': () => ask('DELETE', `/v1/conversations/${conversation}`),
    'deletes a response': () => ask('DELETE', `/v1/responses/${response}`),
    'lists what waits of its run': () => ask('GET', `/v1/runs/${run}/approvals`),
    'answers for its run': () => ask('POST', `/v1/runs/${run}/approvals/apr_1`, { approve: true }),
  };
}

/** Those who are not the owner, the same key for another user and after its replacement among them. */
const others = {
  caller: [
    { who: 'other' },
    { who: 'operator' },
    { who: 'scoped' },
    { who: 'admin' },
    { who: 'ui', user: 'ann' },
  ],
  ui: [
    { who: 'ui', user: 'bob' },
    { who: 'ui' },
    { who: 'ui', user: 'ANN' },
    { who: 'other', user: 'ann' },
    { who: 'admin', user: 'ann' },
  ],
} as const satisfies Record<string, readonly Somebody[]>;

const owners: readonly (readonly [Somebody, readonly Somebody[]])[] = [
  [{ who: 'caller' }, others.caller],
  [{ who: 'ui', user: 'ann' }, others.ui],
];

/** A refusal that tells there is something is told apart from one of what is not there. */
async function tellsApart(ask: Ask, left: Left): Promise<boolean> {
  const none = { ...left, response: `resp_${'0'.repeat(left.response.length - 5)}` };
  const [there, missing] = [
    await ask('GET', `/v1/responses/${left.response}`),
    await ask('GET', `/v1/responses/${none.response}`),
  ];
  const same = (text: string) => text.replaceAll(/(resp|req)_\w+/g, '*');
  return there.status !== missing.status || same(there.text) !== same(missing.text);
}

export const ownership: Attack = {
  title: 'another key, an admin, or another user of the same key reaches what somebody left here',
  languages: ['node'],
  async attempt(_language, victim) {
    const world = await enter(victim);
    const open: string[] = [];
    let attempts = 0;
    for (const [owner, strangers] of owners) {
      const own = asking(world, owner);
      const left = await leave(own);
      for (const stranger of strangers) {
        const name = `${stranger.who} ${'user' in stranger ? stranger.user : ''}`;
        const ask = asking(world, stranger);
        const all = ways(ask, left);
        attempts += Object.keys(all).length + 2;
        open.push(...(await notRefused(all, [400, 403, 404])).map((one) => `${name} ${one}`));
        if (await tellsApart(ask, left)) open.push(`${name} learns that it is there`);
        const session = await ask('POST', '/v1/chat/completions', chat('labs/open'), {
          'x-session-id': 'the-same-session',
        });
        if (session.text.includes(said)) open.push(`${name} reads the session`);
      }
      const still = await own('GET', `/v1/conversations/${left.conversation}/items`);
      if (!still.text.includes(said) || still.text.includes('planted')) open.push('it was changed');
    }
    return told(open, attempts);
  },
};

export const afterwards: Attack = {
  title: 'what was deleted, or was of a key that was replaced, is read, followed or deleted again',
  languages: ['node'],
  async attempt(_language, victim) {
    const world = await enter(victim);
    const own = asking(world, { who: 'caller' });
    const left = await leave(own);
    await own('DELETE', `/v1/responses/${left.response}`);
    await own('DELETE', `/v1/responses/${left.background}`);
    await own('DELETE', `/v1/conversations/${left.conversation}`);
    const open = await notRefused(ways(own, left), [400, 404]);
    const { gateway } = world;
    const old = await newKey(gateway, { role: 'caller', namespaces: ['labs'] });
    const asOf =
      (key: string): Ask =>
      async (method, path, body) => {
        const answer = await gateway.fetch(path, {
          method,
          key,
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        return { status: answer.status, text: await answer.text(), cookie: '' };
      };
    const before = await leave(asOf(old.key));
    const rotated = await gateway.fetch(`/security/keys/${old.id}/rotate`, { method: 'POST' });
    const next = (await rotated.json()) as { key: string };
    const of = await notRefused(ways(asOf(next.key), before), [400, 404]);
    open.push(...of.map((one) => `the new key ${one}`));
    const circles = await notRefused(
      {
        'an id of its own': () =>
          own('POST', '/v1/responses', {
            model: 'labs/open',
            input: 'x',
            id: 'resp_mine',
            previous_response_id: 'resp_mine',
          }),
        'both at once': async () => {
          const more = await leave(own);
          return own('POST', '/v1/responses', {
            model: 'labs/open',
            input: 'x',
            previous_response_id: more.response,
            conversation: more.conversation,
          });
        },
      },
      [400, 404],
    );
    open.push(...circles);
    return told(open, 2 * Object.keys(ways(own, left)).length + 2);
  },
};

/** Answers that are given again: only to the same caller, for the same request. */
export const repeats: Attack = {
  title: 'a caller is given the answer of another by the same key of a repeat, id or body',
  languages: ['node'],
  async attempt(_language, victim) {
    const world = await enter(victim);
    const body = chat('labs/open', { messages: [{ role: 'user', content: said }] });
    const ids = {
      'idempotency-key': 'the-same-key',
      'x-request-id': 'same',
      'x-client-request-id': 'same',
    };
    const people: readonly Somebody[] = [
      { who: 'caller' },
      { who: 'other' },
      { who: 'admin' },
      { who: 'ui', user: 'ann' },
      { who: 'ui', user: 'bob' },
      { who: 'ui' },
    ];
    const idOf = async (ask: Ask, sent: unknown = body, path = '/v1/chat/completions') => {
      const { status, text } = await ask('POST', path, sent, ids);
      return status === 200 ? (JSON.parse(text) as { id: string }).id : String(status);
    };
    const atOnce = await Promise.all(people.map((somebody) => idOf(asking(world, somebody))));
    const again = [];
    for (const somebody of people) again.push(await idOf(asking(world, somebody)));
    const open = [...new Set(atOnce)].length === people.length ? [] : ['two got one answer'];
    if (again.join() !== atOnce.join()) open.push('a repeat was run again');
    const own = asking(world, { who: 'caller' });
    const other = await idOf(own, chat('labs/teller'));
    const elsewhere = await idOf(own, { model: 'labs/open', input: said }, '/v1/responses');
    if (atOnce.includes(other) || atOnce.includes(elsewhere)) open.push('another request got it');
    const { status, text } = await asking(world, { who: 'other' })(
      'POST',
      '/v1/chat/completions',
      { ...body, user: 'caller' },
      ids,
    );
    if (status === 200 && text.includes(atOnce[0] ?? '')) open.push('by the user of the body');
    return told(open, people.length * 2 + 3);
  },
};
