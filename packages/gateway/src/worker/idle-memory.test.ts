import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';

test('what a process keeps for new objects is given back once it has nothing to do for a minute', async () => {
  const script = join(await tempFolder(), 'idle.ts');
  await writeFile(
    script,
    `import v8 from 'node:v8';
import { createIdleMemory } from ${JSON.stringify(join(import.meta.dirname, 'idle-memory.ts'))};
const megabytes = () => v8.getHeapSpaceStatistics().find((each) => each.space_name === 'new_space').space_size / 2 ** 20;
const use = () => {
  const kept = [];
  while (megabytes() < 8) kept.push(Array.from({ length: 100_000 }, (_, index) => ({ index })));
};
let nowMs = 0;
const memory = createIdleMemory(() => nowMs);
v8.setFlagsFromString = () => { throw new Error('Flags are refused to a module.'); };
const look = (atMs, isBusy) => {
  nowMs = atMs;
  memory.look(isBusy);
  return megabytes() < 8;
};
use();
const first = [look(59_999, false), look(60_000, false)];
use();
const again = [look(130_000, false), look(131_000, true), look(190_000, false)];
memory.use();
again.push(look(191_000, false), look(250_000, false));
console.log(JSON.stringify({ first, again, gc: typeof gc }));
`,
  );
  const env = { PATH: process.env.PATH ?? '' };
  const idle = await promisify(execFile)(process.execPath, [script], { env });
  expect(JSON.parse(idle.stdout)).toEqual({
    first: [false, true],
    again: [false, false, false, false, true],
    gc: 'undefined',
  });
});
