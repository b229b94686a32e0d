import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Folders that npm puts in front of PATH for what it runs; the shell of whoever reads this does not look there. */
const folderOfNpm = /[\\/]node_modules[\\/]\.bin[\\/]?$/;

/** Changes the commands in a text. */
export type AsTyped = (text: string) => string;

/**
 * Makes of the commands in a text (`dropgate keys list`) what has to be typed: as they are where a shell finds the program,
 * else through npm, which finds it in the project (`npx dropgate keys list`).
 *
 * @param names - Those of the program's commands.
 * @param path - PATH of this process.
 */
export function asTypedWith(names: readonly string[], path: string): AsTyped {
  let isFound: boolean | null = null;
  const command = new RegExp(
    `(?<![\\w./@-]|npx |exec )dropgate (?=(?:${names.join('|')})\\b)`,
    'g',
  );
  return (text) => {
    if (!text.includes('dropgate ')) return text;
    isFound ??= isInPath(path);
    return isFound ? text : text.replaceAll(command, 'npx dropgate ');
  };
}

function isInPath(path: string): boolean {
  const folders = path.split(delimiter).filter((folder) => folder && !folderOfNpm.test(folder));
  return folders.some((folder) => existsSync(join(folder, 'dropgate')));
}
