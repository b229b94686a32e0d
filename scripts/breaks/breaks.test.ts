import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { workspaceRoot } from '../source-files.ts';
import { broken, capabilities, languageOf, packageFolder } from './break.ts';
import { knownBreaks } from './known-breaks.ts';

const inPackage = (path: string) => join(workspaceRoot, packageFolder, path);

describe('the breaks that tests have to notice', () => {
  test.each(knownBreaks)('$id fits the code as it is', (one) => {
    const text = readFileSync(inPackage(one.file), 'utf8');
    expect(broken(text, one)).not.toBe(text);
    expect(one.tests.filter((file) => !existsSync(inPackage(file)))).toEqual([]);
  });

  test('are thirty or more, each with a name of its own', () => {
    expect(knownBreaks.length).toBeGreaterThanOrEqual(30);
    expect(new Set(knownBreaks.map(({ id }) => id)).size).toBe(knownBreaks.length);
  });

  test.each(capabilities)('are three or more of %s, in both languages', (capability) => {
    const all = knownBreaks.filter((one) => one.capability === capability);
    expect(all.length).toBeGreaterThanOrEqual(3);
    expect(new Set(all.map(languageOf))).toEqual(new Set(['TypeScript', 'Python']));
  });

  test('say what to do where the code has moved on', () => {
    const [one] = knownBreaks;
    expect(() => broken('', one!)).toThrow(/is not in .* Write the text that is there now/);
    expect(() => broken(one!.find.repeat(2), one!)).toThrow(/stands 2 times in/);
  });
});
