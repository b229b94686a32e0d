import { dirname, relative, resolve } from 'node:path';
import { whyUnread } from '../../system/files.ts';
import { readDeclared } from '../read-declared.ts';
import { hidesLine, type RequirementLine } from './requirement.ts';

/** What a requirements file says, with the files that it includes, in order. */
export type ReadRequirementFiles = {
  readonly lines: readonly (RequirementLine & { readonly hashes: string })[];
  readonly constraints: readonly RequirementLine[];
  readonly options: readonly RequirementOption[];
  /** Absolute paths of all that were read. */
  readonly files: readonly string[];
};

/** An option for pip that a requirements file holds: `--index-url` and its value, where it has one. */
export type RequirementOption = RequirementLine & { readonly name: string; readonly value: string };

/** A file that is included cannot be read. `reason` completes a sentence about it; `line` is the one that names it. */
export class IncludeError extends Error {
  override readonly name = 'IncludeError';
  readonly line: RequirementLine;
  readonly reason: string;

  constructor(line: RequirementLine, reason: string) {
    super(reason);
    this.line = line;
    this.reason = reason;
  }
}

/** No module needs more, and each is read whenever the module is looked at. */
const FILES_LIMIT = 50;
const LINES_LIMIT = 5000;

/**
 * Reads a requirements file and those that it includes, each once and all in the module's folder.
 *
 * @throws IncludeError of an included file; of the file itself as `readOwnText`.
 */
export async function readRequirementFiles(
  folder: string,
  file: string,
): Promise<ReadRequirementFiles> {
  const found = { lines: [], constraints: [], options: [], files: [] };
  await readInto(found, { folder, file, text: await readDeclared(folder, file), as: 'lines' });
  return found;
}

type Found = {
  readonly [Part in keyof ReadRequirementFiles]: ReadRequirementFiles[Part][number][];
};
type OneFile = {
  readonly folder: string;
  readonly file: string;
  readonly text: string;
  readonly as: 'lines' | 'constraints';
};

async function readInto(found: Found, { folder, file, text, as }: OneFile): Promise<void> {
  found.files.push(file);
  for (const line of logicalLines(text, file)) {
    const option = /^(-[A-Za-z]|--[a-z-]+)[\s=]*(.*)$/.exec(line.text);
    const name = longName(option?.[1] ?? '');
    const value = option?.[2] ?? '';
    if (hidesLine(line.text)) found.lines.push({ ...line, hashes: '' });
    else if (name === '--requirement' || name === '--constraint') {
      const other = resolve(dirname(file), value);
      if (found.files.includes(other)) continue;
      if (found.files.length >= FILES_LIMIT) throw new IncludeError(line, 'is one of too many');
      const kind = name === '--constraint' ? 'constraints' : as;
      await readInto(found, {
        folder,
        file: other,
        text: await include(line, folder, other),
        as: kind,
      });
    } else if (option && name !== '--editable') found.options.push({ ...line, name, value });
    else if (as === 'constraints') found.constraints.push(line);
    else found.lines.push(withoutHashes(line));
    const count = found.lines.length + found.constraints.length + found.options.length;
    if (count > LINES_LIMIT) throw new IncludeError(line, 'has too many lines');
  }
}

/** What an included file holds is never told: it may be another's. */
async function include(line: RequirementLine, folder: string, file: string): Promise<string> {
  // Without a look at it, links or not: a name that leads out is refused whether there is a file or none.
  if (relative(folder, file).startsWith('..')) {
    throw new IncludeError(line, "lies outside of the module's folder");
  }
  return readDeclared(folder, file).catch((error: unknown) => {
    throw new IncludeError(line, whyUnread(error));
  });
}

type Begun = Omit<RequirementLine, 'file'>;

/** Lines without comments, those that a backslash continues as one. */
function logicalLines(text: string, file: string): RequirementLine[] {
  const lines: RequirementLine[] = [];
  let begun: Begun | null = null;
  for (const [index, raw] of text.split('\n').entries()) {
    const column = raw.length - raw.trimStart().length + 1;
    const content = raw.replace(/(^|\s)#.*$/, '').trim();
    const isContinued = content.endsWith('\\');
    const piece = isContinued ? content.slice(0, -1).trim() : content;
    const first: Begun = begun ?? { text: '', place: { line: index + 1, column } };
    const whole = `${first.text} ${piece}`.trim();
    begun = isContinued ? { ...first, text: whole } : null;
    if (!begun && whole !== '') lines.push({ ...first, text: whole, file });
  }
  return lines;
}

function withoutHashes(line: RequirementLine): RequirementLine & { readonly hashes: string } {
  const at = line.text.search(/\s--[a-z]/);
  if (at === -1) return { ...line, hashes: '' };
  const hashes = line.text.slice(at).match(/--hash[= ]\w+:[0-9a-f]+/gi) ?? [];
  return { ...line, text: line.text.slice(0, at).trim(), hashes: hashes.join(' ') };
}

const longNames: ReadonlyMap<string, string> = new Map([
  ['-r', '--requirement'],
  ['-c', '--constraint'],
  ['-e', '--editable'],
  ['-i', '--index-url'],
  ['--pypi-url', '--index-url'],
  ['-f', '--find-links'],
]);

function longName(name: string): string {
  return longNames.get(name) ?? name;
}
