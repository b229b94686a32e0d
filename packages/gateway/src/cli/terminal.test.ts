import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { launcher } from '../../test/support/cli-process.ts';
import { createTerminal, type Terminal } from './terminal.ts';

/** What is written to standard error, where that is a terminal of this width or, with none, a file. */
function written(columns: number | undefined, say: (terminal: Terminal) => void): string {
  const about = { isTTY: columns !== undefined, columns };
  const stream = () => Object.assign(new PassThrough(), about) as unknown as NodeJS.WriteStream;
  const stderr = stream();
  say(createTerminal((text) => text, { stdout: stream(), stderr }));
  return String(stderr.read());
}

test('progress is one line that rewrites itself on a terminal, and lines elsewhere', () => {
  const say = (terminal: Terminal) => {
    terminal.progress('Installing … (5 s)');
    terminal.progress('Installing … (10 s)');
    terminal.note('Done.');
    terminal.progress('');
  };
  expect(written(16, say)).toBe(
    '\r\u001B[2KInstalling … (5\r\u001B[2KInstalling … (1\r\u001B[2KDone.\n',
  );
  expect(written(undefined, say)).toBe('Installing … (5 s)\nInstalling … (10 s)\nDone.\n');
});

test.runIf(process.platform === 'linux')('output that cannot be kept fails the command', () => {
  const full = openSync('/dev/full', 'w');
  const args = [launcher, 'completion', 'bash'];
  const { status, stderr } = spawnSync(process.execPath, args, {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  });
  closeSync(full);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'error: The output cannot be written (ENOSPC).\n',
  });
});
