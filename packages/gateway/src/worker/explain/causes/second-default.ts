import type { Finding } from '../../../protocol/diagnostics.ts';
import { nodesOf, parseSource } from '../../facts/syntax.ts';
import { isLocalPath, shownPath } from '../../load/local-files.ts';
import type { Place } from '../code-place.ts';
import { type FailureContext, locate } from '../failure-context.ts';

/** A finding for a file with two default exports; null for any other failure. */
export function explainSecondDefault(error: unknown, context: FailureContext): Finding | null {
  const isIt =
    error instanceof SyntaxError && /already been declared|Duplicate export/.test(error.message);
  if (!isIt) return null;
  for (const { path } of context.sources.loaded()) {
    const text =
      isLocalPath(path) && /\.[cm]?[jt]sx?$/.test(path) ? context.sources.peek(path) : '';
    const offset = secondDefault(path, text);
    if (offset === null) continue;
    return {
      stage: 'load',
      code: 'syntax_error',
      severity: 'error',
      message: `${shownPath(path, context.projectRoot)} does not parse: It has two default exports`,
      ...locate(path, placeAt(text, offset), context.sources),
      hint: 'Keep one of them.',
    };
  }
  return null;
}

function secondDefault(path: string, text: string): number | null {
  const program = text === '' ? null : parseSource(path, text);
  const all = nodesOf(program?.body).filter(({ type }) => type === 'ExportDefaultDeclaration');
  const [, second] = all;
  return second?.start ?? null;
}

function placeAt(text: string, offset: number): Place {
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
