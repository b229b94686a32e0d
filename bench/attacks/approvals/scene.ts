import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Answer, ask, type Headers, json } from '../ask.ts';
import type { Attack, Language, Verdict } from '../attack.ts';
import { parrot } from '../parrot.ts';
import { until } from '../until.ts';
import type { Victim, VictimGateway, VictimOptions } from '../victim.ts';

const fixtures = resolve(import.meta.dirname, '../../../packages/gateway/test/fixtures/both');
const source = (ending: string) => readFileSync(`${fixtures}/vault.${ending}`, 'utf8');

/** `erase` asks whoever called; `look` an operator, by a rule. */
const options: VictimOptions = {
  files: {
    'gateway.yaml': `security:
  rules:
    - { id: looks, effect: require_approval, action: call_tool, principals: ["*"], resources: [look], approvers: ["role:operator"] }
`,
    'src/agents/Vaultnode/agent.ts': source('ts'),
    'src/agents/Vaultpython/agent.py': source('py'),
  },
  keys: {
    caller: ['--role', 'caller'],
    other: ['--role', 'caller'],
    elsewhere: ['--role', 'operator', '--namespaces', 'labs'],
    ui: ['--role', 'caller', '--forwards-users'],
  },
  upstream: parrot,
};

export type Message = { readonly role: string; readonly content: string };

/** A call that waits: its ids, the code in a chat, and the question as it was put. */
export type Asked = {
  readonly thing: string;
  readonly run: string;
  readonly id: string;
  readonly code: string;
  readonly text: string;
  readonly history: readonly Message[];
};

export type Scene = {
  readonly gateway: VictimGateway;
  readonly model: string;
  readonly send: (
    key: string,
    method: string,
    path: string,
    sent?: { readonly body?: unknown; readonly headers?: Headers },
  ) => Promise<Answer>;
  /** The answer to a chat: its text, and the run. */
  readonly say: (
    key: string,
    messages: readonly Message[],
    headers?: Headers,
  ) => Promise<{ readonly text: string; readonly run: string }>;
  /** Has the agent ask for a call, as somebody. */
  readonly asked: (
    key: string,
    thing: string,
    more?: { readonly tool?: string; readonly headers?: Headers },
  ) => Promise<Asked>;
  /** How often a thing was erased. */
  readonly erased: (thing: string) => number;
};

export const user = (content: string): Message => ({ role: 'user', content });

/** An attack in both languages, at the gateway that they share. */
export const attack = (title: string, attempt: (scene: Scene) => Promise<Verdict>): Attack => ({
  title,
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const scene = await enter(victim, language);
    return scene ? attempt(scene) : { outcome: 'untried', detail: 'no Python with the SDK' };
  },
});

/** The gateway that attacks on approvals share; null where the agent does not load. */
async function enter(victim: Victim, language: Language): Promise<Scene | null> {
  const gateway = await victim.shared(options);
  const model = `default/vault${language}`;
  const loaded = await until(async () => {
    const { status } = await gateway.fetch(`/v1/models/${model}`);
    const { text } = await ask(gateway, '/admin/agents', {
      headers: { authorization: `Bearer ${gateway.keys.admin}` },
    });
    return (status === 200 || text.includes('python_missing')) && { isThere: status === 200 };
  });
  if (!loaded?.isThere) return null;
  const send: Scene['send'] = (key, method, path, { body, headers = {} } = {}) =>
    ask(gateway, path, {
      method,
      headers: { ...json, authorization: `Bearer ${gateway.keys[key]}`, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const say: Scene['say'] = async (key, messages, headers = {}) => {
    const sent = { body: { model, messages }, headers };
    const { status, text } = await send(key, 'POST', '/v1/chat/completions', sent);
    if (status !== 200) return { text, run: '' };
    const { id, choices } = JSON.parse(text) as {
      id: string;
      choices: [{ message: { content: string } }];
    };
    return { text: choices[0].message.content, run: id.replace('chatcmpl-', 'run_') };
  };
  return {
    gateway,
    model,
    send,
    say,
    async asked(key, named, { tool = 'erase', headers = {} } = {}) {
      // The log is that of both languages.
      const thing = language === 'node' ? named : `${named}-py`;
      const args = encodeURIComponent(JSON.stringify({ thing }));
      const first = [user(`call ${tool} ${args} now`)];
      const { text, run } = await say(key, first, headers);
      const listed = await send(key, 'GET', `/v1/runs/${run}/approvals`, { headers });
      const id = /"id":"(apr_\w+)"/.exec(listed.text)?.[1] ?? '';
      if (id === '') throw new Error(`Nothing was asked: ${text} ${listed.text}`);
      const code = /`approve ([0-9A-Z]{4}-[0-9A-Z]{4})`/.exec(text)?.[1] ?? '';
      return {
        thing,
        run,
        id,
        code,
        text,
        history: [...first, { role: 'assistant', content: text }],
      };
    },
    erased: (thing) => gateway.log().split(`erasing ${thing}"`).length - 1,
  };
}
