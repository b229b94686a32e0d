import { expect, onTestFinished, test } from 'vitest';
import { remote, startUpstream } from '../../../test/support/broker-kit.ts';
import type { GatewayEvent } from '../../events.ts';
import { logEntries } from '../../observability/log/log-entry.ts';
import { createUpstreamDispatcher } from '../relay/upstream-dispatcher.ts';
import { listModels, type ModelListing } from './list-models.ts';
import { createRetirementWarnings } from './warn-retirements.ts';

const nowMs = Date.UTC(2026, 10, 29, 12);

function use(model: string, agentId: string, keyId = 'key_1') {
  return { agentId, keyId, upstream: 'openai', model };
}

/** What is said of these uses; each upstream is asked over a connection unless its list is given. */
async function warningsOf(
  upstream: ReturnType<typeof remote>,
  used: readonly ReturnType<typeof use>[],
  listing?: ModelListing,
): Promise<GatewayEvent[]> {
  const dispatcher = createUpstreamDispatcher({});
  onTestFinished(() => dispatcher.destroy());
  const told: GatewayEvent[] = [];
  const since: number[] = [];
  const warnings = createRetirementWarnings({
    usedSince: async (sinceMs) => {
      since.push(sinceMs);
      return used;
    },
    upstreams: () => new Map([['openai', upstream]]),
    listingOf: async (each) => listing ?? listModels(dispatcher, each),
    nowMs: () => nowMs,
    emit: (event) => void told.push(event),
  });
  await warnings.check();
  expect(since).toEqual([Date.UTC(2026, 9, 30, 12)]);
  return told;
}

test('names the models that a server says will end, soonest first, with who used them', async () => {
  const server = await startUpstream((_request, response) =>
    response.end(
      JSON.stringify({
        data: [
          { id: 'late', shutdown_date: '2027-01-14' },
          { id: 'soon', shutdown_date: '2026-12-11' },
          { id: 'over', shutdown_date: '2026-11-01' },
          { id: 'stays', shutdown_date: null },
        ],
      }),
    ),
  );
  const told = await warningsOf(remote(server.baseUrl, { modelAliases: { 'my-*': 'soon' } }), [
    use('late', 'default/b'),
    use('late', 'default/a', 'key_2'),
    use('my-model', 'default/a'),
    use('soon', 'default/a'),
    use('over', 'default/a'),
    use('stays', 'default/a'),
  ]);
  const about = { type: 'model_retiring', upstream: 'openai' };
  expect(told).toEqual([
    {
      ...about,
      model: 'over',
      endsOn: '2026-11-01',
      daysLeft: -28,
      agents: ['default/a'],
      keys: ['key_1'],
    },
    {
      ...about,
      model: 'soon',
      endsOn: '2026-12-11',
      daysLeft: 12,
      agents: ['default/a'],
      keys: ['key_1'],
    },
    {
      ...about,
      model: 'late',
      endsOn: '2027-01-14',
      daysLeft: 46,
      agents: ['default/a', 'default/b'],
      keys: ['key_1', 'key_2'],
    },
  ]);
  expect(server.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
    ['/v1/models', 'Bearer sk-real'],
  ]);
  expect(
    told.flatMap((event) => logEntries(event, { contents: false })).map(({ message }) => message),
  ).toEqual([
    'model over of openai ended on 2026-11-01',
    'model soon of openai ends on 2026-12-11',
    'model late of openai ends on 2027-01-14',
  ]);
});

test('knows what OpenAI has announced where its list cannot be had, and of no other server', async () => {
  const away: ModelListing = { type: 'unreachable', reason: 'ENOTFOUND' };
  const used = [use('gpt-5-mini', 'default/a'), use('gpt-6-luna', 'default/a')];
  const openai = await warningsOf(remote('https://api.openai.com/v1'), used, away);
  expect(openai).toMatchObject([{ model: 'gpt-5-mini', endsOn: '2026-12-11', daysLeft: 12 }]);
  expect(await warningsOf(remote('https://models.example.com/v1'), used, away)).toEqual([]);
});

test.each([
  ['no JSON', 'hello'],
  ['another JSON', '{"data":{}}'],
  ['entries that are no models', '{"data":[null,{"id":3},{"id":"m","shutdown_date":"soon"}]}'],
  ['days that there are not', '{"data":[{"id":"m","shutdown_date":"9999-99-99"}]}'],
  ['a day too many of a month', '{"data":[{"id":"m","shutdown_date":"2026-02-31"}]}'],
])('a list of models that is %s tells of no end', async (_, text) => {
  const server = await startUpstream((_request, response) => response.end(text));
  expect(await warningsOf(remote(server.baseUrl), [use('m', 'default/a')])).toEqual([]);
});

test('leaves a list of models that never ends, and its connection', async () => {
  const left = Promise.withResolvers<void>();
  const server = await startUpstream((_request, response) => {
    response.write('{"data":[');
    const drip = setInterval(() => response.write(' '), 100);
    response.on('close', () => {
      clearInterval(drip);
      left.resolve();
    });
  });
  expect(await warningsOf(remote(server.baseUrl), [use('m', 'default/a')])).toEqual([]);
  await left.promise;
});
