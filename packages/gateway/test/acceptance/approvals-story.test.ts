import { expect, test } from 'vitest';
import { startStory } from './approvals-story.ts';

// `approvals-story.soak.test.ts` has every point, both languages and two gateways of one Postgres.
test('a tool that waits is called once, though its gateway is killed before anything says so', async () => {
  const story = await startStory('ts', null);
  try {
    await story.repeat(0, 'after the effect, before anything says so');
    expect(story.effects()).toHaveLength(1);
  } finally {
    await story.stop();
  }
});
