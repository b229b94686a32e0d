import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingPython } from '../support/python-with-sdk.ts';
import { type Reader, startReader } from './followed-pages.ts';
import { pagesByDay } from './use-of-blocks.ts';

const missing = await missingPython();

let reader: Reader;

beforeAll(async () => {
  if (!missing) reader = await startReader();
});
afterAll(() => reader?.stop());

describe.skipIf(missing)(
  'a page works when it is followed from its first block to its last',
  () => {
    test.each(pagesByDay)('%s', async (page) => {
      expect(await reader.follow(page)).toEqual([]);
    });
  },
);
