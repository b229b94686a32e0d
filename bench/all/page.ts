import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { unaligned } from './markdown.ts';

const root = resolve(import.meta.dirname, '../..');

/** The pages that have generated parts, from the root. */
export const benchPage = 'bench/README.md';
export const frontPage = 'README.md';

const begin = (name: string) => `<!-- figures of ${name}: written by "make bench" -->`;
const end = (name: string) => `<!-- end of ${name} -->`;

/** A part of a page that is made from results. */
export type Part = { readonly page: string; readonly name: string; readonly text: string };

/**
 * Writes parts into their pages, between their markers, and formats the pages.
 *
 * @throws Error where a page lacks a marker.
 */
export function writeParts(parts: readonly Part[]): void {
  const pages = new Set(parts.map(({ page }) => page));
  for (const page of pages) {
    let text = readFileSync(join(root, page), 'utf8');
    for (const part of parts.filter((each) => each.page === page)) {
      const [from, to] = bounds(text, part);
      text = `${text.slice(0, from)}\n\n${part.text}\n\n${text.slice(to)}`;
    }
    writeFileSync(join(root, page), text);
  }
  format([...pages]);
}

/** The names of those that a page has in another way than they would be written now. */
export function staleParts(parts: readonly Part[]): string[] {
  return parts.flatMap((part) => {
    const text = readFileSync(join(root, part.page), 'utf8');
    const [from, to] = bounds(text, part);
    const isSame = unaligned(text.slice(from, to)) === unaligned(part.text);
    return isSame ? [] : `${part.name} in ${part.page}`;
  });
}

/** As the other files of the repository are, or its checks fail. */
export function format(paths: readonly string[]): void {
  execFileSync(join(root, 'node_modules/.bin/biome'), ['format', '--write', ...paths], {
    cwd: root,
    stdio: 'ignore',
  });
}

function bounds(text: string, { page, name }: Part): [from: number, to: number] {
  const from = text.indexOf(begin(name)) + begin(name).length;
  const to = text.indexOf(end(name));
  if (from < begin(name).length || to < from) {
    throw new Error(`${page} lacks "${begin(name)}" or "${end(name)}".`);
  }
  return [from, to];
}
