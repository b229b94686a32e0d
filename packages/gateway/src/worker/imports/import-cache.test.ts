import { execFile } from 'node:child_process';
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { tempFolder, writeFiles } from '../../../test/support/temp-folder.ts';

const packages = {
  'node_modules/a/package.json': '{ "type": "module", "exports": "./main.js" }',
  'node_modules/a/main.js':
    "import { b } from 'b'; import { c } from './c.js'; export default b + c;",
  'node_modules/a/other.js': "export default 'other';",
  'node_modules/a/c.js': "import old from 'old'; export const c = 'c of ' + old.name;",
  'node_modules/b/package.json': '{ "type": "module", "exports": "./main.js" }',
  'node_modules/b/main.js': "export const b = 'b and ';",
  'node_modules/old/package.json': '{ "name": "old" }',
  'node_modules/old/index.js': "module.exports = { name: 'old' };",
};

/** Says what it imported, and which files Node itself had to find for that. */
const program = `import { registerHooks } from 'node:module';
import { createImportCache } from ${JSON.stringify(join(import.meta.dirname, 'import-cache.ts'))};
const found = [];
registerHooks({
  load(url, context, nextLoad) {
    const name = url.split('/node_modules/').at(-1);
    if (name !== url) found.push(name);
    return nextLoad(url, context);
  },
});
const cache = createImportCache();
cache.remember();
const { default: said } = await cache.during(() => import('a'));
cache.keep();
console.log(JSON.stringify({ said, found: found.toSorted() }));
`;

const scripts = ['a/c.js', 'a/main.js', 'b/main.js'];
const commonJs = 'old/index.js';

test('what one process imported of packages the next one finds in one file, and CommonJS where it lies', async () => {
  const folder = await tempFolder({ ...packages, 'program.mjs': program });
  const said = 'b and c of old';
  expect(await run(folder)).toEqual({ said, found: [...scripts, commonJs] });
  expect(await run(folder)).toEqual({ said, found: [commonJs] });
});

test.each([
  [
    'a file has other text of the same length',
    { 'node_modules/b/main.js': "export const b = 'B and ';" },
    'B and c of old',
  ],
  [
    'a package lies nearer',
    {
      'node_modules/a/node_modules/b/package.json': '{ "type": "module", "exports": "./near.js" }',
      'node_modules/a/node_modules/b/near.js': "export const b = 'nearer and ';",
    },
    'nearer and c of old',
  ],
  [
    'a package exports another file',
    { 'node_modules/a/package.json': '{ "type": "module", "exports": "./other.js" }' },
    'other',
  ],
])('where %s, that is what is imported', async (_what, change, said) => {
  const folder = await tempFolder({ ...packages, 'program.mjs': program });
  await run(folder);
  await writeFiles(folder, change);
  expect(await run(folder)).toMatchObject({ said });
});

test('one that was cut off is made anew', async () => {
  const folder = await tempFolder({ ...packages, 'program.mjs': program });
  await run(folder);
  const [version = ''] = readdirSync(join(folder, 'cache'));
  truncateSync(join(folder, 'cache', version, 'imports'), 2000);
  expect(await run(folder)).toMatchObject({ found: [...scripts, commonJs] });
  expect(await run(folder)).toMatchObject({ found: [commonJs] });
});

async function run(folder: string): Promise<unknown> {
  const env = { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: join(folder, 'cache') };
  const ran = await promisify(execFile)(process.execPath, [join(folder, 'program.mjs')], { env });
  return JSON.parse(ran.stdout);
}
