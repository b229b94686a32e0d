import type { Finding } from '../protocol/diagnostics.ts';
import type { RunContext } from '../protocol/run.ts';
import { isClass } from './agent-shape.ts';
import { type Place, placeOf } from './explain/code-place.ts';
import type { AgentSource } from './explain/unfit-agents.ts';
import type { TopLevel } from './load/choose-agent.ts';
import type { LoadedModule, RunRequest } from './loaded-module.ts';
import { fieldsOf } from './sdk.ts';

type Make = NonNullable<LoadedModule['makeContext']>;

/**
 * What makes the context of a run: what `__gateway__.context` is, a class to make an object of or a function, which may be
 * async; without it, the file's own class that its agent names, `new Agent<Visitor>(…)`, where it asks for nothing that
 * no request brings. Null where there is none.
 */
export function contextMaker(metadata: unknown, topLevel?: TopLevel): Make | null {
  const { context } = fieldsOf(metadata);
  if (typeof context !== 'function') {
    return context === undefined && topLevel ? ownMaker(topLevel) : null;
  }
  return isClass(context)
    ? (request: RunContext) => Reflect.construct(context, [request])
    : (request: RunContext) => Reflect.apply(context, undefined, [request]);
}

/** What every request brings. Of what callers send in `metadata`, nothing is taken by itself. */
const brought: readonly string[] = ['request_id', 'run_id', 'key', 'user', 'metadata', 'model_id'];

function ownMaker({ values, facts }: TopLevel): Make | null {
  const { typeName } = facts.context;
  const type = typeName === null ? undefined : values[typeName];
  if (typeof type !== 'function' || !isClass(type)) return null;
  const { names, needed } = constructorOf(type);
  const isWhole = needed === 1 && /^(request|context)$/.test(names[0] ?? '');
  if (isWhole) return (request: RunContext) => Reflect.construct(type, [request]);
  if (!names.slice(0, needed).every((name) => brought.includes(name))) return null;
  return (request: RunContext) => {
    const given = names.map((name) =>
      brought.includes(name) ? fieldsOf(request)[name] : undefined,
    );
    return Reflect.construct(type, given);
  };
}

/** Names of the parameters, and how many of them have no default. */
function constructorOf(type: { readonly length: number }): { names: string[]; needed: number } {
  const list = /\bconstructor\s*\(([^)]*)\)/.exec(Function.prototype.toString.call(type))?.[1];
  const names = (list ?? '').split(',').map((each) => /^\s*(\w*)/.exec(each)?.[1] ?? '');
  return { names: names.filter(Boolean), needed: type.length };
}

/** The context of one run, as instructions and tools get it. Throws what the module's own code throws. */
export async function contextOf(
  { makeContext }: Pick<LoadedModule, 'makeContext'>,
  { context }: Pick<RunRequest, 'context'>,
): Promise<unknown> {
  return makeContext ? await makeContext(context) : context;
}

/**
 * For a module that serves an agent: warns where `__gateway__.context` cannot make a context, and where it is missing: the
 * file gives its own runs a context that no request brings, or reads what no request brings.
 */
export function findContextTrouble(metadata: unknown, source: AgentSource): Finding[] {
  const { topLevel, entry } = source;
  const { context } = fieldsOf(metadata);
  if (typeof context === 'function') return [];
  if (context !== undefined) {
    const message = '`__gateway__.context` is no class or function, so it is ignored.';
    const place = placeOf(entry.text, /(?<=\b__gateway__\b[^;]*?)\bcontext\b/);
    return [warning('bad_metadata', { message, file: entry.file, place, hint: makerHint('…') })];
  }
  if (!/\bcontext\b/.test(entry.text) || ownMaker(topLevel)) return [];
  const run = topLevel.facts.runs.find(({ givesContext }) => givesContext);
  const reads = topLevel.facts.context.reads.filter(({ name }) => !brought.includes(name));
  const [read] = reads;
  const place = run ?? read;
  if (!place) return [];
  const what = run
    ? 'runs an agent with a context of its own, which no request brings'
    : `reads \`${read?.name}\` of the run's context, which no request brings`;
  const message = `Line ${place.line} ${what}: \`context\` is \`{ ${brought.join(', ')} }\` here.`;
  const names = [...new Set(reads.map(({ name }) => `${name}: …`))];
  const hint = makerHint(names.length > 0 ? names.join(', ') : '…');
  return [warning('context_not_given', { message, file: entry.file, place, hint })];
}

function warning(
  code: string,
  about: { message: string; file: string; place: Place | null; hint: string },
): Finding {
  const { message, file, place, hint } = about;
  const where = place ? { line: place.line, column: place.column } : {};
  return {
    stage: 'metadata',
    code,
    severity: 'warning',
    message,
    file,
    ...where,
    hint,
  };
}

function makerHint(fields: string): string {
  return `Make it of the request: \`export const __gateway__ = { context: (request) => ({ ${fields} }) };\`.`;
}
