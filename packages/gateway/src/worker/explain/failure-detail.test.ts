import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder, writeFiles } from '../../../test/support/temp-folder.ts';
import { failureDetail } from './failure-detail.ts';

test('a failure of nothing, in a line that reads the context, says what the context is', async () => {
  const folder = await tempFolder();
  await writeFiles(folder, {
    'agent.ts': 'const a = (c) => c.context.user.name;\nconst b = (c) => c.name;\n',
  });
  const failure = (line: number) =>
    Object.assign(new TypeError("Cannot read properties of undefined (reading 'name')"), {
      stack: `TypeError\n    at a (${join(folder, 'agent.ts')}:${line}:1)`,
    });
  expect(failureDetail(failure(1), 'run').message).toBe(
    "Cannot read properties of undefined (reading 'name') (The context of a run is `{ request_id, run_id, key, user, metadata, model_id }`, or what the file makes of it: `export const __gateway__ = { context: (request) => ({ … }) };`.)",
  );
  expect(failureDetail(failure(2), 'run').message).toBe(
    "Cannot read properties of undefined (reading 'name')",
  );
});
