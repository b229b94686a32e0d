// Fifty times a gateway is killed while a dangerous tool waits, runs or has run: minutes for what one repetition by day shows.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres } from '../support/postgres.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import { killPoints, type Story, startStory } from './approvals-story.ts';
import { connectStoryStore } from './story-store.ts';

const server = await startPostgres();
const noPython = await missingPython();
const missing = 'missing' in server ? server.missing : noPython;

/** Of each language. */
const repetitions = Array.from({ length: 25 }, (_, number) => ({
  number,
  point: killPoints[number % killPoints.length] ?? killPoints[0],
}));

describe.skipIf(missing)(
  `a tool that waits is called once, whoever is killed (${missing ?? 'runs'})`,
  () => {
    if ('missing' in server) return;
    afterAll(() => server.stop());

    describe.each(['ts', 'py'] as const)('of an agent in %s', (language) => {
      let story: Story;
      let end: () => Promise<void>;

      beforeAll(async () => {
        const url = await server.newDatabase();
        const connect = async () => {
          const store = await connectStoryStore(url);
          ({ end } = store);
          return store;
        };
        story = await startStory(language, { url, connect });
      });
      afterAll(async () => {
        await story?.stop();
        await end?.();
      });

      test.each(repetitions)('$number: killed $point', ({ number, point }) =>
        story.repeat(number, point),
      );

      test('no tool ever ran twice', () => {
        const things = story.effects().map((line) => line.split(' ')[0]);
        expect(things.length).toBeGreaterThan(repetitions.length / 2);
        expect(new Set(things).size).toBe(things.length);
      });
    });
  },
);
