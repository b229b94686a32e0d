// `node build.ts`: builds the console into `dist`, each file beside its compressed forms.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build } from 'vite';

/** What is worth it: pictures and fonts are compressed already. */
const compressible = /\.(?:js|css|svg|json)$/;

const root = import.meta.dirname;
const output = join(root, 'dist');

await build({ root, logLevel: 'warn', build: { outDir: output, emptyOutDir: true } });
const names = await readdir(output, { recursive: true });
await Promise.all(names.filter((name) => compressible.test(name)).map(compress));

async function compress(name: string): Promise<void> {
  const file = join(output, name);
  const bytes = await readFile(file);
  const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  const [small, common] = await Promise.all([
    promisify(brotliCompress)(bytes, { params: quality }),
    promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
  ]);
  await Promise.all([writeFile(`${file}.br`, small), writeFile(`${file}.gz`, common)]);
}
