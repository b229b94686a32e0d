import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Attack, type AttackGroup, verdict } from '../attack.ts';
import type { VictimGateway } from '../victim.ts';

const agents = Object.fromEntries(
  Array.from({ length: 12 }, (_, index) => [
    `src/agents/labs/A${index}/agent.ts`,
    'export const agent = { run: () => "ok" };\n',
  ]),
);

/** What a caller may wait for a health check, in milliseconds; on a busy machine, so many times what it waits there anyhow. */
const bearable = { ms: 500, times: 20 };

const storm: Attack = {
  title: 'an operator of one namespace, refreshes and scrapers keep health checks waiting',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start({
      files: agents,
      keys: { operator: ['--role', 'operator', '--namespaces', 'labs'] },
    });
    for (let index = 0; index < 40; index++) {
      const body = JSON.stringify({ role: 'caller', name: `caller-${index}` });
      await gateway.fetch('/security/keys', { method: 'POST', body });
    }
    const usualMs = await usualHealth(gateway);
    const over = new AbortController();
    const health = healthUntil(gateway, over.signal);
    const draft = heavyDraft();
    const statuses = await Promise.all([
      ...many(100, () => post(gateway, '/security/preview', { body: draft, key: 'operator' })),
      ...many(100, (index) => post(gateway, `/agents/refresh?force=${index % 2}`, {})),
      ...many(50, () => statusOf(gateway.fetch('/metrics'))),
    ]);
    over.abort();
    return toldOf(await health, { statuses, usualMs });
  },
};

/** What is read at once; nothing of it is cheap where there are many agents, keys and decisions. */
const lists = [
  '/admin/agents?limit=1000',
  '/admin/agents/errors?limit=1000',
  '/admin/agents/generations?agent=labs/a0',
  '/admin/runs',
  '/admin/usage',
  '/admin/metrics',
  '/metrics',
  '/security/decisions?limit=1000',
  '/security/keys?limit=1000',
  '/security/rules',
  '/openapi.json',
];

const reading: Attack = {
  title: 'a hundred of each list, and of reading the rules again, keep health checks waiting',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start({ files: agents });
    const usualMs = await usualHealth(gateway);
    const over = new AbortController();
    const health = healthUntil(gateway, over.signal);
    const statuses = await Promise.all([
      ...lists.flatMap((path) => many(100, () => statusOf(gateway.fetch(path)))),
      ...many(100, () => post(gateway, '/security/refresh', {})),
    ]);
    over.abort();
    return toldOf(await health, { statuses, usualMs });
  },
};

/** Sends sixty drafts at once to an address, with a key, and writes the statuses down. */
const sixtyDrafts = `
const [, url, key] = process.argv;
const names = Array.from({ length: 9900 }, (_, index) => 'x'.repeat(90) + index);
const body = JSON.stringify(Object.fromEntries(names.map((name) => [name, 1])));
const headers = { authorization: 'Bearer ' + key, 'content-type': 'application/json' };
const ask = async () => (await fetch(url, { method: 'POST', headers, body })).status;
console.log(JSON.stringify(await Promise.all(Array.from({ length: 60 }, ask))));
`;

const bodies: Attack = {
  title: 'sixty drafts of nearly 1 MiB, which say nothing, keep health checks waiting',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start({ files: {}, keys: { operator: ['--role', 'operator'] } });
    const usualMs = await usualHealth(gateway);
    const over = new AbortController();
    const health = healthUntil(gateway, over.signal);
    // From a process of its own: to write sixty bodies keeps this one from asking for the health.
    const asked = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '-e',
      sixtyDrafts,
      `${gateway.url}/security/preview`,
      gateway.keys.operator ?? '',
    ]);
    const statuses = JSON.parse(asked.stdout) as number[];
    over.abort();
    return toldOf(await health, { statuses, usualMs });
  },
};

const pipelined: Attack = {
  title:
    'a caller sends 60,000 requests over one connection at once, which keep health checks waiting',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start({ files: {} });
    const usualMs = await usualHealth(gateway);
    const over = new AbortController();
    const health = healthUntil(gateway, over.signal);
    const { hostname, port } = new URL(gateway.url);
    const key = `authorization: Bearer ${gateway.keys.admin}`;
    const request = (more: string) => `GET /v1/models HTTP/1.1\r\nhost: x\r\n${key}\r\n${more}\r\n`;
    const flood = connect(Number(port), hostname).resume();
    flood.write(request('').repeat(60_000) + request('connection: close\r\n'));
    await once(flood, 'close');
    over.abort();
    return toldOf(await health, { statuses: [], usualMs });
  },
};

function toldOf(
  health: readonly number[],
  { statuses, usualMs }: { readonly statuses: readonly number[]; readonly usualMs: number },
) {
  const times = health.toSorted((a, b) => a - b);
  const p99 = times[Math.floor(times.length * 0.99)] ?? Number.POSITIVE_INFINITY;
  const [most = 0] = times.slice(-1);
  const counts = Map.groupBy(statuses, (status) => status);
  const told = [...counts].map(([status, all]) => `${all.length}×${status}`).join(' ');
  return verdict(
    p99 < Math.max(bearable.ms, usualMs * bearable.times),
    `health p99 ${p99.toFixed(0)} ms, usually ${usualMs.toFixed(0)}, most ${most.toFixed(0)} ms, of ${times.length}; ${told}`,
  );
}

function many<Result>(count: number, begin: (index: number) => Promise<Result>) {
  return Array.from({ length: count }, (_, index) => begin(index));
}

function post(
  gateway: VictimGateway,
  path: string,
  { body = '{}', key = 'admin' }: { readonly body?: string; readonly key?: string },
): Promise<number> {
  return statusOf(gateway.fetch(path, { method: 'POST', body, key: gateway.keys[key] ?? '' }));
}

async function statusOf(answering: Promise<Response>): Promise<number> {
  const answer = await answering;
  await answer.arrayBuffer();
  return answer.status;
}

/** The third slowest health check while nothing else is asked, in milliseconds. */
async function usualHealth(gateway: VictimGateway): Promise<number> {
  const over = new AbortController();
  const times = healthUntil(gateway, over.signal);
  await wait(1500);
  over.abort();
  return (await times).toSorted((a, b) => b - a)[2] ?? 0;
}

/** Milliseconds of each health check, one after the other. */
async function healthUntil(gateway: VictimGateway, over: AbortSignal): Promise<number[]> {
  const times: number[] = [];
  while (!over.aborted) {
    const beganMs = performance.now();
    await statusOf(fetch(`${gateway.url}/healthz`));
    times.push(performance.now() - beganMs);
    await wait(10);
  }
  return times;
}

/** A draft as large as one may be: a hundred rules, each with a long condition of its own. */
function heavyDraft(): string {
  const draft_rules = Array.from({ length: 100 }, (_, index) => ({
    id: `draft-${index}`,
    effect: 'deny',
    action: 'run_agent',
    principals: ['*'],
    resources: ['*'],
    when: Array.from({ length: 40 }, (_, at) => `principal.name == "nobody-${index}-${at}"`).join(
      ' || ',
    ),
  }));
  return JSON.stringify({
    principal: 'role:caller',
    action: 'run_agent',
    resource: 'labs/a0',
    draft_rules,
  });
}

/** What administration, and one caller with much to ask, do to service. */
export const administration: AttackGroup = {
  heading: 'Administration',
  attacks: [storm, reading, bodies, pipelined],
};
