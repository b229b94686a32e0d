import { request } from 'node:http';
import { verdict } from '../attack.ts';
import type { VictimGateway, VictimOptions } from '../victim.ts';

const echo = "export const agent = { run: () => 'served' };\n";

/** Operators may read runs: what keeps them from those of other agents are their scopes. */
const settings = `console: { enabled: true }
security:
  rules:
    - { id: read, effect: allow, action: read_runs, principals: ["role:operator"], resources: ["*"] }
`;

/** A console that is on, an agent of each of two namespaces, and an operator of one. */
export const project = {
  files: {
    'gateway.yaml': settings,
    'src/agents/labs/Open/agent.ts': echo,
    'src/agents/vault/Hidden/agent.ts': echo,
  },
  keys: {
    operator: ['--role', 'operator', '--namespaces', 'labs'],
    caller: ['--role', 'caller', '--namespaces', 'labs'],
  },
} satisfies VictimOptions;

/** By their name; several of one name as a list. */
export type Headers = Readonly<Record<string, string | readonly string[]>>;

/** `cookie`: the first that is set, without its attributes. */
export type Answer = { readonly status: number; readonly text: string; readonly cookie: string };

/** Asks with headers as they are: `fetch` lets nobody choose `Host`, `Origin` and their like. */
export function ask(
  { url }: Pick<VictimGateway, 'url'>,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { readonly method?: string; readonly headers?: Headers; readonly body?: string } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const given = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : [...value],
    ]),
  );
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers: given }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      answer.once('error', reject);
      answer.once('end', () => {
        const [cookie = ''] = (answer.headers['set-cookie']?.[0] ?? '').split(';');
        resolve({ status: answer.statusCode ?? 0, text, cookie });
      });
    });
    sent.once('error', reject).end(body);
  });
}

/** What a body is. */
export const json = { 'content-type': 'application/json' };

/** Asks for a login, with a key or the code of a link. */
export const logIn = (gateway: VictimGateway, given: object, headers: Headers = {}) =>
  ask(gateway, '/console/session', {
    method: 'POST',
    headers: { ...json, ...headers },
    body: JSON.stringify(given),
  });

/** A login of a key: its cookie, and what its pages send to change something. */
export async function login(gateway: VictimGateway, key = gateway.keys.admin ?? '') {
  const { status, text, cookie } = await logIn(gateway, { key });
  if (status !== 200) throw new Error(`The login was answered ${status}: ${text}`);
  return { cookie, token: (JSON.parse(text) as { csrf_token: string }).csrf_token };
}

/** What each attempt got, where that was not refused. */
export async function notRefused(
  attempts: Readonly<Record<string, () => Promise<Answer>>>,
  refused: readonly number[],
): Promise<string[]> {
  const broken: string[] = [];
  for (const [name, attempt] of Object.entries(attempts)) {
    const { status } = await attempt();
    if (!refused.includes(status)) broken.push(`${name}: ${status}`);
  }
  return broken;
}

/** `held` where nothing is broken. */
export function told(broken: readonly string[], count: number) {
  return verdict(broken.length === 0, broken.join(', ') || `${count} attempts refused`);
}
