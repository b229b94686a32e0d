import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ownFolder } from '../../own-files.ts';
import { codeFrame } from '../../protocol/text/code-frame.ts';
import { ownFrame, placeOf } from './code-place.ts';

const text = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`).join('\n');

test('a frame shows two lines around, with numbers in one column and a mark', () => {
  expect(codeFrame(text, { line: 9, column: 6 })).toBe(
    [
      '   7 | line 7',
      '   8 | line 8',
      '>  9 | line 9',
      '     |      ^',
      '  10 | line 10',
      '  11 | line 11',
    ].join('\n'),
  );
});

test('a frame ends where the text does', () => {
  expect(codeFrame('only', { line: 1, column: 1 })).toBe('> 1 | only\n    | ^');
});

test('a place counts from 1', () => {
  expect(placeOf(text, /3/)).toEqual({ line: 3, column: 6 });
  expect(placeOf(text, /line/)).toEqual({ line: 1, column: 1 });
  expect(placeOf(text, /none/)).toBeNull();
});

describe('the first frame of the author', () => {
  test('comes after those of Node, of packages and of the gateway', () => {
    const error = errorWith(
      'node:internal/process/task_queues:95:5',
      'run (file:///p/node_modules/@openai/agents-core/dist/run.mjs:1:2)',
      `runModule (${join(ownFolder, 'worker/run/run-module.ts')}:3:4)`,
      'async Object.execute (file:///p/src/agents/My%20Desk/agent.ts:12:9)',
      '/p/src/agents/Desk/late.ts:1:1',
    );
    expect(ownFrame(error)).toEqual({
      file: '/p/src/agents/My Desk/agent.ts',
      line: 12,
      column: 9,
    });
  });

  test('may stand alone, without a function', () => {
    expect(ownFrame(errorWith('/p/agent.cjs:7:3'))).toEqual({
      file: '/p/agent.cjs',
      line: 7,
      column: 3,
    });
  });

  test('is none where the error has none, or is no error', () => {
    expect(ownFrame(errorWith('node:internal/x:1:1'))).toBeNull();
    expect(ownFrame(Object.assign(new Error('x'), { stack: undefined }))).toBeNull();
    expect(ownFrame('at /p/agent.ts:1:1')).toBeNull();
  });

  test('is never taken from the message', () => {
    const error = errorWith('/p/agent.ts:2:2');
    error.stack = `Error: see /etc/hosts:1:1\n${error.stack}`;
    expect(ownFrame(error)).toMatchObject({ file: '/p/agent.ts', line: 2 });
  });
});

function errorWith(...frames: string[]): Error {
  const error = new Error('x');
  error.stack = ['Error: x', ...frames.map((frame) => `    at ${frame}`)].join('\n');
  return error;
}
