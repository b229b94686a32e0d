import { DatabaseSync } from 'node:sqlite';
import { type Attack, type AttackGroup, told } from '../attack.ts';
import { until } from '../until.ts';
import type { Victim } from '../victim.ts';
import { listens } from './listens.ts';

/** Conditions that cannot be answered of most requests; each stands in a rule that denies one agent. */
const conditions = {
  missing: 'context.metadata.level == "low"',
  number: 'int(context.metadata["level"]) > 3',
  zero: '1 / (context.weekday - context.weekday) == 1',
  index: 'context.metadata[context.user] == "x"',
};

const rules = Object.entries(conditions)
  .map(
    ([name, when]) =>
      `    - { id: ${name}, effect: deny, action: run_agent, principals: ["*"], resources: ["labs/${name}"], when: '${when}' }\n`,
  )
  .join('');

const settings = `security:
  rules:
    - { id: never, effect: deny, action: run_agent, principals: ["role:caller"], resources: ["labs/never"] }
${rules}`;

const agent = "export const agent = { run: () => 'SERVED' };\n";

const begin = (victim: Victim) =>
  victim.start({
    files: {
      'gateway.yaml': settings,
      ...Object.fromEntries(
        ['free', 'never', ...Object.keys(conditions)].map((name) => [
          `src/agents/labs/${name[0]?.toUpperCase()}${name.slice(1)}/agent.ts`,
          agent,
        ]),
      ),
    },
    keys: { caller: ['--role', 'caller'], budgeted: ['--role', 'caller', '--tokens-per-day', '9'] },
  });

/** Texts that no policy can be made of, or none that says what was said before. */
const broken = [
  'security: {{{',
  'security: { rules: [{ id: x }] }\n',
  "security:\n  rules:\n    - { id: x, effect: deny, action: run_agent, principals: ['*'], resources: ['*'], when: 'nothing.of this' }\n",
  'security: { rulez: [] }\n',
  'a: &a [*a]\n',
  '!!js/function "function(){}"\n',
  '- 1\n- 2\n',
  '\u0000\u0001',
  `security: { rules: ${'['.repeat(500)}${']'.repeat(500)} }\n`,
  `x: &x [y, y]\nz: [${'*x, '.repeat(50)}]\n`,
];

const failing: Attack = {
  title: 'a rule that cannot be answered, or settings that cannot be read, let somebody in',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await begin(victim);
    const key = gateway.keys.caller ?? '';
    const open: string[] = [];
    const isServed = async (name: string, body: object = {}) =>
      (await gateway.ask(`labs/${name}`, { key, body })).text.includes('SERVED');
    if (!(await until(() => isServed('free')))) open.push('nothing is served');
    const bodies = [{}, { user: 'none' }, { metadata: { level: 'x' } }, { user: '\u0000' }];
    for (const name of Object.keys(conditions)) {
      for (const body of name === 'number' ? bodies : bodies.slice(0, 2)) {
        if (await isServed(name, body)) open.push(`${name} ${JSON.stringify(body)}`);
      }
    }
    for (const text of broken) {
      gateway.project.write('gateway.yaml', text);
      const answer = await gateway.fetch('/security/refresh', { method: 'POST', body: '{}' });
      const { kept } = (await answer.json()) as { kept?: boolean };
      const isDenied = !(await isServed('never'));
      if (!isDenied) open.push(`${text.slice(0, 30)} (kept: ${kept})`);
    }
    gateway.project.write('gateway.yaml', settings);
    return told(open, 10 + broken.length);
  },
};

const held: Attack = {
  title: 'a store that is locked lets in a stranger, a key without budget or what is denied',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await begin(victim);
    const open: string[] = [];
    const key = gateway.keys.caller ?? '';
    const served = () => gateway.ask('labs/free', { key });
    if (!(await until(async () => (await served()).text.includes('SERVED')))) {
      open.push('nothing is served');
    }
    const made = await gateway.fetch('/security/keys', {
      method: 'POST',
      body: JSON.stringify({ role: 'caller' }),
    });
    const revoked = (await made.json()) as { id: string; key: string };
    await gateway.fetch(`/security/keys/${revoked.id}`, { method: 'DELETE' });
    const store = new DatabaseSync(`${gateway.project.root}/.dropgate/gateway.db`);
    store.exec('PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE');
    try {
      const signal = () => AbortSignal.timeout(8000);
      const status = async (path: string, init: RequestInit & { key?: string }) =>
        (await gateway.fetch(path, { ...init, signal: signal() }).catch(() => null))?.status ?? 0;
      const chat = (model: string) => ({
        method: 'POST',
        body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }] }),
      });
      const tries = {
        'a stranger': status('/v1/models', { key: `dg_${'A'.repeat(43)}` }),
        nobody: status('/v1/models', { key: '' }),
        'a revoked key': status('/v1/models', { key: revoked.key }),
        'what is denied': status('/v1/chat/completions', { ...chat('labs/never'), key }),
        'a caller as an admin': status('/security/keys', { key }),
      };
      for (const [name, answered] of Object.entries(tries)) {
        if ((await answered) === 200) open.push(name);
      }
    } finally {
      store.exec('ROLLBACK');
      store.close();
    }
    if (!(await until(async () => (await served()).text.includes('SERVED')))) {
      open.push('nothing is served afterwards');
    }
    return told(open, 6);
  },
};

const exposed: Attack = {
  title: 'a gateway listens to everybody without a key, or has one that everybody knows',
  languages: ['node'],
  async attempt(_language, victim) {
    const open: string[] = [];
    const { root } = victim.project({ 'src/agents/Free/agent.ts': agent });
    const tried = [
      ['start', { GATEWAY_HOST: '0.0.0.0' }],
      ['start', { GATEWAY_HOST: '::' }],
      ['start', { GATEWAY_HOST: '::ffff:0.0.0.0' }],
      ['dev', { GATEWAY_HOST: '0.0.0.0' }],
      ['dev', { GATEWAY_HOST: '::' }],
    ] as const;
    for (const [command, env] of tried) {
      if (await listens(root, command, env)) open.push(`${command} at ${env.GATEWAY_HOST}`);
    }
    const gateway = await begin(victim);
    const guesses = [
      'admin',
      'dropgate',
      'password',
      'changeme',
      'test',
      'sk-1234',
      'dg_admin',
      'secret',
    ];
    for (const guess of guesses) {
      const { status } = await gateway.fetch('/v1/models', { key: guess });
      if (status !== 401) open.push(`the key ${guess}`);
    }
    return told(open, tried.length + guesses.length);
  },
};

/** When something cannot be told, or was never said. */
export const failingRules: AttackGroup = {
  heading: 'What fails, and what is left open',
  attacks: [failing, held, exposed],
};
