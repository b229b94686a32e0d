import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  type TemporaryProject,
  temporaryProject,
} from '../../../test/support/temporary-project.ts';
import { openStore } from '../../storage/open-store.ts';

let project: TemporaryProject;
let run: ReturnType<typeof inProcessCli>;

beforeAll(async () => {
  project = temporaryProject();
  run = inProcessCli(project.folder);
  const store = await openStore(`sqlite:${join(project.folder, '.dropgate/gateway.db')}`);
  for (const [name, user] of Object.entries({ a: 'ann', b: 'bob' })) {
    const of = { keyId: 'key_ui', user, agentId: null };
    const conversation = { ...of, createdMs: 1, metadata: {}, headId: null };
    await store.turns.conversations.create({ ...conversation, id: `conv_${name}` });
  }
  await store.close();
});

afterAll(() => project.dispose());

const nothing = {
  conversations: 0,
  responses: 0,
  waiting_runs: 0,
  idempotent_requests: 0,
  runs: 0,
  usage: 0,
  decisions: 0,
};

async function json(...args: string[]) {
  const { code, out, err } = await run('data', ...args, '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as object;
}

test('dropgate data tells and deletes what the store has of a user, while no gateway runs', async () => {
  const ann = { user: 'ann', key_id: null, running: 0 };
  const kept = { ...ann, counts: { ...nothing, conversations: 1 } };
  expect(await json('list', '--user', ' ann ')).toEqual(kept);
  expect(await json('list', '--user', 'ann', '--key', 'key_other')).toMatchObject({
    counts: nothing,
  });
  const unsaid = await run('data', 'delete', '--user', 'ann');
  expect([unsaid.code, unsaid.err]).toEqual([1, expect.stringContaining('Say --yes')]);
  expect(await json('list', '--user', 'ann')).toEqual(kept);
  expect(await json('delete', '--user', 'ann', '--yes')).toEqual({ ...kept, deleted: true });
  expect(await json('list', '--user', 'ann')).toEqual({ ...ann, counts: nothing });
  const { out } = await run('data', 'delete', '--key', 'key_ui', '--yes');
  expect(out).toMatch(/conversations +1\n/);
  expect(out).toContain('usage and decisions stay, under random names. 0 runs ended.');
  const decisions = await run('security', 'decisions', '--action', 'administer', '--json');
  expect(JSON.parse(decisions.out).decisions).toMatchObject([
    { resource: '/admin/data/delete', effect: 'allow', key_id: expect.stringMatching(/^cli:/) },
    { resource: '/admin/data/delete' },
  ]);
});

test.each([
  [['list'], 2, 'Say of whom: --user, --key or both.'],
  [['delete', '--yes'], 2, 'Say of whom'],
  [['list', '--user', ' '], 2, 'empty'],
  [['list', '--user', 'a\u0007'], 2, 'control characters'],
  [['list', '--key', 'nobody'], 1, 'There is no key nobody.'],
])('dropgate data %j is refused', async (args, code, message) => {
  const refused = await run('data', ...args);
  expect([refused.code, refused.err]).toEqual([code, expect.stringContaining(message)]);
});
