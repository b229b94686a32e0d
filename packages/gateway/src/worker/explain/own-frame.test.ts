import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { gatewayFolder } from '../load/local-files.ts';
import { ownFrame } from './own-frame.ts';

function errorWith(...frames: string[]): Error {
  const error = new Error('x');
  error.stack = ['Error: x', ...frames.map((frame) => `    at ${frame}`)].join('\n');
  return error;
}

describe('the first frame of the author', () => {
  test('comes after those of Node, of packages and of the gateway', () => {
    const error = errorWith(
      'node:internal/process/task_queues:95:5',
      'run (file:///p/node_modules/@openai/agents-core/dist/run.mjs:1:2)',
      `runModule (${join(gatewayFolder, 'worker/run/run-module.ts')}:3:4)`,
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
