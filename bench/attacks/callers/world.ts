import { type Answer, ask, type Headers, json } from '../ask.ts';
import type { Victim, VictimGateway, VictimOptions } from '../victim.ts';

/** What only those read who may run `vault/hidden`. */
export const treasure = 'TREASURE-OF-THE-VAULT';

/** Says all that it was sent. */
const repeats = 'export const agent = { run: ({ messages }) => JSON.stringify(messages) };\n';

const settings = `console: { enabled: true }
runs: { record: contents }
worker: { env: [UPSTREAM_SECRET] }
security:
  rules:
    - { id: read, effect: allow, action: read_runs, principals: ["role:operator"], resources: ["*"] }
    - { id: no-mallory, effect: deny, action: run_agent, principals: ["*"], resources: ["*"], when: 'principal.user == "mallory"' }
`;

/** An agent in each of two namespaces, the console, and what is kept of runs. */
const options: VictimOptions = {
  files: {
    'gateway.yaml': settings,
    'src/agents/labs/Open/agent.ts': repeats,
    'src/agents/labs/Teller/agent.ts':
      'export const agent = { run: () => JSON.stringify({ url: process.env.OPENAI_BASE_URL, token: process.env.OPENAI_API_KEY }) };\n',
    'src/agents/vault/Hidden/agent.ts': `export const agent = { run: () => '${treasure}' };\n`,
  },
  env: { UPSTREAM_SECRET: 'sk-upstream-secret-of-the-bench' },
};

const labs = { namespaces: ['labs'] };

/** Who is there, as they are made over HTTP. `ui` says for whom it asks. */
const made = {
  caller: { role: 'caller', ...labs },
  other: { role: 'caller', ...labs },
  operator: { role: 'operator', ...labs },
  scoped: { role: 'admin', ...labs, limits: { requests_per_minute: 10_000 } },
  metrics: { role: 'metrics' },
  ui: { role: 'caller', ...labs, forwards_users: true },
} as const;

export type Who = keyof typeof made | 'admin';

/** The gateway that attacks of callers share, and who is there. */
export type World = {
  readonly gateway: VictimGateway;
  readonly keys: Readonly<Record<Who, string>>;
  readonly ids: Readonly<Record<Who, string>>;
  /** A request of somebody, whose body is sent as JSON where it is no text. */
  readonly as: (who: Who, method: string, path: string, sent?: Sent) => Promise<Answer>;
};

type Sent = { readonly body?: unknown; readonly headers?: Headers };

const entered = new WeakMap<VictimGateway, Promise<World>>();

/** Starts it with the first who enters. */
export async function enter(victim: Victim): Promise<World> {
  const gateway = await victim.shared(options);
  const world = entered.get(gateway) ?? people(gateway);
  entered.set(gateway, world);
  return world;
}

async function people(gateway: VictimGateway): Promise<World> {
  const keys: Record<string, string> = { admin: gateway.keys.admin ?? '' };
  const ids: Record<string, string> = {};
  for (const [name, wanted] of Object.entries(made)) {
    const key = await newKey(gateway, { name, ...wanted });
    [keys[name], ids[name]] = [key.key, key.id];
  }
  const { keys: all } = (await (await gateway.fetch('/security/keys')).json()) as {
    keys: { id: string; name: string }[];
  };
  ids.admin = all.find(({ name }) => name === 'admin')?.id ?? '';
  const as: World['as'] = (who, method, path, { body, headers = {} } = {}) =>
    ask(gateway, path, {
      method,
      headers: { ...json, authorization: `Bearer ${keys[who]}`, ...headers },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return { gateway, keys: keys as World['keys'], ids: ids as World['ids'], as };
}

/** A key that the first admin makes. */
export async function newKey(gateway: VictimGateway, wanted: object) {
  const body = JSON.stringify(wanted);
  const answer = await gateway.fetch('/security/keys', { method: 'POST', body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`No key was made: ${answer.status} ${text}`);
  return JSON.parse(text) as { id: string; key: string };
}

/** A question to an agent, in a chat. */
export const chat = (model: unknown, more: object = {}) => ({
  model,
  messages: [{ role: 'user', content: 'Hi' }],
  ...more,
});
