import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';

test('a load that is practised succeeds, and leaves neither hooks nor a client nor another SDK behind', async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, 'enum.ts'), 'export enum Colour { Red }\n');
  await writeFile(
    join(folder, 'practise.ts'),
    `import { practiseLoad } from ${JSON.stringify(join(import.meta.dirname, 'practise-load.ts'))};
const { importGatewaySdk } = await import(${JSON.stringify(join(import.meta.dirname, 'load/sdk-copy.ts'))});
const sdk = await importGatewaySdk();
const { run } = sdk.Runner.prototype;
await practiseLoad();
const later = await import(${JSON.stringify(join(folder, 'enum.ts'))}).catch(({ code }) => code);
console.log(JSON.stringify({
  later,
  bindings: Symbol.for('dropgate.bindings') in globalThis,
  client: sdk.getDefaultOpenAIClient() ?? null,
  isSameRun: sdk.Runner.prototype.run === run,
  variables: Object.keys(process.env).filter((name) => name.startsWith('OPENAI_')),
}));
`,
  );
  const env = { PATH: process.env.PATH ?? '' };
  const practised = await promisify(execFile)(process.execPath, [join(folder, 'practise.ts')], {
    env,
  });
  expect(JSON.parse(practised.stdout)).toEqual({
    later: 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
    bindings: false,
    client: null,
    isSameRun: true,
    variables: [],
  });
});
