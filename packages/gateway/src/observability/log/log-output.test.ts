import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../../test/acceptance/until.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';

const host = join(import.meta.dirname, '../../../test/fixtures/log-host.ts');

/** A process that writes a log; `tell` waits until it did what it was told. */
function start(stdout: 'pipe' | number) {
  const child: ChildProcess = spawn(process.execPath, [host], { stdio: ['pipe', stdout, 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
    // What is still in them would keep this process alive.
    child.stdout?.destroy();
    child.stderr?.destroy();
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const { stdin, stderr } = child;
  if (!stdin || !stderr) throw new Error('Both are pipes.');
  const said = createInterface({ input: stderr })[Symbol.asyncIterator]();
  const tell = async (command: string) => {
    stdin.write(`${command}\n`);
    return (await said.next()).value;
  };
  return { child, ended, tell };
}

test('who does not read loses what is too much, is told how much, and holds up nobody', async () => {
  const { child, ended, tell } = start('pipe');
  expect(await tell('10000')).toBe('written');
  let text = '';
  const pipe = child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await until('what waited', () => text.length > 4 * 1024 * 1024 && text.endsWith('\n'));
  expect(text).not.toContain('dropped');
  await until('the line about the others', async () => {
    await tell('1');
    return text.includes('dropped');
  });
  const dropped = Number(/^(\d+) dropped$/m.exec(text)?.[1]);
  // Of 10 MB some 4 wait; how much a pipe takes by itself differs.
  expect(dropped).toBeGreaterThan(1000);
  expect(dropped).toBeLessThan(7000);
  pipe?.pause();
  expect(await tell('10000')).toBe('written');
  expect(await tell('end')).toBe('ended');
  expect(await ended).toBe(0);
});

test('a file has every line once it ends', async () => {
  const file = join(await tempFolder(), 'log');
  const { ended, tell } = start(openSync(file, 'w'));
  await tell('10000');
  await tell('end');
  expect(await ended).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe(`${'x'.repeat(999)}\n`.repeat(10_000));
});
