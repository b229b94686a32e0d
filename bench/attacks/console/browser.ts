import { ask, type Headers, json } from '../ask.ts';
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
