import { expect, test } from 'vitest';
import type { UpstreamEvent } from '../../protocol/events/upstream-events.ts';
import { upstreamEntry } from './upstream-lines.ts';

function written(event: UpstreamEvent) {
  const { level, message, fields } = upstreamEntry(event);
  return { level, message, fields: fields() };
}

test('an upstream that is left alone is told with what answers meanwhile, and when it is back', () => {
  const cooling = {
    type: 'upstream_cooling',
    upstream: 'local',
    baseUrl: 'http://127.0.0.1:11434/v1',
    failures: 5,
    error: 'ECONNREFUSED',
    restMs: 5000,
    fallback: null,
  } as const;
  const message = 'upstream local failed 5 calls in a row and is left alone for 5 s';
  expect(written(cooling)).toEqual({
    level: 'error',
    message,
    fields: {
      upstream: 'local',
      error: 'ECONNREFUSED',
      fallback: undefined,
      hint: 'Its calls fail at once until it answers again: look at http://127.0.0.1:11434/v1, or name a fallback for it.',
    },
  });
  expect(written({ ...cooling, fallback: 'spare' })).toMatchObject({
    level: 'error',
    message,
    fields: {
      fallback: 'spare',
      hint: 'Its calls go to spare until it answers again: look at http://127.0.0.1:11434/v1.',
    },
  });
  expect(written({ type: 'upstream_recovered', upstream: 'local', afterMs: 61_000.4 })).toEqual({
    level: 'info',
    message: 'upstream local answers again',
    fields: { upstream: 'local', after_ms: 61_000 },
  });
});
