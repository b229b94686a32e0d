import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pythonFolder } from '../support/python-start.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';

const missing = await missingPython();
const seed = process.env.QUICK_CLIENT_SEED ?? '1';

describe.skipIf(missing)(`model calls in Python in a shorter way (${missing ?? 'runs'})`, () => {
  test(`make the same of answers, whatever these lack or have more, and of calls (seed ${seed})`, () => {
    const script = join(import.meta.dirname, 'quick-client.py');
    const output = execFileSync(pythonWithSdk(), [script, seed, '30'], {
      env: { PATH: process.env.PATH, PYTHONPATH: pythonFolder, PYTHONDONTWRITEBYTECODE: '1' },
    });
    expect(JSON.parse(output.toString())).toEqual({
      compared: 10 * 31 + 2 * 11 * 7 * 2,
      differ: [],
    });
  });
});
