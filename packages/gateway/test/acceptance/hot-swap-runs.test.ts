import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { call } from './call.ts';
import {
  answerOf,
  at,
  gatewayIn,
  projectSaying,
  saying,
  statusOf,
  untilSays,
} from './reloading.ts';
import { until } from './until.ts';

const saveCount = 6;
const clientCount = 4;

test('a run that goes on finishes on its version while new ones are on the next', async () => {
  const project = await projectSaying({});
  await project.write({
    [at('Long')]: `import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
export const agent = {
  async *run() {
    yield 'Old begins';
    while (!existsSync('../../../go.txt')) await wait(10);
    yield ', old ends.';
  },
};
`,
  });
  const gateway = await gatewayIn(project);
  const begun = Promise.withResolvers<void>();
  const running = call(gateway, gateway.key, {
    model: 'default/long',
    stream: true,
    onText: (text) => (text.includes('Old begins') ? begun.resolve() : undefined),
  });
  await begun.promise;
  await project.write({ [at('Long')]: saying('New.') });
  // Asking the old version would never be answered.
  await until('the next version', async () => (await statusOf(gateway, 'Long'))?.generation === 2);
  expect(await answerOf(gateway, 'Long')).toBe('New.');
  await project.write({ [at('Long')]: saying('Newer.') });
  await untilSays(gateway, 'Long', 'Newer.');
  await writeFile(join(project.root, 'go.txt'), '');
  expect(await running).toMatchObject({ content: 'Old begins, old ends.', error: null });
  expect(await answerOf(gateway, 'Long')).toBe('Newer.');
});

test('no request fails or sees two versions during many saves', async () => {
  const versioned = (version: number) => `const version = '${version} ';
export const agent = {
  async *run() {
    for (let part = 0; part < 5; part += 1) {
      yield version;
      await new Promise(setImmediate);
    }
  },
};
`;
  const project = await projectSaying({});
  // The only one with a spare, as users have it.
  await project.write({ [at('Busy')]: versioned(1), 'gateway.yaml': 'worker: { spares: 1 }\n' });
  const gateway = await gatewayIn(project);
  let newest = 0;
  let done = false;
  const wrong: string[] = [];
  const client = async (stream: boolean) => {
    let last = 0;
    while (!done) {
      const reply = await call(gateway, gateway.key, { model: 'default/busy', stream });
      const versions = new Set(reply.content.trim().split(' ').map(Number));
      const [version = 0] = versions;
      if (reply.status !== 200 || reply.error || versions.size !== 1 || version < last) {
        wrong.push(`after ${last}: ${reply.status} ${reply.text}`);
      }
      last = version;
      newest = Math.max(newest, version);
    }
  };
  const clients = Array.from({ length: clientCount }, (_, index) => client(index % 2 === 0));
  try {
    for (let version = 2; version <= saveCount && wrong.length === 0; version += 1) {
      await project.write({ [at('Busy')]: versioned(version) });
      await until(`version ${version}`, () => newest === version || wrong.length > 0);
    }
  } finally {
    done = true;
    await Promise.all(clients);
  }
  expect(wrong).toEqual([]);
  expect(newest).toBe(saveCount);
  expect((await statusOf(gateway, 'Busy'))?.generation).toBe(saveCount);
});
