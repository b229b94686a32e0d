import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { type Answer, ask, type Headers } from '../ask.ts';
import { type Attack, told } from '../attack.ts';
import { exchange } from '../wire.ts';
import { chat, enter, treasure, type World } from './world.ts';

const denied = 'vault/hidden';
const messages = '"messages":[{"role":"user","content":"Hi"}]';

/** Bodies of which a check could read `labs/open` and a run `vault/hidden`. */
const texts: Readonly<Record<string, string>> = {
  'the model twice': `{"model":"labs/open","model":"${denied}",${messages}}`,
  'the model twice, the other way': `{"model":"${denied}","model":"labs/open",${messages}}`,
  'the model in escapes': `{"model":"labs/open","mod\\u0065l":"${denied}",${messages}}`,
  'another case': `{"model":"labs/open","Model":"${denied}",${messages}}`,
  'a prototype': `{"__proto__":{"model":"${denied}"},${messages}}`,
  'a constructor': `{"constructor":{"prototype":{"model":"${denied}"}},${messages}}`,
  'a list of models': `{"model":["labs/open","${denied}"],${messages}}`,
  'a model that is an object': `{"model":{"toString":"${denied}"},${messages}}`,
  'a batch': `[{"model":"labs/open",${messages}},{"model":"${denied}",${messages}}]`,
  requests: `{"model":"labs/open",${messages},"requests":[{"model":"${denied}",${messages}}]}`,
  'two bodies': `{"model":"labs/open",${messages}}{"model":"${denied}",${messages}}`,
  'two lines': `{"model":"labs/open",${messages}}\n{"model":"${denied}",${messages}}`,
  'a body within': `{"model":"labs/open","body":{"model":"${denied}"},"extra_body":{"model":"${denied}"},${messages}}`,
  'a fallback': `{"model":"labs/open","models":["${denied}"],"fallbacks":["${denied}"],"route":"fallback",${messages}}`,
  'metadata of a gateway': `{"model":"labs/open","metadata":{"model":"${denied}","agent":"${denied}","namespace":"vault"},${messages}}`,
  'an agent': `{"model":"labs/open","agent":"${denied}","agent_id":"${denied}","user":"admin","role":"admin",${messages}}`,
};

/** Names that could come to mean `vault/hidden` once they were checked. */
const names = [
  'VAULT/HIDDEN',
  'vault/hidden ',
  ' vault/hidden',
  'vault/hidden\u0000',
  'labs/open\u0000/../../vault/hidden',
  'labs/../vault/hidden',
  'labs/open/../../vault/hidden',
  './vault/hidden',
  '/vault/hidden',
  'vault//hidden',
  'vault\\hidden',
  'vault%2fhidden',
  'vault%2Fhidden',
  'vault\uFF0Fhidden',
  'vault/hi\u200Bdden',
  'vault/h\u0131dden',
  'hidden',
  'HIDDEN',
  'vault.hidden',
  'vault:hidden',
  'agent:vault/hidden',
  'openai/vault/hidden',
  'labs/hidden',
  '*',
  'vault/*',
  '*/hidden',
  'labs/open,vault/hidden',
  'labs/open vault/hidden',
  'ft:vault/hidden',
];

/** Tools that a caller sends, which could lead back to here or to another server. */
const tools = (url: string) => [
  { type: 'mcp', server_label: 'dropgate', server_url: `${url}/v1`, require_approval: 'never' },
  { type: 'mcp', server_label: denied, server_url: url, headers: { authorization: 'x' } },
  { type: 'mcp', server_label: 'stdio', command: 'touch', args: ['/tmp/planted'] },
  { type: 'function', name: denied, parameters: {}, function: { name: denied, parameters: {} } },
  { type: 'agent', agent: denied, model: denied },
  { type: 'web_search' },
];

async function whatIsSent(world: World): Promise<readonly [name: string, text: string][]> {
  const { as, gateway } = world;
  const sent: [string, Promise<Answer>][] = [];
  const post = (name: string, body: unknown, more: { path?: string; headers?: Headers } = {}) => {
    const { path = '/v1/chat/completions', headers = {} } = more;
    sent.push([name, as('caller', 'POST', path, { body, headers })]);
  };
  for (const [name, text] of Object.entries(texts)) {
    post(name, text);
    post(`${name}, as a response`, text.replace(messages, '"input":"Hi"'), {
      path: '/v1/responses',
    });
  }
  for (const name of names) {
    post(`the name ${name}`, chat(name));
    post(`the name ${name} of a response`, { model: name, input: 'Hi' }, { path: '/v1/responses' });
    sent.push([
      `the model ${name}`,
      as('caller', 'GET', `/v1/models/${encodeURIComponent(name).replaceAll('%2F', '/')}`),
    ]);
  }
  for (const tool of tools(gateway.url)) {
    post(`the tool ${tool.type}`, chat('labs/open', { tools: [tool], tool_choice: 'required' }));
    post(
      `the tool ${tool.type} of a response`,
      { model: 'labs/open', input: 'Hi', tools: [tool], tool_choice: 'required' },
      { path: '/v1/responses' },
    );
  }
  post('a query', chat('labs/open'), { path: `/v1/chat/completions?model=${denied}` });
  const heads = [
    'x-model',
    'x-agent',
    'x-agent-id',
    'x-namespace',
    'openai-model',
    'x-dropgate-agent',
  ];
  for (const name of heads)
    post(`the header ${name}`, chat('labs/open'), { headers: { [name]: denied } });
  for (const path of [
    '/v1/batches',
    '/v1/completions',
    '/v1/files',
    '/v1/threads/runs',
    '/v1/assistants',
  ]) {
    post(`the path ${path}`, chat(denied), { path });
  }
  return Promise.all(
    sent.map(async ([name, answer]) => [name, (await answer).text] as [string, string]),
  );
}

export const readTwice: Attack = {
  title: 'a body or a name is read in one way by the check and in another by the run',
  languages: ['node'],
  async attempt(_language, victim) {
    const world = await enter(victim);
    const seen = await whatIsSent(world);
    const open = seen.flatMap(([name, text]) => (text.includes(treasure) ? [name] : []));
    const control = await world.as('admin', 'POST', '/v1/chat/completions', { body: chat(denied) });
    if (!control.text.includes(treasure)) open.push('nobody reaches it');
    return told(open, seen.length);
  },
};

/** Encodings, lengths and types in which a body is another one than it seems to be. */
export const packed: Attack = {
  title: 'a body that is packed, cut, of another encoding or longer than it says is run',
  languages: ['node'],
  async attempt(_language, victim) {
    const { gateway, keys } = await enter(victim);
    const text = JSON.stringify(chat('labs/open'));
    const open: string[] = [];
    const bodies: [string, Headers, Buffer][] = [
      ['gzip', { 'content-encoding': 'gzip' }, gzipSync(text)],
      ['deflate', { 'content-encoding': 'deflate' }, deflateSync(text)],
      ['brotli', { 'content-encoding': 'br' }, brotliCompressSync(text)],
      ['gzip that is none', { 'content-encoding': 'gzip' }, Buffer.from(text)],
      ['identity and gzip', { 'content-encoding': 'identity, gzip' }, Buffer.from(text)],
      [
        'UTF-16',
        { 'content-type': 'application/json; charset=utf-16le' },
        Buffer.from(text, 'utf16le'),
      ],
      ['UTF-7', { 'content-type': 'application/json; charset=utf-7' }, Buffer.from(text)],
      ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, Buffer.from(text)],
      ['parts', { 'content-type': 'multipart/form-data; boundary=x' }, Buffer.from(text)],
      ['text', { 'content-type': 'text/plain' }, Buffer.from(text)],
      ['XML', { 'content-type': 'application/xml' }, Buffer.from(text)],
    ];
    for (const [name, headers, body] of bodies) {
      const { status } = await ask(gateway, '/v1/chat/completions', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${keys.caller}`,
          ...headers,
        },
        body: body as unknown as string,
      });
      // What is read as it stands is fine; what is run although it says to be something else is not.
      if (status === 200 && name !== 'UTF-7') open.push(name);
      if (status >= 500) open.push(`${name}: ${status}`);
    }
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${keys.caller}\r\ncontent-type: application/json\r\n`;
    const cut = {
      'shorter than it says': `${head}content-length: ${text.length + 10}\r\n\r\n${text}`,
      'longer than it says': `${head}content-length: ${text.length - 10}\r\n\r\n${text}`,
      'cut between two values': `${head}content-length: 22\r\n\r\n${text}`,
      'chunks that do not end': `${head}transfer-encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n`,
    };
    for (const [name, bytes] of Object.entries(cut)) {
      if ((await exchange(gateway.url, bytes)).startsWith('HTTP/1.1 200')) open.push(name);
    }
    return told(open, bodies.length + Object.keys(cut).length);
  },
};
