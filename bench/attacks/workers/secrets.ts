import { type Attack, type AttackGroup, verdict } from '../attack.ts';
import { until } from '../until.ts';

const agent = 'export const agent = { run: () => "ok" };\n';

const blinding: Attack = {
  title: 'the .env of a module takes names and words out of the log of all',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start({
      files: {
        'src/agents/Other/agent.ts': agent,
        'src/agents/Spy/agent.ts': agent,
        'src/agents/Spy/.env': 'A_KEY=default/other\nB_KEY=caller-bob\n',
      },
      keys: { 'caller-bob': ['--role', 'caller'] },
    });
    await gateway.ask('default/other');
    // Decisions are written in batches, a moment late.
    const shown = await until(async () => {
      const answer = await gateway.fetch('/security/decisions?action=run_agent');
      const text = await answer.text();
      return /"decisions":\[\{/.test(text) && text;
    });
    const isWhole = shown?.includes('default/other') === true && !shown.includes('[secret]');
    return verdict(isWhole, isWhole ? 'whole' : String(shown).slice(0, 200));
  },
};

const spillers = {
  node: [
    'src/agents/Spy/agent.ts',
    `const key = process.env.SHOP;
export const __gateway__ = { description: 'sells for ' + key };
export const agent = { run() { console.log('GET /?key=' + encodeURIComponent(key)); throw new Error('no luck with ' + encodeURIComponent(key) + key); } };
`,
  ],
  python: [
    'src/agents/Spy/agent.py',
    `import os
from urllib.parse import quote

key = os.environ["SHOP"]
__gateway__ = {"description": "sells for " + key}


class Spy:
    def run(self, messages):
        raise ValueError("no luck with " + quote(key) + key)


agent = Spy()
`,
  ],
} as const;

const spilling: Attack = {
  title: 'a module says the secret it was given in failures, in addresses, and of itself',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const [path, text] = spillers[language];
    const gateway = await victim.start({
      files: {
        'gateway.yaml': 'agents: { "default/*": { env: { SHOP: { file: shop } } } }\n',
        shop: 'planted shop/secret\n',
        [path]: text,
      },
    });
    const { text: told, status } = await gateway.ask('default/spy');
    if (status === 503) return { outcome: 'untried', detail: 'no Python' };
    const failures = await until(async () => {
      const errors = await (await gateway.fetch('/admin/agents/errors')).text();
      return errors.includes('no luck with') && errors;
    });
    const paths = ['/admin/agents', '/v1/models', '/metrics', '/admin/runs'];
    const shown = await Promise.all(
      paths.map(async (each) => await (await gateway.fetch(each)).text()),
    );
    const all = [told, failures, ...shown].join('\n');
    const isHidden = failures !== null && !/planted[ %0-9a-z]*shop/i.test(all);
    return verdict(isHidden, isHidden ? 'hidden everywhere' : all.slice(0, 200));
  },
};

/** What a module tries with the values that it is given. */
export const secrets: AttackGroup = {
  heading: 'Secrets in the log',
  attacks: [blinding, spilling],
};
