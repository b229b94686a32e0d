import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../../../test/acceptance/until.ts';
import { readEvents } from '../../../../test/support/event-reader.ts';
import { inProcessCli } from '../../../../test/support/in-process-cli.ts';
import {
  plainAgent,
  type TemporaryProject,
  warmTemporaryProject,
} from '../../../../test/support/temporary-project.ts';
import { loadConfig } from '../../../config/load-config.ts';
import { createGateway } from '../../../gateway.ts';

// One gateway serves all; the last test ends it.
let project: TemporaryProject;
let gateway: Awaited<ReturnType<typeof start>>;

beforeAll(async () => {
  project = warmTemporaryProject();
  project.write('gateway.yaml', settings('deny'));
  project.write('src/agents/Open/agent.ts', plainAgent);
  project.write('src/agents/labs/Hidden/agent.ts', plainAgent);
  gateway = await start();
});

afterAll(async () => {
  await gateway?.close();
  project?.dispose();
});

/** A gateway whose settings can change, with an admin key. */
async function start() {
  const { PATH = '' } = process.env;
  const env = { PATH, GATEWAY_HOST: '127.0.0.1', GATEWAY_PORT: '0' };
  const read = () => loadConfig({ projectRoot: project.folder, command: 'start', env });
  const made = await createGateway({ config: read(), reload: async () => read(), log: 'none' });
  const { url } = await made.start();
  const { secret: key } = await made.keys.create({ role: 'admin', createdBy: 'test' });
  await made.whenLoaded();
  return { url, key, close: () => made.close('the test is over') };
}

/** Operators read runs of open agents; what of the hidden one, the tests change. */
function settings(hidden: 'allow' | 'deny'): string {
  return `worker: { spares: 0 }
security:
  rules:
    - { id: read-open, effect: allow, action: read_runs, principals: ["role:operator"], resources: ["default/*"] }
    - { id: read-hidden, effect: ${hidden}, action: read_runs, principals: ["role:operator"], resources: ["labs/*"] }
    - { id: no-list, effect: deny, action: administer, principals: ["no-decisions"], resources: ["/security/decisions"] }
    - { id: no-hidden, effect: deny, action: run_agent, principals: ["shut-out"], resources: ["labs/*"] }
`;
}

const follow = (key = gateway.key, options: Parameters<typeof readEvents>[2] = {}) =>
  readEvents(gateway.url, key, options);

async function send(path: string, body?: unknown, { key = gateway.key, method = 'POST' } = {}) {
  const response = await fetch(gateway.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

const run = (model: string, key = gateway.key) =>
  send('/v1/chat/completions', { model, messages: [{ role: 'user', content: 'Hi' }] }, { key });

async function newKey(wanted: { role: string; name?: string; agents?: string[] }) {
  const { body } = await send('/security/keys', wanted);
  return body as { id: string; key: string };
}

test('tells what happens in order, and after a break what came meanwhile', async () => {
  const reader = await follow();
  const { life } = reader.hello.data;
  expect(reader.hello.data).toEqual({ type: 'hello', life: expect.any(String), missed: false });
  await run('default/open');
  const started = await reader.nextOf('run_started');
  expect(started).toEqual({
    id: expect.stringMatching(new RegExp(`^${life}-\\d+$`)),
    data: {
      type: 'run_started',
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      run_id: expect.stringMatching(/^run_/),
      agent_id: 'default/open',
      key_id: expect.stringMatching(/^key_/),
      request_id: expect.stringMatching(/^req_/),
    },
  });
  const ended = await reader.nextOf('run_ended');
  const { run_id, agent_id, key_id } = started.data;
  expect(ended.data).toEqual({
    type: 'run_ended',
    at: expect.any(String),
    run_id,
    agent_id,
    key_id,
    outcome: 'finished',
    code: null,
    duration_ms: expect.any(Number),
  });
  await reader.close();

  await run('labs/hidden');
  const back = await follow(gateway.key, {
    lastId: ended.id,
    query: '?types=run_started,run_ended',
  });
  expect(back.hello).toEqual({ id: ended.id, data: { type: 'hello', life, missed: false } });
  expect([(await back.next()).data, (await back.next()).data]).toMatchObject([
    { type: 'run_started', agent_id: 'labs/hidden' },
    { type: 'run_ended', agent_id: 'labs/hidden' },
  ]);
  await back.close();
});

test('tells of the agents and kinds that are asked for alone, and of a kind that is none', async () => {
  const reader = await follow(gateway.key, { query: '?agent=labs/hidden&types=run_ended' });
  await run('default/open');
  await run('labs/hidden');
  await run('labs/hidden');
  expect([(await reader.next()).data, (await reader.next()).data]).toMatchObject([
    { type: 'run_ended', agent_id: 'labs/hidden' },
    { type: 'run_ended', agent_id: 'labs/hidden' },
  ]);
  await reader.close();
  const wrong = await send('/admin/events?types=run_endet', undefined, { method: 'GET' });
  expect([wrong.status, wrong.body.error.param]).toEqual([400, 'types']);
  expect(wrong.body.error.message).toContain('run_ended, tool_called');
});

test('tells an operator what its rights and scopes reach, by the rules of now', async () => {
  const everywhere = await newKey({ role: 'operator' });
  const ofLabs = await newKey({ role: 'operator', agents: ['labs/*'] });
  const shutOut = await newKey({ role: 'caller', name: 'shut-out' });
  const noDecisions = await newKey({ role: 'operator', name: 'no-decisions' });
  const readers = [
    await follow(everywhere.key),
    await follow(ofLabs.key),
    await follow(noDecisions.key),
  ] as const;
  const seen = async (reader: (typeof readers)[number]) => {
    const all: unknown[] = [];
    for (;;) {
      const { data } = await reader.next();
      if (data.type === 'overrides_changed') return all;
      const about = data.agent_id ?? data.resource ?? '';
      if (data.type !== 'worker_changed') all.push(`${data.type} ${about}`.trim());
    }
  };
  // What comes after it was told of all that happened before.
  const mark = () =>
    send('/security/override', {
      principal: 'nobody',
      action: 'run_agent',
      resource: 'default/open',
      effect: 'deny',
      ttl_seconds: 60,
      reason: 'a mark',
    });
  await run('default/open');
  await run('labs/hidden');
  await run('labs/hidden', shutOut.key);
  await mark();
  expect(await seen(readers[0])).toEqual([
    'run_started default/open',
    'run_ended default/open',
    'access_denied labs/hidden',
  ]);
  expect(await seen(readers[1])).toEqual(['access_denied labs/hidden']);
  // What a list does not tell it, no event does.
  expect(await seen(readers[2])).toEqual(['run_started default/open', 'run_ended default/open']);
  await readers[2].close();

  project.write('gateway.yaml', settings('allow'));
  await send('/security/refresh');
  const told = await readers[1].nextOf('rules_changed');
  expect(told.data).toEqual({ type: 'rules_changed', at: expect.any(String) });
  // A verdict is remembered for a second at most.
  await until('a run to be told', async () => {
    await run('labs/hidden');
    await mark();
    return (await seen(readers[1])).includes('run_ended labs/hidden');
  });
  const shut = { action: 'administer', resource: '/admin/events', effect: 'deny' };
  await send('/security/override', {
    ...shut,
    principal: ofLabs.id,
    ttl_seconds: 60,
    reason: 'no more events',
  });
  expect((await readers[1].rest()).at(-1)?.data).toEqual({ type: 'ended', reason: 'not_allowed' });
  await readers[0].close();
});

test('tells that keys changed on the command line, and ends the stream of one that was revoked', async () => {
  const reader = await follow(gateway.key, { query: '?types=keys_changed' });
  const { id, key } = await newKey({ role: 'operator', name: 'to-be-revoked' });
  await reader.nextOf('keys_changed');
  const its = await follow(key, { query: '?types=run_ended' });
  const revoked = await inProcessCli(project.folder)('keys', 'revoke', id);
  expect(revoked.code).toBe(0);
  await reader.nextOf('keys_changed');
  expect(await its.rest()).toEqual([{ id: '', data: { type: 'ended', reason: 'key_revoked' } }]);
  await reader.close();
});

test('is followed on the command line, as lines for people and for scripts', async () => {
  const stopped = Promise.withResolvers<string>();
  const lines: string[] = [];
  const cli = inProcessCli(project.folder, {}, stopped.promise, (line) => lines.push(line));
  const ended = cli('events', '--types', 'run_ended', '--agent', 'open');
  await until('a run to be told', async () => {
    await run('default/open');
    return lines.length > 0;
  });
  stopped.resolve('SIGINT');
  expect(await ended).toMatchObject({ code: 0, err: 'Following what happens; Ctrl-C ends it.\n' });
  expect(lines[0]).toMatch(
    /^[\d:.]{12} {2}run_ended {10}run_\w+ {2}default\/open {2}key_[\w-]+ {2}finished {2}[\d.]+ ms$/,
  );
  const wrong = await inProcessCli(project.folder)('events', '--types', 'run_endet');
  expect([wrong.code, wrong.err]).toEqual([
    1,
    expect.stringContaining('Give some of agent_changed'),
  ]);
});

test('has room for 64 streams, half of them of one key, and again when one ends', async () => {
  const { key } = await newKey({ role: 'operator' });
  const half = (by: string) => Promise.all(Array.from({ length: 32 }, () => follow(by)));
  const refusal = async () => {
    const { status, body } = await send('/admin/events', undefined, { key, method: 'GET' });
    return [status, body.error.code, body.error.message.split(', ')[0]];
  };
  const code = 'rate_limit_exceeded';
  const its = await half(key);
  expect(await refusal()).toEqual([429, code, '32 streams of events of this key are open']);
  const readers = [...(await half(gateway.key)), ...its];
  expect(await refusal()).toEqual([429, code, '64 streams of events are open']);
  await readers[0]?.close();
  const next = await until('room for one more', async () => follow().catch(() => null));
  await Promise.all([next, ...readers].map((reader) => reader.close()));
});

test('ends streams when it stops, and says after a restart that events are missed', async () => {
  const reader = await until('room for a stream', async () => follow().catch(() => null));
  const { life } = reader.hello.data;
  const lines: string[] = [];
  const tail = inProcessCli(project.folder, {}, undefined, (line) => lines.push(line))(
    'events',
    '--json',
  );
  await until('an event', async () => {
    await run('default/open');
    return lines.length > 1;
  });
  await gateway.close();
  expect(await tail).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ type: 'hello', missed: false });
  expect(lines.at(-1)).toBe('{"type":"ended","reason":"stopping"}');
  expect((await reader.rest()).at(-1)).toEqual({
    id: '',
    data: { type: 'ended', reason: 'stopping' },
  });
  gateway = await start();
  const back = await follow(gateway.key, { lastId: reader.hello.id });
  expect(back.hello.data).toEqual({ type: 'hello', life: expect.any(String), missed: true });
  expect(back.hello.data.life).not.toBe(life);
  await back.close();
});
