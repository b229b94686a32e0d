import { ask, notRefused } from '../ask.ts';
import { type Attack, told } from '../attack.ts';
import { until } from '../until.ts';
import type { VictimGateway } from '../victim.ts';
import { login, project } from './browser.ts';

/** What an operator of one namespace learns of the agents of others. */
const otherAgents: Attack = {
  title: 'an operator of one namespace learns of agents of another by events, drafts or matrices',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start(project);
    const key = gateway.keys.operator ?? '';
    const seen = followed(gateway, key);
    await seen.begun;
    await gateway.ask('vault/hidden');
    await gateway.ask('vault/hidden', { key: gateway.keys.caller ?? '' });
    await gateway.fetch('/agents/refresh?force=1', { method: 'POST' });
    await gateway.ask('labs/open');
    await seen.until('"run_ended"');
    const post = async (path: string, body: object) => {
      const answer = await gateway.fetch(path, { method: 'POST', key, body: JSON.stringify(body) });
      return `${answer.status} ${await answer.text()}`.replaceAll(/req_\w+/g, '');
    };
    const both = async (path: string, body: (name: string) => object) => {
      const [there, none] = [await post(path, body('hidden')), await post(path, body('nobody'))];
      return there.replaceAll('hidden', '*') === none.replaceAll('nobody', '*');
    };
    const draft_rules = [
      { id: 'all', effect: 'deny', action: 'run_agent', principals: ['*'], resources: ['*'] },
    ];
    const same = {
      'tools of an agent': await both('/security/matrix', (name) => ({
        action: 'call_tool',
        agent_id: `vault/${name}`,
      })),
      columns: await both('/security/matrix', (name) => ({ agents: [`vault/${name}`] })),
      'an answer': await both('/security/preview', (name) => ({
        principal: 'role:caller',
        action: 'run_agent',
        resource: `vault/${name}`,
      })),
      'a tool': await both('/security/preview', (name) => ({
        principal: `agent:vault/${name}`,
        action: 'call_tool',
        resource: 'x',
      })),
    };
    const drafted = await post('/security/matrix', { draft_rules });
    const broken = Object.entries(same).flatMap(([name, isSame]) => (isSame ? [] : [name]));
    if (seen.text().includes('vault')) broken.push('events');
    if (drafted.includes('vault/hidden')) broken.push('a draft');
    seen.end();
    return told(broken, 6);
  },
};

/** Reads the events of a key from now on. */
function followed(gateway: VictimGateway, key: string, headers: Record<string, string> = {}) {
  const leave = new AbortController();
  let text = '';
  const answer = gateway.fetch('/admin/events', { key, headers, signal: leave.signal });
  const begun = answer.then(({ status }) => status);
  void answer
    .then(async ({ body }) => {
      const decoder = new TextDecoder();
      for await (const piece of body ?? []) {
        text += decoder.decode(piece as Uint8Array, { stream: true });
      }
    })
    .catch(() => undefined);
  return {
    begun,
    text: () => text,
    /** Waits for a word, for as long as one waits for a busy machine. */
    until: (word: string) => until(() => text.includes(word)),
    end: () => leave.abort(),
  };
}

const streams: Attack = {
  title: 'streams of one key leave none to others, and forged places are gone on from',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start(project);
    const key = gateway.keys.operator ?? '';
    const many = Array.from({ length: 80 }, () => followed(gateway, key));
    await Promise.all(many.map(({ begun }) => begun));
    const other = followed(gateway, gateway.keys.admin ?? '');
    const status = await other.begun;
    for (const each of [...many, other]) each.end();
    const broken = status === 200 ? [] : [`another key is answered ${status}`];
    for (const id of ['x', '-1', 'x-1', '0-0', `${'9'.repeat(500)}-1`, 'constructor-1']) {
      const reader = followed(gateway, gateway.keys.admin ?? '', { 'last-event-id': id });
      await reader.until('"hello"');
      if (!reader.text().includes('"missed":true')) broken.push(`goes on from ${id}`);
      reader.end();
    }
    return told(broken, 7);
  },
};

const rights: Attack = {
  title: 'a key raises its own limits, or a caller reads what the console shows admins',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start({
      ...project,
      keys: { ...project.keys, slow: ['--role', 'admin', '--requests-per-minute', '50'] },
    });
    const { keys } = (await (await gateway.fetch('/security/keys')).json()) as {
      keys: { id: string; name: string }[];
    };
    const idOf = (name: string) => keys.find((each) => each.name === name)?.id ?? '';
    const patch = (of: string, by: string, limits: object) => async () => {
      const answer = await gateway.fetch(`/security/keys/${idOf(of)}`, {
        method: 'PATCH',
        key: gateway.keys[by] ?? '',
        body: JSON.stringify({ limits }),
      });
      return { status: answer.status, text: '', cookie: '' };
    };
    const { cookie } = await login(gateway, gateway.keys.caller);
    const reads = Object.fromEntries(
      ['/admin/status', '/admin/events', '/admin/runs', '/security/audit', '/security/keys'].map(
        (path) => [`a caller reads ${path}`, () => ask(gateway, path, { headers: { cookie } })],
      ),
    );
    const attempts = {
      ...reads,
      'its own higher': patch('slow', 'slow', { requests_per_minute: 51 }),
      'its own without': patch('slow', 'slow', { requests_per_minute: null }),
      'another without': patch('caller', 'slow', { requests_per_minute: null }),
      'an operator': patch('caller', 'operator', { requests_per_minute: 5 }),
    };
    return told(await notRefused(attempts, [403]), Object.keys(attempts).length);
  },
};

const toldSecrets: Attack = {
  title: 'what is told of the gateway, of gaps and of what happens holds a secret',
  languages: ['node'],
  async attempt(_language, victim) {
    const planted = 'planted-secret-of-the-bench-7261';
    const gateway = await victim.start({ ...project, env: { SOME_API_KEY: planted } });
    const seen = followed(gateway, gateway.keys.admin ?? '');
    await seen.begun;
    await gateway.ask('labs/open', { content: planted });
    await gateway.ask(`labs/${planted}`);
    const { cookie, token } = await login(gateway);
    const key = String(gateway.keys.admin);
    await gateway.ask('labs/open');
    await seen.until('"run_ended"');
    const paths = ['/admin/status', '/security/audit', '/security/decisions', '/admin/runs'];
    const pages = await Promise.all(
      paths.map(async (path) => `${path} ${await (await gateway.fetch(path)).text()}`),
    );
    seen.end();
    const secrets = [planted, key, cookie.split('=')[1] ?? '', token];
    const broken = [...pages, `events ${seen.text()}`].flatMap((text) =>
      secrets.some((secret) => text.includes(secret)) ? [text.split(' ', 1)[0] ?? ''] : [],
    );
    return told(broken, pages.length + 1);
  },
};

/** What is tried with what the console is told. */
export const toldAttacks: readonly Attack[] = [otherAgents, streams, rights, toldSecrets];
