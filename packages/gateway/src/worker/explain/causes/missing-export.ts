import type { Finding } from '../../../protocol/diagnostics.ts';
import { nearest } from '../../../protocol/nearest.ts';
import { placeOf } from '../code-place.ts';
import { type FailureContext, localScripts, locate } from '../failure-context.ts';
import { namesBehind } from './exported-names.ts';

/** A finding for an import of a name that the other module does not export; null for any other failure. */
export function explainMissingExport(error: unknown, context: FailureContext): Finding | null {
  const missing = error instanceof SyntaxError ? parseMissingExport(error.message) : null;
  if (!missing) return null;
  const { specifier, name } = missing;
  const imported = name === 'default' ? 'import\\s+(\\w+)' : `\\b(${escapeForRegExp(name)})\\b`;
  const from = new RegExp(`${imported}[^'"]*from\\s*['"]${escapeForRegExp(specifier)}['"]`);
  const file = localScripts(context).find((path) => from.test(context.sources.peek(path)));
  const text = file === undefined ? '' : context.sources.peek(file);
  const importer = file ?? context.load.entry;
  const others = namesBehind({ specifier, importer }, context);
  const local = from.exec(text)?.[1] ?? name;
  const hint =
    name === 'default'
      ? defaultHint({ specifier, local }, others.exported)
      : nameHint({ specifier, name }, others);
  return {
    stage: 'load',
    code: 'missing_export',
    severity: 'error',
    message: `\`${specifier}\` exports no \`${name}\`.`,
    ...locate(importer, placeOf(text, from), context.sources),
    hint,
  };
}

/** Node words it one way for ES modules and another for CommonJS. */
function parseMissingExport(message: string): { specifier: string; name: string } | null {
  const match =
    /module '(?<specifier>.+)' does not provide an export named '(?<name>.+)'/.exec(message) ??
    /Named export '(?<name>.+)' not found\. The requested module '(?<specifier>.+)' is a Comm/.exec(
      message,
    );
  const { specifier, name } = match?.groups ?? {};
  return specifier !== undefined && name !== undefined ? { specifier, name } : null;
}

/** @param local - The name that the file gives to what it imports. */
function defaultHint(
  { specifier, local }: { specifier: string; local: string },
  exported: readonly string[],
): string {
  const [only] = exported.includes(local) || exported.length === 1 ? [local, ...exported] : [];
  if (only === undefined) return `Write \`import * as ${local} from '${specifier}';\`.`;
  const name = exported.includes(local) ? local : `${exported[0]} as ${local}`;
  return `Write \`import { ${name} } from '${specifier}';\`.`;
}

function nameHint(
  { specifier, name }: { specifier: string; name: string },
  { exported, unexported }: ReturnType<typeof namesBehind>,
): string {
  if (unexported.includes(name)) return `Put \`export\` before \`${name}\` in \`${specifier}\`.`;
  const near = nearestName(name, exported);
  if (near !== null) return `Did you mean \`${near}\`?`;
  return `Correct the name, or write \`import type\` (\`export type\`) if \`${name}\` is a type.`;
}

/** The name that is meant: one that is misspelt, or written as in Python (`function_tool`). */
export function nearestName(name: string, names: readonly string[]): string | null {
  const last = name.split('_').at(-1) ?? name;
  return nearest(name, names) ?? (last !== name && names.includes(last) ? last : null);
}

function escapeForRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
