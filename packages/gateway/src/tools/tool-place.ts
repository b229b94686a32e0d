import { readOwnText, SOURCE_LIMIT_BYTES } from '../system/files.ts';

/** Where a text of a module says something. `line` counts from 1. */
export type ToolPlace = { readonly file: string; readonly line: number };

/** Files of a module that are looked at. */
const MAX_FILES = 100;

/**
 * Where a module first writes a name in quotes; null where that is not found.
 *
 * @param files - Absolute, the entry first.
 * @param folder - Of the module; files elsewhere are not read.
 */
export async function placeOfName(
  name: string,
  files: readonly string[],
  folder: string,
): Promise<ToolPlace | null> {
  const quoted = new RegExp(`(['"\`])${name.replaceAll(/[^A-Za-z0-9_]/g, '\\$&')}\\1`);
  const bounds = { within: folder, limitBytes: SOURCE_LIMIT_BYTES };
  for (const file of files.slice(0, MAX_FILES)) {
    const text = await readOwnText(file, bounds).catch(() => '');
    const at = text.search(quoted);
    if (at >= 0) return { file, line: text.slice(0, at).split('\n').length };
  }
  return null;
}
