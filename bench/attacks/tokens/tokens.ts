import { setTimeout as wait } from 'node:timers/promises';
import { type Attack, type AttackGroup, told } from '../attack.ts';
import type { Victim } from '../victim.ts';
import { newKeyPair, signed, startProvider } from './issuer.ts';
import { forged, misplaced, type Scene } from './made-up.ts';

const settings = (url: string) => `auth:
  jwt:
    - name: corp
      issuer: ${url}/corp
      audience: dropgate
      jwks_url: ${url}/corp/jwks
      allow_addresses: [127.0.0.1]
      role: { claim: groups, map: { staff: caller, bosses: admin } }
    - name: partner
      issuer: ${url}/partner
      audience: dropgate-partner
      jwks_url: ${url}/partner/jwks
      allow_addresses: [127.0.0.1]
      role: caller
security:
  rules:
    - { id: no-bob, effect: deny, action: run_agent, principals: ["oidc:corp:bob"], resources: ["*"] }
`;

async function withScene<Result>(
  victim: Victim,
  attack: (scene: Scene) => Promise<Result>,
): Promise<Result> {
  const provider = await startProvider();
  try {
    const [corp, partner] = [newKeyPair('corp-1'), newKeyPair('partner-1')];
    provider.published.set('/corp/jwks', [corp]).set('/partner/jwks', [partner]);
    const gateway = await victim.start({
      files: {
        'gateway.yaml': settings(provider.url),
        'src/agents/Who/agent.ts':
          'export const agent = { run: ({ context }) => JSON.stringify(context.key) };\n',
      },
    });
    const claims: Scene['claims'] = (more = {}, of = 'corp') => ({
      iss: `${provider.url}/${of}`,
      aud: of === 'corp' ? 'dropgate' : 'dropgate-partner',
      sub: 'alice',
      groups: ['staff'],
      exp: Math.floor(Date.now() / 1000) + 600,
      ...more,
    });
    const ask: Scene['ask'] = async (token, path = '/security/whoami') => {
      const answer = await gateway.fetch(path, { key: token });
      return { status: answer.status, text: await answer.text() };
    };
    return await attack({ gateway, provider, corp, partner, claims, ask });
  } finally {
    provider.close();
  }
}

const forgeries: Attack = {
  title: 'a token that nobody signed, or by a key that the token itself brings, is taken',
  languages: ['node'],
  attempt: (_language, victim) =>
    withScene(victim, async (scene) => {
      const open: string[] = [];
      const control = await scene.ask(signed(scene.corp, scene.claims()));
      if (!control.text.includes('oidc:corp:alice')) open.push('a good one is refused');
      const tokens = forged(scene);
      for (const [name, token] of Object.entries(tokens)) {
        const { status } = await scene.ask(token);
        if (status !== 401 && status !== 400) open.push(`${name}: ${status}`);
      }
      if (scene.provider.asked.includes('/evil/jwks')) open.push('keys of a token’s own are read');
      return told(open, Object.keys(tokens).length + 1);
    }),
};

/** Subjects and claims that mean something else than they say. */
const claimsThatGrow: Readonly<Record<string, object>> = {
  'groups in one text': { groups: 'staff bosses' },
  'groups in an object': { groups: { bosses: true } },
  'groups nested': { groups: [['bosses']] },
  'groups with a space': { groups: ['bosses '] },
  'groups in other letters': { groups: ['BOSSES', 'b\u043Esses', 'ｂosses'] },
  'a group of a prototype': { groups: ['__proto__', 'constructor', 'toString'] },
  'a role of its own': { role: 'admin', roles: ['admin'], namespaces: null },
  'the id of a key': { sub: 'local_cli' },
  'a subject that is a principal': { sub: 'x:oidc:corp:boss' },
  'a subject that is all': { sub: '*' },
};

const claimed: Attack = {
  title: 'a token of another time, service, issuer or person is taken for one of these',
  languages: ['node'],
  attempt: (_language, victim) =>
    withScene(victim, async (scene) => {
      const { ask, claims, corp, partner } = scene;
      const open: string[] = [];
      const tokens = misplaced(scene);
      for (const [name, token] of Object.entries(tokens)) {
        const { status } = await ask(token);
        if (status !== 401) open.push(`${name}: ${status}`);
      }
      for (const [name, more] of Object.entries(claimsThatGrow)) {
        const { status } = await ask(signed(corp, claims(more)), '/security/keys');
        if (![401, 403].includes(status)) open.push(`${name}: ${status}`);
      }
      const boss = await ask(signed(corp, claims({ groups: ['bosses'] })), '/security/keys');
      if (boss.status !== 200) open.push('a boss is refused');
      const guest = signed(partner, claims({ groups: ['bosses'] }, 'partner'));
      if ((await ask(guest, '/security/keys')).status !== 403) open.push('a guest is a boss');
      // To whoever reads rules, two subjects that look the same are not the same; a denied one stays denied.
      const bobs = ['bob', 'bob\u0000', 'bo\u0062', ' bob', 'bob ', 'b\u200Bob', 'BOB', 'b\u043Eb'];
      const principals = new Set<string>();
      for (const sub of bobs) {
        const { text } = await ask(signed(corp, claims({ sub })));
        principals.add((JSON.parse(text) as { id: string }).id);
      }
      const body = JSON.stringify({ model: 'who', messages: [{ role: 'user', content: 'Hi' }] });
      const denied = await scene.gateway.fetch('/v1/chat/completions', {
        method: 'POST',
        key: signed(corp, claims({ sub: 'bob' })),
        body,
      });
      if (denied.ok) open.push('bob is served');
      if (principals.size !== bobs.length - 1) open.push(`${principals.size} of 7 subjects`);
      return told(
        open,
        Object.keys(tokens).length + Object.keys(claimsThatGrow).length + bobs.length + 3,
      );
    }),
};

const changing: Attack = {
  title: 'a token is good after its key was taken back, or a storm of keys makes the gateway ask',
  languages: ['node'],
  attempt: (_language, victim) =>
    withScene(victim, async ({ gateway, provider, corp, claims, ask }) => {
      const open: string[] = [];
      const token = signed(corp, claims());
      if ((await ask(token)).status !== 200) open.push('a good one is refused');
      const asked = () => provider.asked.filter((path) => path === '/corp/jwks').length;
      const before = asked();
      const storm = Array.from({ length: 200 }, (_, index) =>
        ask(signed(corp, claims({ jti: String(index) }), { kid: `unknown-${index}` })),
      );
      const statuses = (await Promise.all(storm)).map(({ status }) => status);
      if (statuses.some((status) => status === 200)) open.push('an unknown key is taken');
      if (asked() - before > 2) open.push(`the provider was asked ${asked() - before} times`);
      // While keys change, requests go on: none with the old key may be let in once the change is told of.
      const next = newKeyPair('corp-2');
      provider.published.set('/corp/jwks', [next]);
      let told401 = 0;
      const isOver = { value: false };
      const asking = Array.from({ length: 8 }, async () => {
        while (!isOver.value) {
          await ask(token);
          await wait(5);
        }
      });
      await gateway.fetch('/security/refresh', { method: 'POST', body: '{}' });
      for (let round = 0; round < 20; round += 1) {
        if ((await ask(token)).status === 401) told401 += 1;
      }
      isOver.value = true;
      await Promise.all(asking);
      if (told401 !== 20) open.push(`${20 - told401} of 20 let in by a key that was taken back`);
      if ((await ask(signed(next, claims()))).status !== 200) open.push('the new key is not taken');
      // A provider that is away lets nobody in who was not let in before.
      provider.published.delete('/corp/jwks');
      const away = await ask(signed(newKeyPair('corp-3'), claims()));
      if (away.status === 200) open.push('an unknown key is taken while nobody can say');
      return told(open, 200 + 20 + 4);
    }),
};

/** Callers with a token of an identity provider. */
export const tokens: AttackGroup = {
  heading: 'Tokens of identity providers',
  attacks: [forgeries, claimed, changing],
};
