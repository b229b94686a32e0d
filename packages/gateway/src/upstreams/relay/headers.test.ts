import { expect, test } from 'vitest';
import { contentOf } from './headers.ts';

test.each([
  ['Text/Event-Stream; charset=UTF-8', 'events'],
  ['Application/JSON', 'json'],
  ['text/html', 'other'],
])('an answer of the type %s is read as %s', (type, content) => {
  expect(contentOf({ 'content-type': type })).toBe(content);
});
