import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunPage } from '../../src/protocol/admin/runs-answer.ts';
import { inProcessCli } from '../support/in-process-cli.ts';
import { startPostgres } from '../support/postgres.ts';
import { startTcpRelay, type TcpRelay } from '../support/tcp-relay.ts';
import { call } from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { until } from './until.ts';

const server = await startPostgres();

const settings = (rules: string) => `worker: { spares: 0 }\nsecurity: { rules: [${rules}] }\n`;
const noLabs =
  '{ id: no-labs, effect: deny, action: run_agent, principals: ["role:caller"], resources: ["labs/*"] }';

describe.skipIf('missing' in server)(
  'missing' in server
    ? `Two gateways, left out: ${server.missing}`
    : 'Two gateways on one Postgres',
  () => {
    if ('missing' in server) return;
    let relay: TcpRelay;
    let here: TestGateway;
    let there: TestGateway;
    let caller: { id: string; key: string };

    beforeAll(async () => {
      const url = new URL(await server.newDatabase());
      relay = await startTcpRelay({ host: url.hostname, port: Number(url.port) });
      const direct = url.href;
      url.port = `${relay.port}`;
      url.password = 'S3CRET';
      const start = (storeUrl: string) =>
        startGateway({
          files: {
            'gateway.yaml': settings(''),
            'src/agents/labs/Planner/agent.ts': `export const agent = { run: () => 'Planned.' };\n`,
          },
          env: { GATEWAY_STORE_URL: storeUrl, GATEWAY_AGENT_WATCH: '0' },
        });
      [here, there] = await Promise.all([start(direct), start(url.href)]);
      const made = await post(here, '/security/keys', { role: 'caller' });
      caller = (await made.json()) as typeof caller;
    });

    afterAll(async () => {
      await Promise.all([here?.stop(), there?.stop()]);
      await relay?.cut();
      await server.stop();
    });

    const statusThere = async () => {
      return (await call(there, caller.key, { model: 'labs/planner' })).status;
    };
    const untilThere = (what: string, status: number) =>
      until(what, async () => (await statusThere()) === status);

    test('have the same keys', async () => {
      await untilThere('the key', 200);
    });

    test('have the same logins of the console, which end in both', async () => {
      const made = await post(here, '/console/session', { key: caller.key });
      const { csrf_token: token } = (await made.json()) as { csrf_token: string };
      // As each gateway calls it, by its own port.
      const [, secret] = /=([\w-]{43});/.exec(made.headers.getSetCookie()[0] ?? '') ?? [];
      const ask = (gateway: TestGateway, method = 'GET') => {
        const cookie = `dropgate_${new URL(gateway.url).port}=${secret}`;
        const headers = { cookie, 'x-csrf-token': token };
        return fetch(`${gateway.url}/console/session`, { method, headers });
      };
      const seen = await Promise.all([here, there].map((gateway) => ask(gateway)));
      expect(seen.map(({ status }) => status)).toEqual([200, 200]);
      expect((await ask(there, 'DELETE')).status).toBe(204);
      expect((await ask(here)).status).toBe(401);
    });

    test('go on with what the other kept, and take turns of one conversation', async () => {
      const [one, other] = [here, there].map((each) => each.client({ apiKey: caller.key }));
      if (!one || !other) return expect.unreachable('There are two.');
      const asked = { model: 'labs/planner', input: 'Plan.' };
      const first = await one.responses.create(asked);
      expect(await other.responses.retrieve(first.id)).toEqual(first);
      const next = { ...asked, previous_response_id: first.id };
      expect((await other.responses.create(next)).output_text).toBe('Planned.');
      const { id } = await one.conversations.create({});
      const turns = Array.from({ length: 6 }, (_, index) =>
        (index % 2 === 0 ? one : other).responses.create({
          model: 'labs/planner',
          input: `Plan ${index}.`,
          conversation: id,
        }),
      );
      await Promise.all(turns);
      const items = await Array.fromAsync(other.conversations.items.list(id, { order: 'asc' }));
      const roles = items.map((item) => item.type === 'message' && item.role);
      expect(roles).toEqual(Array(6).fill(['user', 'assistant']).flat());
      const background = { ...asked, background: true, stream: true } as const;
      const streamed = await Array.fromAsync(await one.responses.create(background));
      const begun = streamed[0];
      if (begun?.type !== 'response.created') return expect.unreachable('It begins otherwise.');
      const again = { stream: true, starting_after: 1 } as const;
      const read = await other.responses.retrieve(begun.response.id, again);
      expect(await Array.fromAsync(read)).toEqual(streamed.slice(2));
    });

    test('answer a request once, whichever it comes to again', async () => {
      const [one, other] = [here, there].map((each) => each.client({ apiKey: caller.key }));
      if (!one || !other) return expect.unreachable('There are two.');
      const body = {
        model: 'labs/planner',
        messages: [{ role: 'user' as const, content: 'Plan.' }],
      };
      const once = { headers: { 'Idempotency-Key': 'plan once' } };
      const clients = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? one : other));
      const answers = await Promise.all(
        clients.map((client) => client.chat.completions.create(body, once)),
      );
      expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    });

    test('stop and permit alike', async () => {
      const made = await post(here, '/security/override', {
        principal: caller.id,
        action: 'run_agent',
        resource: 'labs/*',
        effect: 'deny',
        ttl_seconds: 3600,
        reason: 'Incident.',
      });
      const { id } = (await made.json()) as { id: string };
      await untilThere('the override', 404);
      await here.fetch(`/security/overrides/${id}`, { method: 'DELETE' });
      await untilThere('the end of the override', 200);
    });

    test('read their rules again where one of them does', async () => {
      await there.project.write({ 'gateway.yaml': settings(noLabs) });
      await post(here, '/security/refresh', {});
      await untilThere('the rule', 404);
      await there.project.write({ 'gateway.yaml': settings('') });
      await post(here, '/security/refresh', {});
      await untilThere('the end of the rule', 200);
    });

    test('keep one log of their decisions', async () => {
      const decided = await until('a denial of the other gateway', async () => {
        const log = await here.fetch(`/security/decisions?key_id=${caller.id}&effect=deny`);
        const { decisions } = (await log.json()) as { decisions: { rule_id: string }[] };
        return decisions.find(({ rule_id }) => rule_id === 'no-labs');
      });
      expect(decided).toMatchObject({ effect: 'deny', tier: 3, agent_id: 'labs/planner' });
    });

    test('run again what either did, with the files that it has', async () => {
      await call(here, caller.key, { model: 'labs/planner' });
      const { runs } = (await (await here.fetch('/admin/runs?limit=1')).json()) as RunPage;
      const replay = async (gateway: TestGateway, generation: string) => {
        const answer = await post(gateway, `/admin/runs/${runs[0]?.id}/replay`, { generation });
        return (await answer.json()) as object;
      };
      const same = { result: 'same', replay_of: runs[0]?.id, text: 'Planned.' };
      expect(await replay(here, 'recorded')).toMatchObject(same);
      expect(await replay(there, 'recorded')).toMatchObject({ error: { code: 'generation_gone' } });
      expect(await replay(there, 'current')).toMatchObject(same);
    });

    test('keep nobody waiting for a store that is stalled: budgets are refused, requests counted here', async () => {
      const madeKey = async (limits: object) => {
        const made = await post(here, '/security/keys', { role: 'caller', limits });
        return ((await made.json()) as typeof caller).key;
      };
      const budgeted = await madeKey({ tokens_per_day: 1000 });
      const rated = await madeKey({ requests_per_minute: 1000 });
      const ask = (key: string) => call(there, key, { model: 'labs/planner' });
      const isServed = async (key: string) => (await ask(key)).status === 200;
      await until('both keys', async () => (await isServed(budgeted)) && (await isServed(rated)));
      relay.mute();
      expect((await ask(budgeted)).error).toMatchObject({
        code: 'store_unavailable',
        message:
          'The store of the gateway cannot be reached, so the token budget of this key cannot be counted. Try again later.',
      });
      expect((await ask(rated)).status).toBe(200);
      expect((await ask(budgeted)).status).toBe(503);
      expect(there.logs()).toContain('did not answer in time');
      relay.speak();
      await until('the budget', () => isServed(budgeted));
    });

    test('serve whom they know while the store is away, and administer nothing', async () => {
      await relay.cut();
      expect(await statusThere()).toBe(200);
      const override = { principal: '*', action: 'run_agent', resource: '*', effect: 'deny' };
      const body = { ...override, ttl_seconds: 60, reason: 'Incident.' };
      expect((await post(there, '/security/override', body)).status).toBe(503);
      const { code, out } = await inProcessCli(there.project.root)('status');
      expect([code, out]).toEqual([1, expect.stringContaining(`gateway    ${there.url} (process`)]);
      expect(out).toMatch(/^runs +0 active, 0 waiting, unknown in the last minute$/m);
      expect(out).toMatch(/^overrides +unknown$/m);
      expect(out).toMatch(/^Runs or overrides could not be read\. The gateway refused \(503\)/m);
      await relay.mend();
      await post(here, '/security/override', { ...body, principal: caller.id });
      await untilThere('the override', 404);
      expect(there.logs()).not.toContain('S3CRET');
    });
  },
);

function post(gateway: TestGateway, path: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return gateway.fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
}
