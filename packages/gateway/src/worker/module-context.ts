import type { Finding } from '../protocol/diagnostics.ts';
import type { RunContext } from '../protocol/run.ts';
import { isClass } from './agent-shape.ts';
import { type Place, placeOf } from './explain/code-place.ts';
import type { AgentSource } from './explain/unfit-agents.ts';
import type { LoadedModule, RunRequest } from './loaded-module.ts';
import { fieldsOf } from './sdk.ts';

/** What `__gateway__.context` is: a class to make an object of, or a function, which may be async; null where there is none. */
export function contextMaker(metadata: unknown): NonNullable<LoadedModule['makeContext']> | null {
  const { context } = fieldsOf(metadata);
  if (typeof context !== 'function') return null;
  return isClass(context)
    ? (request: RunContext) => Reflect.construct(context, [request])
    : (request: RunContext) => Reflect.apply(context, undefined, [request]);
}

/** The context of one run, as instructions and tools get it. Throws what the module's own code throws. */
export async function contextOf(
  { makeContext }: Pick<LoadedModule, 'makeContext'>,
  { context }: Pick<RunRequest, 'context'>,
): Promise<unknown> {
  return makeContext ? await makeContext(context) : context;
}

/**
 * For a module that serves an agent: warns where `__gateway__.context` cannot make a context, and where it is missing: the file gives its own runs a context
 * that no request brings.
 */
export function findContextTrouble(metadata: unknown, { topLevel, entry }: AgentSource): Finding[] {
  const { context } = fieldsOf(metadata);
  if (typeof context === 'function') return [];
  if (context !== undefined) {
    const message = '`__gateway__.context` is no class or function, so it is ignored.';
    const place = placeOf(entry.text, /(?<=\b__gateway__\b[^;]*?)\bcontext\b/);
    return [warning('bad_metadata', { message, file: entry.file, place })];
  }
  if (!/\bcontext\b/.test(entry.text)) return [];
  const run = topLevel.facts.runs.find(({ givesContext }) => givesContext);
  if (!run) return [];
  const message = `Line ${run.line} runs an agent with a context of its own, which no request brings: \`context\` is \`{ request_id, run_id, key, user, metadata, model_id }\` here.`;
  return [warning('context_not_given', { message, file: entry.file, place: run })];
}

function warning(
  code: string,
  { message, file, place }: { message: string; file: string; place: Place | null },
): Finding {
  const where = place ? { line: place.line, column: place.column } : {};
  return {
    stage: 'metadata',
    code,
    severity: 'warning',
    message,
    file,
    ...where,
    hint: 'Make it of the request: `export const __gateway__ = { context: (request) => ({ … }) };`.',
  };
}
