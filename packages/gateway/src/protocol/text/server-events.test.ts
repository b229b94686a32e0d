import { expect, test } from 'vitest';
import { createEventSplitter } from './server-events.ts';

test('takes an end of line that is cut in two for one', () => {
  expect(eventsOf('event: a\r', '\ndata: 1\r\n\r\n')).toEqual([{ name: 'a', data: '1' }]);
  expect(eventsOf('data: 1\r', '', '\ndata: 2\r', '\n\r', '\n')).toEqual([
    { name: '', data: '1\n2' },
  ]);
  expect(eventsOf('data: 1\r', '\rdata: 2\r', '\r')).toEqual([
    { name: '', data: '1' },
    { name: '', data: '2' },
  ]);
});

test('tells an event with the end of its blank line, before more comes', () => {
  const told: string[] = [];
  const { read } = createEventSplitter(({ data }) => told.push(data));
  read('data: 1\r\n\r');
  expect(told).toEqual(['1']);
  read('\ndata: 2\n\n');
  expect(told).toEqual(['1', '2']);
});

function eventsOf(...pieces: string[]) {
  const told: unknown[] = [];
  const splitter = createEventSplitter((event) => told.push(event));
  for (const piece of pieces) splitter.read(piece);
  splitter.end();
  return told;
}
