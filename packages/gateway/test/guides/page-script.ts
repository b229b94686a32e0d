import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Block, blocksOf } from './pages.ts';
import { useOf } from './use-of-blocks.ts';

/** Where the gateway of the pages is when nobody set anything. */
const address = 'http://127.0.0.1:8080';

/** Served by the test already, in the same folder and by the same command. */
const serving = /^(npx )?dropgate (dev|start)\b.*$/gm;

/**
 * What a reader of a page does, from its first block to its last: commands are run, files are put where they say.
 *
 * @param options.staging - A folder for the texts of files.
 * @param options.url - Of the gateway, in the place of the address that pages show.
 */
export function pageScript(
  page: string,
  options: { readonly staging: string; readonly url: string; readonly nightly?: boolean },
): string {
  const inUse = (block: Block) => block.text.replaceAll(address, options.url);
  const used = options.nightly ? ['run', 'put', 'nightly'] : ['run', 'put'];
  mkdirSync(options.staging, { recursive: true });
  const steps = blocksOf(page)
    .filter((block) => used.includes(useOf(block)))
    .map((block) => {
      const where = `echo '${block.page}:${block.line}' >&2`;
      if (useOf(block) !== 'put') return `${where}\n${inUse(block).replaceAll(serving, ':')}`;
      const staged = join(options.staging, `${block.line}`);
      writeFileSync(staged, inUse(block));
      return `${where}\nput ${staged} ${block.file}`;
    });
  return steps.join('\n');
}
