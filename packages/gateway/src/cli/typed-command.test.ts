import { writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { asTypedWith } from './typed-command.ts';

const names = ['dev', 'keys'];
const hint = 'So dropgate does it: `dropgate keys list`, or dropgate dev. See ./bin/dropgate dev.';

test('a command goes through npx where no shell finds the program, and prose and paths stay', async () => {
  const empty = await tempFolder();
  expect(asTypedWith(names, empty)(hint)).toBe(
    'So dropgate does it: `npx dropgate keys list`, or npx dropgate dev. See ./bin/dropgate dev.',
  );
  expect(asTypedWith(names, empty)('Run `npx dropgate dev`.')).toBe('Run `npx dropgate dev`.');
});

test('a command is typed by its name where the program is in PATH, other than by npm', async () => {
  const folder = await tempFolder();
  writeFileSync(join(folder, 'dropgate'), '');
  const inPath = [await tempFolder(), folder].join(delimiter);
  expect(asTypedWith(names, inPath)(hint)).toBe(hint);
  const ofNpm = '/project/node_modules/.bin';
  expect(asTypedWith(names, ofNpm)('Then: dropgate dev')).toBe('Then: npx dropgate dev');
});
