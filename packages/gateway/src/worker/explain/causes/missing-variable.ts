import type { Finding } from '../../../protocol/diagnostics.ts';
import { shownPath } from '../../load/local-files.ts';
import { ownFrame } from '../code-place.ts';
import { type FailureContext, locate } from '../failure-context.ts';

/** Words of messages about variables, and about values that are not there. */
const aboutNothing =
  /\benv|not set|must be|missing|required|provide|undefined|\bnull\b|invalid url|api.?key|credential|expected/i;

/** A finding for a failure that comes of a variable which is not set; null for any other. */
export function explainMissingVariable(error: unknown, context: FailureContext): Finding | null {
  const { load, projectRoot, sources, env } = context;
  if (!(error instanceof Error) || !aboutNothing.test(error.message)) return null;
  const frame = ownFrame(error);
  const file = frame?.file ?? load.entry;
  const text = readable(() => sources.peek(file));
  const isUnset = (name: string) => !env[name];
  const read = readNames(text);
  const said = error.message.match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g) ?? [];
  const name =
    said.find(
      (each) => isUnset(each) && (text.includes(each) || /\benv|\bset\b/i.test(error.message)),
    ) ?? (frame ? namesAround(text, frame.line, read).find(isUnset) : undefined);
  if (name === undefined) return null;
  const where = shownPath(load.folder, projectRoot);
  return {
    stage: 'load',
    code: 'missing_variable',
    severity: 'error',
    message: `${shownPath(file, projectRoot)} needs the environment variable \`${name}\`, which is not set.`,
    ...locate(file, frame, sources),
    hint: `Write \`${name}=…\` into ${where}/.env.`,
  };
}

const variable = /\bprocess\.env(?:\.([A-Z][A-Z0-9_]*)|\[\s*['"]([A-Z][A-Z0-9_]*)['"]\s*\])/g;

/** Variables that a text reads, by the names they are given to. */
function readNames(text: string): ReadonlyMap<string, string> {
  const given = new RegExp(`\\b(\\w+)\\s*(?::\\s*\\w+\\s*)?=\\s*${variable.source}`, 'g');
  return new Map(
    [...text.matchAll(given)].map(([, to = '', dotted, quoted]) => [to, dotted ?? quoted ?? '']),
  );
}

/** Variables that the statement at a line reads, by itself, through a name, or in the condition above a `throw`. */
function namesAround(text: string, line: number, given: ReadonlyMap<string, string>): string[] {
  const lines = text.split('\n');
  const from = /^\s*throw\b/.test(lines[line - 1] ?? '') ? Math.max(0, line - 3) : line - 1;
  const rest = lines.slice(line - 1, line + 9).join('\n');
  const statement = lines.slice(from, line - 1).join('\n') + (/^[^;]*;?/.exec(rest)?.[0] ?? '');
  const read = [...statement.matchAll(variable)].map(
    ([, dotted, quoted]) => dotted ?? quoted ?? '',
  );
  const named = [...given].filter(([name]) => new RegExp(`\\b${name}\\b`).test(statement));
  return [...read, ...named.map(([, each]) => each)];
}

function readable(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
