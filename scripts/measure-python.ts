import type { Sized } from './measure-code.ts';
import { lineCount, type SourceFile } from './source-files.ts';

/** Sizes of a file of Python. */
export type MeasuredPython = Sized & { readonly functions: readonly Sized[] };

/** Measures a file that the formatter has formatted: a function goes as far as what is indented below it. */
export function measurePython({ path, text }: SourceFile): MeasuredPython {
  const lines = text.split('\n');
  const functions = lines.flatMap((line, index) => {
    const indent = /^( *)(?:async )?def /.exec(line)?.[1]?.length;
    if (indent === undefined) return [];
    const length = lengthOf(lines.slice(index), indent);
    return [{ place: `${path}:${index + 1}`, lines: length }];
  });
  return { place: path, lines: lineCount(text), functions };
}

/** Lines of the function that begins with the first one. Blank lines after it are not its own. */
function lengthOf(lines: readonly string[], indent: number): number {
  let last = 0;
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const isDeeper = line.search(/\S/) > indent;
    // A long head closes at the depth where it began.
    const isHead = index === 0 || line.slice(indent).startsWith(')');
    if (!isDeeper && !isHead) break;
    last = index;
  }
  return last + 1;
}
