import { expect, test } from 'vitest';
import { type KillPoint, startStory } from './approvals-story.ts';

const points: readonly KillPoint[] = [
  'after it is kept, before anybody is told',
  'after the effect, before anything says so',
];

// `approvals-story.soak.test.ts` has every point, both languages and two gateways of one Postgres.
test('a tool that waits is called once, though its gateway is killed before and after', async () => {
  const story = await startStory('ts', null);
  try {
    for (const [number, point] of points.entries()) await story.repeat(number, point);
    expect(story.effects()).toHaveLength(points.length);
  } finally {
    await story.stop();
  }
});
