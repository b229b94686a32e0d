import { describe, expect, onTestFinished, test } from 'vitest';
import { remote, startUpstream } from '../../../test/support/broker-kit.ts';
import type { ReplayedAnswer } from '../../protocol/journal/replayed-calls.ts';
import { createUnreadRoom } from '../../protocol/unread-room.ts';
import { createBroker } from '../broker/broker.ts';
import { createUpstreamHealth } from '../health/upstream-health.ts';

const failure = { status: 403, code: 'permission_denied' };

/** A broker whose run `run_1` follows a record, and an upstream that nobody should ask. */
async function scene(answer: ReplayedAnswer, replay?: 'closed' | 'open') {
  const upstream = await startUpstream((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end('{"object":"response"}');
  });
  const asked = remote(upstream.baseUrl);
  const broker = createBroker({
    upstreams: () => ({
      upstreams: new Map([[asked.name, asked]]),
      defaultUpstream: asked.name,
    }),
    outsideCalls: () => 'allow',
    hosted: { decide: () => 'allow', isApproved: () => false, denied: () => 'remove' },
    unread: createUnreadRoom(() => {}),
    health: createUpstreamHealth({ nowMs: Date.now, steadyMs: Date.now, emit: () => {} }),
    findReplay: (runId) => (runId === 'run_1' ? async () => answer : null),
    emit: () => {},
  });
  await broker.start();
  onTestFinished(() => broker.close());
  const access = broker.grant('default/a', replay);
  const call = async (path: string, fields: object) => {
    const response = await fetch(`${access.baseUrl}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${access.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(fields),
    });
    return { status: response.status, text: await response.text() };
  };
  return { access, call, upstream };
}

const recorded = { type: 'recorded', status: 200, isWhole: true } as const;

describe('a run that follows a record', () => {
  test('is answered from there, whatever its upstream would say', async () => {
    const body = Buffer.from('{"object":"response","id":"then"}');
    const { access, call, upstream } = await scene({ ...recorded, body }, 'closed');
    access.startRun('run_1', 'key_1');
    const { status, text } = await call('/responses', { model: 'm', input: 'hi' });
    expect([status, text]).toEqual([200, body.toString()]);
    expect(upstream.requests).toEqual([]);
  });

  test.each([
    ['/responses', { input: 'hi' }, /"object":"response".*"text":"Rain."/],
    ['/responses', { input: 'hi', stream: true }, /event: response\.completed\n/],
    ['/chat/completions', { messages: [] }, /"content":"Rain."/],
    ['/chat/completions', { messages: [], stream: true }, /"delta":\{"content":"Rain."/],
  ])('is told at %s what a model is made to say (%j)', async (path, fields, said) => {
    const { access, call, upstream } = await scene({
      type: 'said',
      text: 'Rain.',
      calls: [],
      seed: 'edited',
    });
    access.startRun('run_1', 'key_1');
    const { status, text } = await call(path, { model: 'm', ...fields });
    expect([status, text]).toEqual([200, expect.stringMatching(said)]);
    expect(upstream.requests).toEqual([]);
  });

  test('asks its upstream once it is live, and for what is none of a model', async () => {
    const { access, call, upstream } = await scene({ type: 'live' }, 'open');
    access.startRun('run_1', 'key_1');
    expect((await call('/responses', { model: 'm', input: 'hi' })).status).toBe(200);
    expect((await call('/embeddings', { model: 'm', input: 'hi' })).status).toBe(200);
    expect(upstream.requests.map(({ url }) => url)).toEqual(['/v1/responses', '/v1/embeddings']);
  });
});

test('what is none of a run reaches no upstream from a process that is closed', async () => {
  const { access, call, upstream } = await scene({ type: 'live' }, 'closed');
  const { status, text } = await call('/responses', { model: 'm', input: 'hi' });
  expect([status, JSON.parse(text).error.code]).toEqual([failure.status, failure.code]);
  access.startRun('run_1', 'key_1');
  expect((await call('/embeddings', { model: 'm', input: 'hi' })).status).toBe(400);
  expect(upstream.requests).toEqual([]);
});
